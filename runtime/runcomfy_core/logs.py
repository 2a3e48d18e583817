"""The logger ``runcomfy``, which reports on jobs to a program that configures logging.

Rules:

- INFO has one line when a job is submitted, and one when it has ended. WARNING has jobs that may go
  on, and be billed, while nobody waits for them, and media checks that failed inside a library or
  this package. DEBUG has one line for each request.
- No line holds a token, a header, an input or a body.
- Nothing is printed unless the program configures logging.
"""

from __future__ import annotations

import logging
from typing import Final

log: Final = logging.getLogger("runcomfy")
log.addHandler(logging.NullHandler())
