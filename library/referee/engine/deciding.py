"""From the facts of a case to its decision: the one way, whether a bot acts on it or somebody only asks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from referee.dmn import Model
from referee.domain import Case, Decision, Diagnostic, Versions
from referee.routing import route_case
from referee.workbook import DecisionWorkbook
from referee.workbook.cell_value import exact_number, one_line, written

Reading = tuple[Mapping[str, Any], Sequence[Diagnostic]]
"""What the data dictionary makes of a case: its facts as FEEL values, and what is wrong with them."""

REFUSED_SCORE = "score-"
"""What codes of diagnostics begin with that say why there is no score."""

MISSING_FOR_SCORE = "score-fact-missing"

LONGEST_FOUND = 200
"""Characters kept of a fact that could not be used."""


def decided(
    workbook: DecisionWorkbook,
    model: Model,
    case: Case,
    versions: Versions,
    doubts: Iterable[Diagnostic] = (),
    read: Reading | None = None,
) -> Decision:
    """The decision about a case, written nowhere. ``doubts`` of the caller count like those of the rules; ``read``
    stands for reading the facts.
    """
    facts, diagnostics = workbook.dictionary.check(case.facts) if read is None else read
    protected = workbook.dictionary.protected
    evaluation = model.evaluate(
        workbook.settings.route_table, {name: value for name, value in facts.items() if name not in protected}
    )
    beforehand = (*doubts, *diagnostics)
    unusable = {name for name, value in facts.items() if value is None and _found(case, name) is not None}
    found = [each for each in evaluation.diagnostics if not _is_said_missing(each, unusable)]
    noticed = (*beforehand, *found)
    refused = [each for each in found if each.is_doubt and each.code.startswith(REFUSED_SCORE)]
    # A doubtful fact makes models and tables complain too, and a refused score tables; the person who reviews the case
    # needs the cause alone. The record has them all.
    reasons: Sequence[Diagnostic] = noticed
    if any(diagnostic.is_doubt for diagnostic in beforehand):
        reasons = beforehand
    elif refused:
        reasons = (*beforehand, *refused)
    routing = route_case(evaluation.value, reasons, doubt_queue=workbook.settings.doubt_queue)
    return Decision(
        case_id=case.id,
        route=routing.route,
        action=routing.action,
        queue=routing.queue,
        reasons=routing.reasons,
        facts={name: _found(case, name) if value is None else value for name, value in facts.items()},
        outputs=evaluation.value if isinstance(evaluation.value, Mapping) else {},
        trace=tuple(evaluation.trace),
        diagnostics=tuple(dict.fromkeys(noticed)),
        versions=versions,
    )


def _is_said_missing(diagnostic: Diagnostic, unusable: Collection[str]) -> bool:
    """Whether a model misses a fact that is there, though it could not be used: that is told already."""
    return diagnostic.code == MISSING_FOR_SCORE and any(
        diagnostic.message.startswith(f"`{name}` ") for name in unusable
    )


def given(case: Case, name: str) -> Any:
    """What a case says of a fact, whose name may come with other spaces."""
    if name in case.facts:
        return case.facts[name]
    return next((value for found, value in case.facts.items() if one_line(str(found)) == name), None)


def _found(case: Case, name: str) -> Any:
    """A fact that could not be used, as it was found: people and a later run need to see it."""
    value = given(case, name)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number = exact_number(value)
        if number.is_finite() and len(number.as_tuple().digits) <= LONGEST_FOUND:
            return number
    text = "" if value is None else written(value).strip()[:LONGEST_FOUND]
    return text or None
