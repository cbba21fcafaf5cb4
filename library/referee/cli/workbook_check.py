"""Everything that can be told about a decision before its first case: faults of the file, proofs of its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from referee.domain import Diagnostic, ModelError, RulesError

if TYPE_CHECKING:
    from referee.checks import Budget, TableReport
    from referee.scoring import Model
    from referee.tables import DecisionTable

Watch = Callable[[Sequence["DecisionTable"], str], Iterable["DecisionTable"]]
"""Passes on the tables, and may show how many are done."""


@dataclass(slots=True)
class WorkbookReport:
    """A workbook with its faults, or else with what was found about each of its tables."""

    path: Path
    faults: list[Diagnostic] = field(default_factory=list)
    tables: list[TableReport] = field(default_factory=list)

    @property
    def must_be_mended(self) -> bool:
        return bool(self.faults) or any(table.must_be_mended for table in self.tables)


def check_workbook(path: Path, models: Path, budget: Budget, watch: Watch) -> WorkbookReport:
    """The faults of a workbook or DMN file; where it has none, the proofs of its tables. Each table may take its share
    of what is left of the budget.
    """
    from referee.checks import check_table
    from referee.cli.table_inputs import scope_names, table_inputs
    from referee.dmn import read_model
    from referee.scoring import ModelStore
    from referee.workbook import read_workbook

    report = WorkbookReport(path)
    try:
        if path.suffix.casefold() == ".dmn":
            read_model(path).check()
            return report
        workbook = read_workbook(path)
    except RulesError as error:
        report.faults.extend(error.faults)
        return report
    loaded: dict[str, Model] = {}
    for definition in workbook.models:
        try:
            loaded[definition.node] = ModelStore(models).load(definition.folder, definition.version)
        except ModelError as error:
            report.faults.append(Diagnostic("model", str(error), place=definition.place))
    inputs, names = table_inputs(workbook, loaded), scope_names(workbook)
    for done, table in enumerate(watch(workbook.tables, f"proving {path.name}")):
        share = budget.share(1 / (len(workbook.tables) - done))
        report.tables.append(check_table(table, inputs, names=names, budget=share))
    return report
