"""Facts that cases must bring, or may, though nothing that decides looks at them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from referee.checks.cell_logic import names_in
from referee.checks.finding import Finding
from referee.checks.whole_decision import cells_of
from referee.domain import Place, Severity
from referee.feel import FeelSyntaxError, Names, parse_expression, parse_unary_tests
from referee.tables import DecisionTable


def unused_facts(
    facts: Mapping[str, Place | None],
    required: Collection[str],
    tables: Sequence[DecisionTable],
    models: Iterable[Iterable[str]],
    names: Iterable[str],
    decision: str,
) -> Iterator[Finding]:
    """A hint for each of the facts that no table and no model uses.

    ``facts`` are those that may be used, with their places, ``models`` the facts of each model. ``names`` are all names
    that cells may use.
    """
    parsing = Names(names)
    used = {fact for model in models for fact in model}
    seen: set[tuple[str, bool]] = set()
    for table in tables:
        for cell, is_test in cells_of(table):
            if (cell.text, is_test) in seen:
                continue
            seen.add((cell.text, is_test))
            try:
                used |= names_in((parse_unary_tests if is_test else parse_expression)(cell.text, parsing))
            except FeelSyntaxError:
                continue
    for name, place in facts.items():
        if name not in used:
            message = f"no table and no model uses the fact `{name}`; delete it, if nobody reads it either"
            if name in required:
                message = (
                    f"no table and no model uses the fact `{name}`, but a case without it goes to people; let it be "
                    "optional, or delete it"
                )
            places = (place,) if place is not None else ()
            yield Finding("unused-fact", Severity.INFO, message, decision, places)
