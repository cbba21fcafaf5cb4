"""Everything that can be told about a decision before its first case: faults of the file, proofs of its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from referee.domain import Diagnostic, InputError, ModelError, RulesError

if TYPE_CHECKING:
    from referee.checks import Budget, TableReport
    from referee.scoring import Model
    from referee.tables import DecisionTable
    from referee.workbook import DecisionWorkbook

Watch = Callable[[Sequence["DecisionTable"], str], Iterable["DecisionTable"]]
"""Passes on the tables, and may show how many are done."""


@dataclass(slots=True)
class WorkbookReport:
    """A workbook with its faults, and what was found about each of its tables where it can be read.

    ``checked`` are the tables themselves, by name.
    """

    path: Path
    faults: list[Diagnostic] = field(default_factory=list)
    tables: list[TableReport] = field(default_factory=list)
    checked: dict[str, DecisionTable] = field(default_factory=dict)

    def add(self, found: TableReport, table: DecisionTable) -> None:
        self.tables.append(found)
        self.checked[found.table] = table

    @property
    def must_be_mended(self) -> bool:
        return bool(self.faults) or any(table.must_be_mended for table in self.tables)


def check_workbook(path: Path, models: Path, budget: Budget, watch: Watch) -> WorkbookReport:
    """The faults of a workbook or DMN file and, where it can be read, the proofs of its tables.

    Each table may take its share of what is left of the budget.
    """
    from referee.checks import check_table, protected_facts
    from referee.cli.table_inputs import scope_names, table_inputs
    from referee.dmn import read_model
    from referee.scoring import ModelStore
    from referee.workbook import read_workbook

    report = WorkbookReport(path)
    try:
        if path.suffix.casefold() == ".dmn":
            if not path.is_file():
                raise InputError(f"{path}: there is no such file; check its name")
            read_model(path).check()
            _check_model(report, budget, watch)
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
    report.faults += [
        Diagnostic(found.code, found.message, place=found.places[0] if found.places else None)
        for found in protected_facts(
            workbook.tables,
            {node: model.features for node, model in loaded.items()},
            workbook.dictionary.protected,
            workbook.settings.route_table,
            scope_names(workbook),
        )
    ]
    inputs, names = table_inputs(workbook, loaded), scope_names(workbook)
    for done, table in enumerate(watch(workbook.tables, f"proving {path.name}")):
        share = budget.share(1 / (len(workbook.tables) - done))
        found = check_table(table, inputs, names=names, others=workbook.tables, budget=share)
        if table.name == workbook.settings.route_table:
            found = _with_unused_facts(_with_models(found, workbook, loaded, models), workbook, loaded)
        report.add(found, table)
    return report


def _with_models(
    found: TableReport, workbook: DecisionWorkbook, loaded: Mapping[str, Model], models: Path
) -> TableReport:
    """With what is told of the models: who approved each, as far as this machine can tell, where the workbook and
    a card don't fit, and which guarantee of a card backs what is decided by a score."""
    from referee.checks import Finding
    from referee.engine.approvals import told_approvals
    from referee.engine.guarantees import told_guarantees
    from referee.engine.model_facts import told_misfits
    from referee.scoring import ModelStore

    told = told_approvals(workbook, loaded, ModelStore(models))
    cards = {node: model.card for node, model in loaded.items()}
    told += told_misfits(workbook, cards)
    told += told_guarantees(workbook, cards)
    hints = [
        Finding(each.code, each.severity, each.message, found.table, (each.place,) if each.place else ())
        for each in told
    ]
    return replace(found, findings=(*found.findings, *hints))


def _with_unused_facts(
    found: TableReport, workbook: DecisionWorkbook, loaded: Mapping[str, Model]
) -> TableReport:
    """With a hint for each fact that decides nothing; the case id isn't meant to, and protected facts mustn't."""
    from referee.checks import unused_facts
    from referee.cli.table_inputs import scope_names

    facts = [
        fact
        for fact in workbook.dictionary.facts
        if not fact.protected and fact.name != workbook.settings.case_id
    ]
    # a model that can't be read still has its facts written in the workbook
    models = [
        *(definition.facts for definition in workbook.models),
        *(model.features for model in loaded.values()),
    ]
    hints = unused_facts(
        {fact.name: fact.place for fact in facts},
        {fact.name for fact in facts if fact.required},
        workbook.tables,
        models,
        scope_names(workbook),
        found.table,
    )
    return replace(found, findings=(*found.findings, *hints))


def _check_model(report: WorkbookReport, budget: Budget, watch: Watch) -> None:
    """Proves the tables of a DMN file."""
    from referee.checks import check_table
    from referee.cli.model_tables import model_tables
    from referee.dmn.reader import read_definitions

    found = {id(each.table): each for each in model_tables(read_definitions(report.path))}
    tables = [each.table for each in found.values()]
    decisions = [each.table for each in found.values() if each.is_decision]
    for done, table in enumerate(watch(tables, f"proving {report.path.name}")):
        share = budget.share(1 / (len(tables) - done))
        inputs, names = found[id(table)].inputs, found[id(table)].names
        others = decisions if found[id(table)].is_decision else ()
        report.add(check_table(table, inputs, names=names, others=others, budget=share), table)
