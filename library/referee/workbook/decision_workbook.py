"""A decision as reviewers keep it: settings, facts, models, tables, tests and changes of one workbook."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from referee.domain import CellAddress, Evaluation, ModelError
from referee.tables import DecisionTable
from referee.workbook.cell_reading import CellReading
from referee.workbook.data_dictionary import DataDictionary

if TYPE_CHECKING:
    from referee.dmn import Model

Scorer = Callable[[Mapping[str, Any]], Evaluation]
"""Gives ``{label, confidence, probabilities}`` for the facts of a case, or null with a diagnostic."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The Decision sheet, in the order of its lines.

    ``case_id`` is the fact that identifies a case; dates are the first and last day in force.
    """

    name: str
    version: str
    owner: str
    purpose: str
    case_id: str
    route_table: str
    doubt_queue: str
    effective_from: datetime.date | None = None
    effective_to: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class ModelDefinition:
    """A line of the Models sheet. An empty ``version`` accepts the version that the model's card states.

    ``if_unavailable`` says what happens without the model: ``human`` (the rules go on, and cases that need its score go
    to people) or ``stop`` (no case is decided). ``contributions`` is ``always`` where each score has to tell what
    pushed it, and empty where that is told only when a case is shown or handed over.
    """

    node: str
    folder: str
    version: str
    facts: tuple[str, ...]
    if_unavailable: str = "human"
    contributions: str = ""
    place: CellAddress | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class WorkbookTest:
    """A line of the Tests sheet.

    ``facts`` are as a case brings them; ``scores`` stand in for the models of that name; ``expected`` holds
    FEEL values by ``route``, ``action``, ``queue``, the name of a table, or ``table.output``; ``places``
    the cells of ``expected``.
    """

    name: str
    facts: Mapping[str, Any]
    expected: Mapping[str, Any]
    scores: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))
    places: Mapping[str, CellAddress] = field(default_factory=lambda: MappingProxyType({}), compare=False)
    place: CellAddress | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the Changes sheet, as text; ``date`` as a date where it is one."""

    version: str
    date: datetime.date | None
    author: str
    approver: str
    what: str
    why: str
    place: CellAddress | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DecisionWorkbook:
    """A decision workbook without faults. ``sha256`` is of the file's bytes as they were read.

    ``readings`` tell how each cell of each table was read, in the order of the sheets. ``actions`` are the
    distinct (route, action) pairs the routing table can choose, without those to people: a bot needs
    something to do for each. ``test_columns`` are the columns of the Tests sheet from the first: kind and heading.
    ``setting_places`` are the cells of the settings, by their labels on the Decision sheet.
    """

    path: Path
    sha256: str
    settings: Settings
    dictionary: DataDictionary
    models: tuple[ModelDefinition, ...]
    tables: tuple[DecisionTable, ...]
    tests: tuple[WorkbookTest, ...]
    changes: tuple[Change, ...]
    readings: tuple[CellReading, ...]
    actions: tuple[tuple[str, str], ...]
    test_columns: tuple[tuple[str, str], ...] = ()
    setting_places: Mapping[str, CellAddress] = field(
        default_factory=lambda: MappingProxyType({}), compare=False
    )

    def table(self, name: str) -> DecisionTable:
        """The table of that name. Raises KeyError for an unknown one."""
        return {table.name: table for table in self.tables}[name]

    def model(self, scorers: Mapping[str, Scorer]) -> Model:
        """The requirements graph of the decision, with a scorer for each model node.

        A model is asked only when a table needs its score, with the facts listed for it and no others;
        protected facts are not part of the graph. Raises ModelError where a node has no scorer.
        """

        from referee.dmn import DecisionNode, External, InputData, Model, TableLogic

        missing = [definition.node for definition in self.models if definition.node not in scorers]
        if missing:
            raise ModelError(f"{self.path}: no model is given for {', '.join(missing)}")
        inputs = [
            InputData(fact.name, fact.type, fact.place)
            for fact in self.dictionary.facts
            if not fact.protected
        ]
        nodes = [
            DecisionNode(
                definition.node, External(scorers[definition.node], definition.facts), place=definition.place
            )
            for definition in self.models
        ]
        tables = [DecisionNode(table.name, TableLogic(table), place=table.place) for table in self.tables]
        return Model.build(self.settings.name, inputs=inputs, decisions=[*nodes, *tables])
