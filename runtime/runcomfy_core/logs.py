"""The logger ``runcomfy``: what a program that configures logging hears of its jobs.

Rules:

- INFO: one line when a job is submitted, one when it has ended. WARNING: a job that may go on, and
  be billed, with nobody waiting for it, and a check of media that failed inside a library or in
  here. DEBUG: one line a request.
- No line holds a token, a header, an input or a body.
- Silent unless the program configures logging.
"""

from __future__ import annotations

import logging
from typing import Final

log: Final = logging.getLogger("runcomfy")
log.addHandler(logging.NullHandler())
