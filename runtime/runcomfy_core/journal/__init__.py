"""The journal: a record of every submission on disk, from before its POST until its result.

Each module imports only from modules above it in this list:

- ``faults``: what can go wrong, in words
- ``place``: the path of the user's journal
- ``privacy``: whether the files belong to the user alone
- ``texts``: inputs and results as the texts that are stored
- ``entries``: a submission as the journal knows it
- ``claims``: which submission answers for an input
- ``sessions``: which of the writing processes are alive
- ``schema``: the table and its indexes
- ``table``: the rows, and all SQL about entries
- ``upgrade``: the conversion of format 1 to the present format
- ``database``: creating, opening and recognizing the file
- ``forks``: what happens to open journals when a process forks
- ``store``: one connection for all threads, and writes in order
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
