"""From a workbook file to a decision that can be trusted, or to every fault that speaks against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from string import ascii_uppercase

from referee.domain import CellAddress, Diagnostic, RulesError
from referee.tables import DecisionTable, compile_table
from referee.workbook.cell_reading import CellReading, did_you_mean
from referee.workbook.cell_value import one_line
from referee.workbook.data_dictionary import DataDictionary, enumerated
from referee.workbook.decision_sheets import (
    check_name,
    read_changes,
    read_dictionary,
    read_models,
    read_settings,
)
from referee.workbook.decision_workbook import DecisionWorkbook, ModelDefinition
from referee.workbook.excel_file import file_sha256
from referee.workbook.garbage_pause import no_garbage_collection
from referee.workbook.grid import Grid, read_grid
from referee.workbook.references import References, input_type, model_type, names_of
from referee.workbook.route_table import (
    ROUTE_OUTPUTS,
    check_route_table,
    is_routing,
    optional_outputs,
)
from referee.workbook.sheets import CHOICES_SHEET
from referee.workbook.stored_cells import ExcelFile
from referee.workbook.table_outline import OutlineColumn, TableOutline, read_outline
from referee.workbook.table_sheet import TypedName, output_types, read_table, result_type
from referee.workbook.tests_sheet import read_tests, sheet_columns

DECISION, FACTS, MODELS, TESTS, CHANGES = "Decision", "Facts", "Models", "Tests", "Changes"
REQUIRED_SHEETS = (DECISION, FACTS)
LIST_SHEETS = (DECISION, FACTS, MODELS, TESTS, CHANGES)


@no_garbage_collection()
def read_workbook(path: str | Path) -> DecisionWorkbook:
    """The decision workbook in a file, complete and without a fault.

    Raises RulesError with all faults of the workbook at once, each with its cell; InputError in one
    sentence for a file that can't be opened as a workbook.
    """
    path = Path(path)
    sha256 = file_sha256(path)
    faults: list[Diagnostic] = []
    grids = _grids(path, faults)
    workbook = _Decision(path, sha256, grids, faults).read()
    if faults:
        raise RulesError(path.name, _in_sheet_order(_with_hidden_sheets(faults, grids), list(grids)))
    return workbook


def _grids(path: Path, faults: list[Diagnostic]) -> dict[str, Grid]:
    """Every sheet with cells by its name as people see it, in the order of the workbook."""
    file = ExcelFile(path)
    return {
        one_line(sheet.name): read_grid(
            path.name,
            sheet.name,
            file.rows(sheet),
            file.merged_areas(sheet),
            faults,
            is_visible=sheet.is_visible,
        )
        for sheet in file.sheets
    }


class _Decision:
    """One reading of one workbook; ``faults`` grows as the sheets are read."""

    def __init__(self, path: Path, sha256: str, grids: Mapping[str, Grid], faults: list[Diagnostic]) -> None:
        self._path = path
        self._sha256 = sha256
        self._faults = faults
        self._outputs: dict[str, dict[str, TypedName]] = {}
        self._unread: dict[str, Grid] = {}
        folded = {name.casefold(): name for name in LIST_SHEETS}
        self._lists = {
            folded[name.casefold()]: grid for name, grid in grids.items() if name.casefold() in folded
        }
        self._tables = [
            grid
            for name, grid in grids.items()
            if name.casefold() not in folded and name != CHOICES_SHEET and not grid.is_blank
        ]

    def read(self) -> DecisionWorkbook:
        for name in REQUIRED_SHEETS:
            if name not in self._lists or self._lists[name].is_blank:
                found = "is blank" if name in self._lists else "is missing"
                hint = did_you_mean(name, [grid.sheet for grid in self._tables])
                message = f"the sheet `{name}` {found}{hint}; every decision workbook needs it"
                self._fault("sheet-missing", message, CellAddress(self._path.name, name))
        if self._list(FACTS).is_blank:
            # without facts every name in every cell would be a fault of its own
            raise RulesError(self._path.name, self._faults)
        settings, setting_places = read_settings(self._list(DECISION), self._silently_if_blank(DECISION))
        dictionary = read_dictionary(self._list(FACTS), self._faults)
        models = read_models(self._list(MODELS), dictionary, self._faults)
        self._check_case_id(settings.case_id, setting_places.get("Case id"), dictionary)

        outlines = []
        for grid in self._tables:
            outline = read_outline(grid, self._faults)
            if outline is None:
                self._unread[grid.cell(1, 1).text] = grid
            else:
                outlines.append(outline)
        scope = self._scope(dictionary, models, outlines, settings.route_table)
        tables, readings = self._read_tables(outlines, scope, dictionary, settings.route_table)
        actions = self._route(settings.route_table, setting_places.get("Route table"), outlines, tables)

        tables_there = [*(outline.name for outline in outlines), *self._unread]
        outputs = {name: scope[name] for name in tables_there if name in scope}
        tests = read_tests(self._list(TESTS), dictionary, models, outputs, self._faults)
        changes = read_changes(self._list(CHANGES), self._faults)
        return DecisionWorkbook(
            self._path,
            self._sha256,
            settings,
            dictionary,
            models,
            tuple(tables),
            tests,
            changes,
            tuple(readings),
            actions,
            sheet_columns(self._list(TESTS)),
            setting_places,
        )

    def _list(self, name: str) -> Grid:
        return self._lists.get(name) or Grid(self._path.name, name)

    def _silently_if_blank(self, name: str) -> list[Diagnostic]:
        """A sheet that isn't there is one fault, not one for everything it should hold."""
        return [] if self._list(name).is_blank else self._faults

    def _check_case_id(self, name: str, place: CellAddress | None, dictionary: DataDictionary) -> None:
        fact = dictionary.fact(name)
        if not name or not dictionary.facts:
            return
        if fact is None:
            hint = did_you_mean(name, dictionary.names)
            self._fault(
                "case-id",
                f"the case id `{name}` is no declared fact{hint}; declare it on the Facts sheet",
                place,
            )
        elif fact.protected or fact.type not in ("string", "number"):
            found = "protected" if fact.protected else f"a {fact.type}"
            self._fault(
                "case-id", f"the case id `{name}` is {found}; it must be an open string or number", place
            )

    def _scope(
        self,
        dictionary: DataDictionary,
        models: tuple[ModelDefinition, ...],
        outlines: list[TableOutline],
        route_table: str,
    ) -> dict[str, TypedName]:
        """Every name that cells may use with what it holds. Facts, models and tables share one space of
        names.
        """
        scope: dict[str, TypedName] = {}
        owners: dict[str, str] = {}
        untyped = self._untyped(dictionary)
        for fact in dictionary.facts:
            choices = enumerated(fact.allowed_values) if fact.type == "string" else ()
            scope[fact.name] = TypedName(fact.type, choices, is_known=fact.name not in untyped)
            owners[fact.name] = "fact"
        for model in models:
            self._claim(model.node, "model", model.place, owners)
            scope[model.node] = model_type(bool(model.contributions))
        for outline in outlines:
            if outline.name:
                self._claim(outline.name, "table", outline.place, owners)
                check_name(outline.name, "table", outline.place, self._faults)
                scope[outline.name] = TypedName()
        for name in self._unread.keys() - scope.keys() - {""}:
            scope[name] = TypedName(is_known=False)  # the table has its own fault
        names = frozenset(scope)
        for outline in outlines:
            if outline.name:
                fixed = dict.fromkeys(ROUTE_OUTPUTS, "string") if outline.name == route_table else {}
                outputs = output_types(outline, names - {outline.name}, fixed)
                self._outputs[outline.name] = outputs
                scope[outline.name] = result_type(outline, outputs)
        return scope

    def _untyped(self, dictionary: DataDictionary) -> set[str]:
        """The facts whose type has a fault."""
        rows = {
            fault.place.cell.lstrip(ascii_uppercase)
            for fault in self._faults
            if fault.code == "fact-type" and isinstance(fault.place, CellAddress)
        }
        return {
            fact.name
            for fact in dictionary.facts
            if fact.place is not None and fact.place.cell.lstrip(ascii_uppercase) in rows
        }

    def _claim(self, name: str, what: str, place: CellAddress | None, owners: dict[str, str]) -> None:
        if name in owners:
            message = f"the {what} `{name}` has the name of a {owners[name]}; rename one"
            self._fault("duplicate-name", message, place)
        owners[name] = what

    def _read_tables(
        self,
        outlines: list[TableOutline],
        scope: Mapping[str, TypedName],
        dictionary: DataDictionary,
        route_table: str,
    ) -> tuple[list[DecisionTable], list[CellReading]]:
        tables: list[DecisionTable] = []
        readings: list[CellReading] = []
        references = References(scope, dictionary.protected)
        meant = {
            outline.name
            for outline in outlines
            if is_routing(column.heading for column in outline.of_kind("output"))
        }
        routing = {route_table} if route_table in meant else meant
        for outline in outlines:
            before = len(self._faults)
            types = [self._input_type(column, scope, dictionary) for column in outline.of_kind("input")]
            blank = optional_outputs(outline) if outline.name in routing else frozenset[str]()
            outputs = self._outputs.get(outline.name, {})
            table, read = read_table(outline, scope, outputs, types, blank, self._faults)
            references.check_table(table, self._faults)
            if len(self._faults) == before:
                self._compile(table, frozenset(scope) - dictionary.protected - {table.name})
            tables.append(table)
            readings.extend(read)
        references.check_cycles(tables, self._faults)
        return tables, readings

    def _input_type(
        self, column: OutlineColumn, scope: Mapping[str, TypedName], dictionary: DataDictionary
    ) -> TypedName:
        """What an input holds; nobody knows where its expression has a fault, or needs a table that has one."""
        before = len(self._faults)
        typed = input_type(column.heading, column.place, scope, dictionary, self._faults)
        if len(self._faults) > before:
            return replace(typed, is_known=False)
        unknown = {name for name, each in scope.items() if not each.is_known}
        is_known = not unknown or not unknown & names_of(column.heading, frozenset(scope))
        return replace(typed, is_known=is_known)

    def _compile(self, table: DecisionTable, names: frozenset[str]) -> None:
        """Faults that only the table as a whole can have."""
        try:
            compile_table(table, sorted(names))
        except RulesError as error:
            place = table.place
            self._faults.extend(fault.at(place) if place is not None else fault for fault in error.faults)

    def _route(
        self,
        name: str,
        place: CellAddress | None,
        outlines: list[TableOutline],
        tables: list[DecisionTable],
    ) -> tuple[tuple[str, str], ...]:
        if not name:
            return ()
        found = next((table for table in tables if table.name == name), None)
        if found is None:
            if name in self._unread or "" in self._unread:
                return ()  # the sheet it stands on has its own fault
            hint = did_you_mean(name, [table.name for table in tables])
            message = (
                f"there is no table `{name}`{hint}; name the table that gives route, action, queue and reason"
            )
            self._fault("route-table", message, place)
            for table in tables:
                if is_routing(output.name for output in table.outputs):
                    check_route_table(table, self._faults)
            return ()
        return check_route_table(found, self._faults)

    def _fault(self, code: str, message: str, place: CellAddress | None) -> None:
        self._faults.append(Diagnostic(code, message, place=place or CellAddress(self._path.name)))


def _with_hidden_sheets(faults: list[Diagnostic], grids: Mapping[str, Grid]) -> list[Diagnostic]:
    """The faults, those in sheets that nobody sees with a word about it."""
    hidden = {grid.sheet for grid in grids.values() if not grid.is_visible}
    return [
        replace(fault, message=f"{fault.message} (the sheet is hidden; unhide it, or remove it)")
        if isinstance(fault.place, CellAddress) and fault.place.sheet in hidden
        else fault
        for fault in faults
    ]


def _in_sheet_order(faults: list[Diagnostic], sheets: list[str]) -> list[Diagnostic]:
    """The faults in the order of the workbook, each once."""
    order = {name: position for position, name in enumerate(sheets)}

    def position(fault: Diagnostic) -> tuple[int, int, int, str]:
        place = fault.place
        if not isinstance(place, CellAddress):
            return len(order), 0, 0, ""
        letters = place.cell.rstrip("0123456789")
        row = int(place.cell[len(letters) :] or 0)
        return order.get(one_line(place.sheet), -1), row, len(letters), letters

    return sorted(dict.fromkeys(faults), key=position)
