"""Past cases from a file, read by a data dictionary where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from referee.domain import Case

if TYPE_CHECKING:
    from referee.scoring.past_columns import DeclaredFact
    from referee.workbook import DecisionWorkbook


def read_past_cases(
    path: Path,
    sheet: str,
    workbook: DecisionWorkbook | None,
    watched: Callable[[Iterable[Case], int], Iterable[Case]],
) -> tuple[list[Case], list[str]]:
    """The rows of the file, each known by its place, and what is wrong with their facts.

    With a workbook its facts are read as for a decision, so what would be doubt there is a fault here; protected facts
    and undeclared columns stay as they are. ``watched`` shows progress.
    """
    from referee.workbook import UnreadableCell, read_case_list

    rows = list(read_case_list(path, sheet, None).cases)
    faults: list[str] = []
    read = []
    dictionary = workbook.dictionary if workbook is not None else None
    columns = set(rows[0].facts)
    for row in watched(rows, len(rows)):
        facts = dict(row.facts)
        if dictionary is not None:
            known, diagnostics = dictionary.check(facts)
            # A fact that the file hasn't at all is no fault of the row: it is simply no feature.
            faults += [
                f"{row.id}: {each.message}"
                for each in diagnostics
                if not (each.code == "fact-missing" and "is missing" in each.message)
            ]
            facts |= {name: value for name, value in known.items() if name in columns}
        for name, value in facts.items():
            if isinstance(value, UnreadableCell):
                if dictionary is None:
                    faults.append(f"{row.id}: `{name}` {value.reason}")
                facts[name] = None
        read.append(Case(row.id, facts, row.place))
    return read, faults


def declared_facts(workbook: DecisionWorkbook | None) -> dict[str, DeclaredFact]:
    """What the workbook's data dictionary says of each fact."""
    from referee.scoring.past_columns import DeclaredFact

    if workbook is None:
        return {}
    return {
        fact.name: DeclaredFact(fact.type, fact.required, fact.protected, fact.description)
        for fact in workbook.dictionary.facts
    }


def facts_of_model(workbook: DecisionWorkbook | None, name: str) -> Sequence[str]:
    """The facts that the Models sheet gives to the model of this name; none where it doesn't name it."""
    if workbook is None:
        return ()
    return next((tuple(model.facts) for model in workbook.models if model.folder == name), ())


def open_workbook(path: Path | None) -> DecisionWorkbook | None:
    """The decision workbook, if one is given."""
    if path is None:
        return None
    from referee.workbook import read_workbook

    return read_workbook(path)
