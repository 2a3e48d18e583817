"""Benchmarks of the generator and the client, side by side with their peers.

``make bench`` runs them in a separate environment, with the peers at the versions that
``requirements.txt`` pins, and writes ``RESULTS.md`` and ``charts/``.

Rules:

- A benchmark is not a test, so nothing fails because it is slow. It fails if a contender doesn't do
  the same as the others, because the comparison would then be false.
- Contenders take turns, sample by sample, so that all share the machine's noise. The result is the
  median, with the quartiles.
- Peers run as their own docs recommend, with their best settings, which their notes state.
- Separate processes are measured by CPU time, which other load on the machine affects less.
- The network is 127.0.0.1, and every process that is started is ended.
"""
