"""A DMN model as a decision workbook: what a workbook can hold, and every reason why it can't."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from referee.audit.sensitive import HASH
from referee.dmn import (
    DecisionNode,
    DecisionService,
    Definitions,
    InputData,
    ItemDefinition,
    TableLogic,
)
from referee.domain import CellAddress, Diagnostic, Place, RulesError
from referee.feel.fault import Fault
from referee.tables import CellText, DecisionTable, HitPolicy, InputClause, OutputClause, Rule
from referee.workbook.authoring import WorkbookDraft
from referee.workbook.cell_place import column_letters
from referee.workbook.data_dictionary import FACT_TYPES, FactDefinition
from referee.workbook.decision_workbook import ModelDefinition, Settings
from referee.workbook.definitions_of_workbook import logged_as_in, marks_in, model_in, settings_in
from referee.workbook.feel_as_typed import STRING, customary, names_in, unmistakable
from referee.workbook.logic_as_table import LogicAsTable
from referee.workbook.route_table import MAY_BE_BLANK, ROUTE_OUTPUTS
from referee.workbook.sheets import CHOICES_SHEET
from referee.workbook.table_authoring import TableDraft

CASE_ID, ROUTING, REVIEW_QUEUE = "case id", "routing", "review"
_TYPES = {
    **{name: name for name in FACT_TYPES},
    **dict.fromkeys(("integer", "int", "long", "short", "double", "float", "decimal"), "number"),
    **dict.fromkeys(("dateTime", "datetime", "dateandtime"), "date and time"),
    **dict.fromkeys(("dayTimeDuration", "daysAndTimeDuration"), "days and time duration"),
    **dict.fromkeys(("yearMonthDuration", "yearsAndMonthsDuration"), "years and months duration"),
    "bool": "boolean",
}
_SHEET_NAMES = frozenset(("decision", "facts", "models", "tests", "changes", CHOICES_SHEET.casefold()))


@dataclass(frozen=True, slots=True)
class SourceCell:
    """A cell of the source by the cell it becomes: its FEEL text, whether it is unary tests, its place."""

    text: str
    is_test: bool
    place: Place | None


@dataclass(frozen=True, slots=True)
class ImportDraft:
    """A workbook to write, the tables it is to hold, where each of its cells comes from, and what people should know.

    The outputs of the tables have the types of facts, or none where the source declares another.
    """

    draft: WorkbookDraft
    tables: tuple[DecisionTable, ...]
    cells: Mapping[tuple[str, str], SourceCell]
    notes: tuple[str, ...]


def draft_of(definitions: Definitions, rephrased: frozenset[tuple[str, str]] = frozenset()) -> ImportDraft:
    """The model as a workbook. Cells named in ``rephrased`` (sheet and cell) are written so that they have
    one reading only.

    Raises RulesError with everything that a workbook can't hold, each with its place: tables within other boxed
    expressions, functions that tables call, and facts that are structures or lists.
    """
    return _Drafting(definitions, rephrased).draft()


_MOST_DECISIONS = 200
_MOST_TOLD = 8
"""Results that an added routing table tells people."""


class _Drafting:
    def __init__(self, definitions: Definitions, rephrased: frozenset[tuple[str, str]]) -> None:
        self._definitions = definitions
        self._rephrased = rephrased
        self._types = {item.name: item for item in definitions.types}
        self._tables_of = LogicAsTable(definitions)
        self._faults = list(definitions.faults)
        self._notes: list[str] = []
        self._facts: dict[str, FactDefinition] = {}
        self._models: list[ModelDefinition] = []
        self._tables: list[DecisionTable] = []
        self._cells: dict[tuple[str, str], SourceCell] = {}
        self._sheets: set[str] = set(_SHEET_NAMES)

    def draft(self) -> ImportDraft:
        count = sum(isinstance(each, DecisionNode) for each in self._definitions.elements.values())
        if count > _MOST_DECISIONS:
            message = (
                f"the model has {count} decisions, and each would be a sheet of the workbook; nobody reads more than "
                f"{_MOST_DECISIONS}, so split it into several files"
            )
            raise RulesError(
                self._definitions.name,
                [Diagnostic("not-in-workbook", message, place=self._definitions.place)],
            )
        if self._definitions.imports:
            self._fault("no-import", "the model imports others; put all decisions into one file", None)
        for element in self._definitions.elements.values():
            if isinstance(element, InputData):
                self._fact(element.name, element.type, element.notes.description, element.place)
            elif isinstance(element, DecisionNode):
                self._decision(element)
            elif isinstance(element, DecisionService):
                self._notes.append(f"the decision service `{element.name}` has no place in a workbook")
        self._notes += self._tables_of.notes
        self._add_undeclared_facts()
        if not self._tables and not self._faults:
            self._fault("not-in-workbook", "the model has no decision table", self._definitions.place)
        if self._faults:
            raise RulesError(self._definitions.name, tuple(dict.fromkeys(self._faults)))
        settings = self._settings()
        tables = tuple(self._table(table, settings.route_table) for table in self._tables)
        draft = WorkbookDraft(settings, tuple(self._facts.values()), tables, tuple(self._models))
        meant = tuple(self._with_simple_types(table) for table in self._tables)
        return ImportDraft(draft, meant, self._cells, tuple(self._notes))

    def _fault(self, code: str, message: str, place: Place | None) -> None:
        self._faults.append(Diagnostic(code, message, place=place or self._definitions.place))

    # --- facts

    def _fact(self, name: str, type_name: str, note: str, place: Place | None) -> None:
        description, marks = marks_in(note)
        kind, allowed, problem = self._simple_type(type_name)
        if not kind and not problem:
            kind = self._used_type(name)
            if not kind:
                problem = "its type can't be told; give it one"
        if problem:
            self._fault("not-in-workbook", f"the fact `{name}`: {problem}", place)
        self._facts[name] = FactDefinition(
            name=name,
            type=kind or "string",
            allowed_values=allowed,
            required=not self._is_tested_for_null(name) if marks is None else "required" in marks,
            sensitive=bool(logged_as_in(marks)),
            logged_as=logged_as_in(marks) or HASH,
            protected=marks is not None and "protected" in marks,
            volatile=marks is not None and "volatile" in marks,
            description=description,
        )

    def _simple_type(self, name: str) -> tuple[str, str, str]:
        """The type of facts that a type reference means, its allowed values, and why it can't be one."""
        allowed: list[str] = []
        seen: set[str] = set()
        while name in self._types and name not in seen:
            seen.add(name)
            item: ItemDefinition = self._types[name]
            if item.components:
                return "", "", f"the type `{name}` is a structure; facts are single values, one for each part"
            if item.is_collection or item.function is not None:
                return "", "", f"the type `{name}` is a list or function; facts are single values"
            allowed += [cell.text for cell in (item.allowed_values, item.constraint) if cell is not None]
            name = item.type
        if name in ("", "Any"):
            return "", "", ""
        if name not in _TYPES:
            return "", "", f"the type `{name}` is none that facts can have"
        if len(allowed) > 1:
            return "", "", f"its types narrow the values {len(allowed)} times; write them in one"
        return _TYPES[name], allowed[0] if allowed else "", ""

    def _used_type(self, name: str) -> str:
        """The type that the tables say an input has."""
        found = {
            self._simple_type(clause.type)[0]
            for table in self._source_tables()
            for clause in table.inputs
            if clause.expression.text.strip() == name
        } - {""}
        return found.pop() if len(found) == 1 else ""

    def _is_tested_for_null(self, name: str) -> bool:
        return any(
            "null" in STRING.sub("", rule.inputs[index].text)
            for table in self._source_tables()
            for index, clause in enumerate(table.inputs)
            if name in clause.expression.text
            for rule in table.rules
        )

    def _source_tables(self) -> Iterator[DecisionTable]:
        for element in self._definitions.elements.values():
            if isinstance(element, DecisionNode) and isinstance(element.logic, TableLogic):
                yield element.logic.table

    def _add_undeclared_facts(self) -> None:
        """Modellers may leave out input data: names that inputs test and nothing else has are facts."""
        known = {element.name for element in self._definitions.elements.values()}
        for table in self._tables:
            for clause in table.inputs:
                for name in sorted(names_in(clause.expression.text, known) - known):
                    known.add(name)
                    kind = clause.type if clause.expression.text.strip() == name else ""
                    self._fact(name, kind, "", clause.place)

    # --- decisions

    def _decision(self, node: DecisionNode) -> None:
        if node.logic is None:
            model = model_in(node.name, node.notes.description)
            if model is not None:
                self._models.append(model)
                return
            self._notes.append(f"the decision `{node.name}` has no logic; it became a fact")
            self._fact(node.name, node.type, node.notes.description, node.place)
            return
        try:
            self._tables.append(self._tables_of.table(node, node.logic))
        except Fault as fault:
            self._fault(fault.code, fault.message, node.place)

    def _with_simple_types(self, table: DecisionTable) -> DecisionTable:
        return replace(
            table,
            inputs=tuple(replace(each, type=self._simple_type(each.type)[0]) for each in table.inputs),
            outputs=tuple(replace(each, type=self._simple_type(each.type)[0]) for each in table.outputs),
        )

    def _special_rows(self, table: DecisionTable, sheet: str) -> tuple[dict[str, str], dict[str, Any]]:
        """The rows of allowed values and of defaults, by heading."""
        values: dict[str, str] = {}
        defaults: dict[str, Any] = {}
        allowed = [clause.allowed_values for clause in table.inputs]
        for output in table.outputs:
            inherited = self._simple_type(output.type)[1]
            inherited_cell = CellText(inherited, output.place) if inherited else None
            allowed.append(output.allowed_values if output.allowed_values is not None else inherited_cell)
        headings = [*(clause.expression.text.strip() for clause in table.inputs), *_output_names(table)]
        given = [*(None for _ in table.inputs), *(output.default for output in table.outputs)]
        has_values = any(cell is not None for cell in allowed)
        for column, (heading, cell, default) in enumerate(zip(headings, allowed, given, strict=True), 2):
            if cell is not None:
                address = f"{column_letters(column)}4"
                self._cells[sheet, address] = SourceCell(cell.text, True, cell.place or table.place)
                is_doubtful = (sheet, address) in self._rephrased
                text = unmistakable(cell.text, True, self._known_names()) if is_doubtful else cell.text
                values.setdefault(heading, text)
            if default is not None:
                address = f"{column_letters(column)}{4 + has_values}"
                self._cells[sheet, address] = SourceCell(default.text, False, default.place or table.place)
                defaults[heading] = self._cell(default.text, (sheet, address), is_test=False)
        return values, defaults

    def _table(self, table: DecisionTable, route_table: str) -> TableDraft:
        sheet = self._sheet_name(table.name)
        outputs = _output_names(table)
        headings = [clause.expression.text.strip() for clause in table.inputs]
        values, defaults = self._special_rows(table, sheet)
        remarks = [*table.annotations]
        has_description = any(rule.description for rule in table.rules)
        if has_description:
            remarks.append("description")
        blank = MAY_BE_BLANK if table.name == route_table else frozenset[str]()
        sense = [*((True, False) for _ in headings), *((False, name in blank) for name in outputs)]
        first = 4 + bool(values) + bool(defaults)
        rows = []
        for index, rule in enumerate(table.rules):
            cells: list[Any] = []
            written = zip((*rule.inputs, *rule.outputs), sense, strict=True)
            for column, (cell, (is_test, may_be_blank)) in enumerate(written, 2):
                address = f"{column_letters(column)}{first + index}"
                self._cells[sheet, address] = SourceCell(cell.text, is_test, cell.place or rule.place)
                is_left_out = may_be_blank and cell.text.strip() in ("", "null")
                cells.append(None if is_left_out else self._cell(cell.text, (sheet, address), is_test))
            notes = [*rule.annotations, *[""] * (len(table.annotations) - len(rule.annotations))]
            notes += [rule.description] if has_description else []
            rows.append((*cells, *(note or None for note in notes)))
        return TableDraft(
            table.name,
            table.hit_policy,
            tuple(headings),
            outputs,
            tuple(rows),
            tuple(name or "remark" for name in remarks),
            values,
            sheet,
            defaults,
        )

    def _cell(self, text: str, address: tuple[str, str], is_test: bool) -> Any:
        if address in self._rephrased:
            return unmistakable(text, is_test, self._known_names())
        return customary(text)

    def _known_names(self) -> frozenset[str]:
        return (
            frozenset(self._facts) | {table.name for table in self._tables} | {m.node for m in self._models}
        )

    def _sheet_name(self, name: str) -> str:
        base = re.sub(r"[\[\]:*?/\\']", " ", name).strip()[:28] or "table"
        found, number = base, 1
        while found.casefold() in self._sheets:
            number += 1
            found = f"{base[:25]} {number}"
        self._sheets.add(found.casefold())
        return found

    # --- settings

    def _settings(self) -> Settings:
        told = settings_in(self._definitions.notes.description)
        names = {table.name for table in self._tables}
        if told is not None and told.route_table in names and told.case_id in self._facts:
            return replace(told, name=self._definitions.name)
        case_id = CASE_ID
        if case_id not in self._facts:
            note = "what tells one case from another"
            self._facts = {case_id: FactDefinition(case_id, "string", description=note), **self._facts}
            self._notes.append(f"the fact `{case_id}` was added; put the one that your cases have")
        route = next((table.name for table in self._tables if _can_route(table)), "")
        if not route:
            route = self._add_routing()
        return Settings(
            self._definitions.name,
            "1",
            "",
            " ".join(self._definitions.notes.description.split()),
            case_id,
            route,
            REVIEW_QUEUE,
        )

    def _add_routing(self) -> str:
        """A routing table that leaves every case to people, with what the tables found."""
        names = self._known_names()
        name = ROUTING if ROUTING not in names else "routing of cases"
        used = {
            word
            for table in self._tables
            for text in _texts(table)
            for word in names_in(text, names)
            if word != table.name
        }
        last = [table for table in self._tables if table.name not in used] or self._tables[-1:]
        headings = [table.name for table in last[:_MOST_TOLD]]
        shown = " + ".join(
            f'"{"; " if place else ""}{h}: " + string({h})' for place, h in enumerate(headings)
        )
        outputs = tuple(OutputClause(output) for output in ROUTE_OUTPUTS)
        rule = Rule(
            1,
            tuple(CellText("-") for _ in headings),
            (CellText('"human"'), CellText("null"), CellText("null"), CellText(shown)),
        )
        inputs = tuple(InputClause(CellText(heading)) for heading in headings)
        self._tables.append(DecisionTable(name, HitPolicy.UNIQUE, inputs, outputs, (), (rule,)))
        self._notes.append(
            f"the table `{name}` was added, which leaves every case to people; say there what bots may do"
        )
        if len(last) > len(headings):
            self._notes.append(f"the table `{name}` tells of {len(headings)} of {len(last)} decisions only")
        return name


def _output_names(table: DecisionTable) -> tuple[str, ...]:
    return tuple(output.name or table.name for output in table.outputs)


def _can_route(table: DecisionTable) -> bool:
    return table.hit_policy.is_single and set(ROUTE_OUTPUTS) <= {output.name for output in table.outputs}


def _texts(table: DecisionTable) -> Iterable[str]:
    for clause in table.inputs:
        yield clause.expression.text
    for rule in table.rules:
        yield from (cell.text for cell in rule.inputs)
        yield from (cell.text for cell in rule.outputs)


def place_of(cells: Mapping[tuple[str, str], SourceCell], place: Place | None) -> Place | None:
    """Where in the source a cell of the workbook comes from; the place itself where that isn't known."""
    if not isinstance(place, CellAddress):
        return place
    source = cells.get((place.sheet, place.cell))
    return source.place if source is not None and source.place is not None else place
