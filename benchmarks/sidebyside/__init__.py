"""Measures the generator and the client side by side with their peers.

``make bench`` runs it in an environment of its own, with the peers at the versions that
``requirements.txt`` pins, and writes ``RESULTS.md`` and ``charts/``.

Rules:

- A benchmark is no test: nothing fails because it is slow. It fails if a contender does not do what
  the others do, for then the comparison would be false.
- Contenders take turns, sample by sample, so that all share the machine's noise. What is reported
  is the median, with the quartiles.
- Peers run as their own docs say, at their best settings; the note of each says which.
- CPU time where a process of its own is measured: it is hurt less by what else the machine does.
- The network is 127.0.0.1, and each process that is started is ended.
"""
