"""The journal: every submission on disk, from before its POST until its result is there.

Its modules, each importing only from those above it:

- ``faults``: what goes wrong, in words
- ``place``: where the journal of a user stands
- ``privacy``: whether its files are the user's alone
- ``texts``: inputs and results as the texts that are stored
- ``entries``: a submission as the journal knows it
- ``claims``: which submission answers for an input
- ``sessions``: which of the processes that write are alive
- ``schema``: the tables
- ``table``: their rows; all SQL about entries
- ``upgrade``: what format 1 held, in the present one
- ``database``: the file: made, opened, recognised
- ``forks``: what happens to open journals when a process forks
- ``store``: one connection for all threads; writes, in order, several in one transaction
- ``reader``: entries, read one at a time
- ``pruning``: what a journal may forget
- ``journal``: the interface
"""

from __future__ import annotations

from runcomfy_core.errors import JournalError, JournalWarning

from .entries import Ending, Entry, State
from .journal import Journal
from .texts import digest, wire_input

__all__ = [
    "Ending",
    "Entry",
    "Journal",
    "JournalError",
    "JournalWarning",
    "State",
    "digest",
    "wire_input",
]
