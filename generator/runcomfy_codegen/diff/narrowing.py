"""Whether it can be shown that each value which fits one schema fits another.

Rules:

- Yes is a proof. No means only that none was found: what would need a search (rules that rule each
  other out, alternatives that overlap) is not looked into.
- Each keyword of the second schema must follow (follows.py) from what the first says as a whole
  (facts.py); if not, from each of the first's alternatives.
- What a reference leads back to is taken for shown: each turn goes deeper into a finite value
  (references.py), so this is an induction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .canonical import forget, schema_text
from .facts import Part, facts_of, joined
from .follows import TESTS, Question, same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .facts import Facts
    from .follows import Test

# How deep a proof may go, and how many questions it may take; a longer one is not found. A question
# about long schemas counts as several: one for so many characters.
_DEPTH = 60
_QUESTIONS = 30_000
_CHARACTERS = 1_000


class Narrowing:
    """A search for proofs that nothing was narrowed; see the module."""

    def __init__(self) -> None:
        forget()
        self._assumed: set[tuple[str, str, int, int]] = set()
        self._asked = 0

    def keeps(self, old: Part, new: Part) -> bool:
        """Tell whether each value that fits *old* can be shown to fit *new*."""
        if self._asked > _QUESTIONS:
            return False
        if same(old, new):
            return True
        key = (schema_text(old.schema), schema_text(new.schema), id(old.root), id(new.root))
        self._asked += 1 + (len(key[0]) + len(key[1])) // _CHARACTERS
        if key in self._assumed:
            return True
        if len(self._assumed) >= _DEPTH:
            return False
        self._assumed.add(key)
        try:
            return self._follows(old, new)
        finally:
            self._assumed.discard(key)

    def _follows(self, old: Part, new: Part) -> bool:
        known, asked = facts_of(old), facts_of(new)
        if known.nothing or asked.nothing:
            return known.nothing
        return all(
            any(same(Part(one, old.root), Part(schema, new.root)) for one in known.schemas)
            or all(self._shown(test, known, old, Part(schema, new.root)) for test in TESTS)
            for schema in asked.schemas
        )

    def _shown(self, test: Test, known: Facts, old: Part, new: Part) -> bool:
        """Tell whether *test* succeeds for *old*, or else for each of its cases."""
        self._asked += 1
        if self._asked > _QUESTIONS:
            return False
        if known.nothing or test(Question(known, old, new, self.keeps)):
            return True
        has_cases = False
        for one in _cases(old):
            has_cases = True
            if not self._shown(test, facts_of(one), one, new):
                return False
        return has_cases


def _cases(part: Part) -> Iterator[Part]:
    """Yield schemas of which each value that fits *part* fits one: its alternatives, or types."""
    schema = part.schema
    if not isinstance(schema, dict):
        return
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            rest = {key: value for key, value in schema.items() if key != keyword}
            yield from (Part(joined([one, rest]), part.root) for one in schema[keyword])
            return
    if isinstance(types := schema.get("type"), list) and len(types) > 1:
        yield from (Part({**schema, "type": one}, part.root) for one in types)
