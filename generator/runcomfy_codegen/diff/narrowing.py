"""The search for a proof that each value which fits one schema fits another.

Rules:

- Yes is a proof. No means only that no proof was found; cases that would need a deeper search
  (rules that contradict each other, alternatives that overlap) are not examined.
- Each keyword of the second schema must follow (follows.py) from the facts of the first schema as a
  whole (facts.py), or else from the facts of each of its alternatives.
- A question that comes up again through a reference is assumed to be proved. Each turn goes deeper
  into a finite value (references.py), so this is an induction.
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

# How deep a proof may go, how many questions it may take, and how many characters of schema text
# count as one question. A longer proof is not found.
_DEPTH = 60
_QUESTIONS = 30_000
_CHARACTERS = 1_000


class Narrowing:
    """A search for proofs that nothing was narrowed. The module's docstring has the rules."""

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
        """Tell whether *test* succeeds for *old* as a whole, or for each of its cases."""
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
    """Yield the cases of *part*, its alternatives or types: each value that fits it fits a case."""
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
