"""The sheets of a decision workbook around its tables: Decision, Facts, Models and Changes."""

from __future__ import annotations

import datetime

from referee.audit.sensitive import HASH, LOGGED_AS, MOST_SHOWN
from referee.domain import CellAddress, Diagnostic
from referee.feel import FeelSyntaxError, compile_expression
from referee.workbook.cell_reading import CellKind, ColumnSense, Misread, did_you_mean, read_cell
from referee.workbook.cell_value import one_line
from referee.workbook.data_dictionary import FACT_TYPES, DataDictionary, FactDefinition
from referee.workbook.decision_workbook import Change, ModelDefinition, Settings
from referee.workbook.fact_text import date_from_text
from referee.workbook.grid import Grid, GridCell
from referee.workbook.sheet_rows import ListRow, list_rows, mark

LABELS = (
    "Name",
    "Version",
    "Owner",
    "Purpose",
    "Case id",
    "Route table",
    "In doubt",
    "Effective from",
    "Effective to",
)
_REQUIRED_LABELS = ("Name", "Version", "Case id", "Route table", "In doubt")
FACT_COLUMNS = (
    "name",
    "type",
    "allowed values",
    "required",
    "sensitive",
    "protected",
    "volatile",
    "description",
)
MODEL_COLUMNS = ("name", "folder", "version", "facts")
IF_UNAVAILABLE = "if unavailable"
"""The column of the Models sheet that may be left out."""

WITHOUT_MODEL = ("human", "stop")
"""What may stand in it."""

CONTRIBUTIONS = "contributions"
"""Another column of the Models sheet that may be left out."""

ALWAYS = "always"
"""What may stand in it."""

CHANGE_COLUMNS = ("version", "date", "author", "approver", "what", "why", "what and why")
_TYPE_WORDS = {
    "text": "string",
    "int": "number",
    "integer": "number",
    "decimal": "number",
    "float": "number",
    "bool": "boolean",
    "yes/no": "boolean",
    "datetime": "date and time",
}


def read_settings(grid: Grid, faults: list[Diagnostic]) -> tuple[Settings, dict[str, CellAddress]]:
    """The label and value rows of the Decision sheet, and the cells of the values by label."""
    found: dict[str, GridCell] = {}
    folded = {label.casefold(): label for label in LABELS}
    for row in range(1, grid.last_row + 1):
        label, value = grid.cell(row, 1), grid.cell(row, 2)
        if not label.text:
            if value.value is not None:
                faults.append(
                    Diagnostic("setting-label", "the value has no label before it", place=label.place)
                )
            continue
        known = folded.get(label.text.casefold().rstrip(":").strip())
        if known is None:
            hint = did_you_mean(label.text, LABELS)
            message = f"`{label.text}` is no setting{hint}; the settings are {', '.join(LABELS)}"
            faults.append(Diagnostic("setting-label", message, place=label.place))
        elif known in found:
            message = f"`{known}` is there twice; the other is in {found[known].place.cell}"
            faults.append(Diagnostic("duplicate-name", message, place=label.place))
        else:
            found[known] = value
    places = {name: cell.place for name, cell in found.items()}
    texts = {name: cell.text for name, cell in found.items()}
    for name in _REQUIRED_LABELS:
        if name not in found:
            message = f"there is no `{name}`; write it into column A and its value into column B"
            faults.append(Diagnostic("setting-missing", message, place=grid.place()))
        elif not texts[name]:
            faults.append(Diagnostic("setting-missing", f"`{name}` has no value", place=places[name]))
    start = _day(found.get("Effective from"), "Effective from", faults)
    end = _day(found.get("Effective to"), "Effective to", faults)
    if start is not None and end is not None and end < start:
        message = f"the decision ends on {end}, before it begins on {start}; correct one of the dates"
        faults.append(Diagnostic("effective-dates", message, place=places["Effective to"]))
    settings = Settings(
        name=texts.get("Name", ""),
        version=texts.get("Version", ""),
        owner=texts.get("Owner", ""),
        purpose=texts.get("Purpose", ""),
        case_id=texts.get("Case id", ""),
        route_table=texts.get("Route table", ""),
        doubt_queue=texts.get("In doubt", ""),
        effective_from=start,
        effective_to=end,
    )
    return settings, places


def _day(cell: GridCell | None, label: str, faults: list[Diagnostic]) -> datetime.date | None:
    if cell is None or cell.value is None or cell.text == "-":
        return None
    value = cell.value.date() if isinstance(cell.value, datetime.datetime) else cell.value
    if isinstance(value, datetime.date):
        return value
    read = date_from_text(value) if isinstance(value, str) else "is not a date; write it as 2024-01-31"
    if isinstance(read, str):
        faults.append(Diagnostic("effective-dates", f"`{label}`: {cell.text} {read}", place=cell.place))
        return None
    return read


def check_name(name: str, what: str, place: CellAddress, faults: list[Diagnostic]) -> None:
    """Adds a fault where a fact, model or table has a name that cells could not use.

    Names of functions are fine: `date` is the fact and ``date("2026-01-31")`` the function, as FEEL has it.
    """
    try:
        usable = set(compile_expression(name, (name,)).names) == {name}
    except FeelSyntaxError:
        usable = False
    if not usable:
        message = (
            f"`{name}` can't be the name of a {what}: it can't be written in a cell; "
            f"use letters, digits and spaces, such as `the {name}`"
        )
        faults.append(Diagnostic("name-unusable", message, place=place))


def read_dictionary(grid: Grid, faults: list[Diagnostic]) -> DataDictionary:
    """The facts of the Facts sheet; a fact that has a fault stays known by name, so that its users aren't
    faults too.
    """
    facts: dict[str, FactDefinition] = {}
    for row in list_rows(grid, FACT_COLUMNS, ("name", "type"), faults):
        fact = _fact(row, faults)
        if fact is None:
            continue
        if fact.name in facts:
            other = facts[fact.name].place
            message = f"the fact `{fact.name}` is there twice; the other is in {_cell(other)}"
            faults.append(Diagnostic("duplicate-name", message, place=fact.place))
            continue
        facts[fact.name] = fact
    if not facts:
        faults.append(Diagnostic("facts-missing", "no facts are declared", place=grid.place()))
    return DataDictionary(tuple(facts.values()))


def _fact(row: ListRow, faults: list[Diagnostic]) -> FactDefinition | None:
    name = row.text("name")
    if not name:
        faults.append(Diagnostic("fact-name", "the fact has no name", place=row.cells["name"].place))
        return None
    place = row.cells["name"].place
    check_name(name, "fact", place, faults)
    written = row.text("type").casefold()
    kind = known = written
    if written not in FACT_TYPES:
        suggestion = _TYPE_WORDS.get(written, "")
        hint = f" (did you mean `{suggestion}`?)" if suggestion else did_you_mean(written, FACT_TYPES)
        found = (
            f"`{row.text('type')}` is no type of facts{hint}" if written else f"the fact `{name}` has no type"
        )
        message = f"{found}; the types are {', '.join(FACT_TYPES)}"
        faults.append(Diagnostic("fact-type", message, place=row.cells["type"].place))
        kind, known = suggestion or "string", suggestion
    allowed = ""
    cell = row.cells.get("allowed values")
    if cell is not None and cell.value is not None:
        try:
            allowed = read_cell(cell, ColumnSense(CellKind.INPUT, name, known)).feel
        except Misread as misread:
            faults.append(misread.diagnostic.at(cell.place))
    logged_as = _sensitivity(row.cells.get("sensitive"), faults)
    return FactDefinition(
        name=name,
        type=kind,
        allowed_values="" if allowed == "-" else allowed,
        required=mark(row.cells.get("required"), faults),
        sensitive=bool(logged_as),
        logged_as=logged_as or HASH,
        protected=mark(row.cells.get("protected"), faults),
        volatile=mark(row.cells.get("volatile"), faults),
        description=row.text("description"),
        place=place,
    )


def _sensitivity(cell: GridCell | None, faults: list[Diagnostic]) -> str:
    """How a sensitive fact is to stand in the audit log; "" for one that isn't sensitive."""
    if cell is not None and LOGGED_AS.fullmatch(written := cell.text.casefold()):
        return written
    found: list[Diagnostic] = []
    is_sensitive = mark(cell, found)
    if found and cell is not None:
        message = (
            f"`{cell.text}` doesn't say whether the fact is sensitive; write no, yes or hash (a keyed hash stands in "
            f"the audit log), mask or mask 1 to mask {MOST_SHOWN} (nothing but its last signs) or encrypt"
        )
        faults.append(Diagnostic("cell-mark", message, place=cell.place))
    return HASH if is_sensitive else ""


def read_models(
    grid: Grid, dictionary: DataDictionary, faults: list[Diagnostic]
) -> tuple[ModelDefinition, ...]:
    """The model nodes of the Models sheet, with facts that are declared and not protected."""
    models: dict[str, ModelDefinition] = {}
    columns = (*MODEL_COLUMNS, IF_UNAVAILABLE, CONTRIBUTIONS)
    for row in list_rows(grid, columns, MODEL_COLUMNS if not grid.is_blank else (), faults):
        name, folder = row.text("name"), row.text("folder")
        place = row.cells["name"].place
        for column in ("name", "folder", "facts"):
            if not row.text(column):
                faults.append(
                    Diagnostic(
                        "model-incomplete", f"the model has no {column}", place=row.cells[column].place
                    )
                )
        if not name:
            continue
        check_name(name, "model", place, faults)
        if name in models:
            message = f"the model `{name}` is there twice; the other is in {_cell(models[name].place)}"
            faults.append(Diagnostic("duplicate-name", message, place=place))
            continue
        facts = tuple(
            one_line(part) for part in str(row.cells["facts"].value or "").split(",") if part.strip()
        )
        for fact in facts:
            _check_model_fact(name, fact, facts, dictionary, row.cells["facts"].place, faults)
        without = row.text(IF_UNAVAILABLE).casefold() or WITHOUT_MODEL[0]
        if without not in WITHOUT_MODEL:
            message = (
                f"`{row.text(IF_UNAVAILABLE)}` doesn't say what happens without the model; write human (cases that "
                "need its score go to people) or stop (no case is decided)"
            )
            faults.append(Diagnostic("model-unavailable", message, place=row.cells[IF_UNAVAILABLE].place))
        told = row.text(CONTRIBUTIONS).casefold()
        if told not in ("", ALWAYS):
            message = (
                f"`{row.text(CONTRIBUTIONS)}` doesn't say when contributions are worked out; write always (with each "
                "score), or nothing (when a case is shown or handed over)"
            )
            faults.append(Diagnostic("model-contributions", message, place=row.cells[CONTRIBUTIONS].place))
        models[name] = ModelDefinition(name, folder, row.text("version"), facts, without, told, place)
    return tuple(models.values())


def _check_model_fact(
    model: str,
    fact: str,
    facts: tuple[str, ...],
    dictionary: DataDictionary,
    place: CellAddress,
    faults: list[Diagnostic],
) -> None:
    definition = dictionary.fact(fact)
    if definition is None:
        hint = did_you_mean(fact, dictionary.names)
        message = f"the model `{model}` uses `{fact}`, which is no declared fact{hint}"
        faults.append(Diagnostic("unknown-name", message, place=place))
    elif definition.protected:
        message = f"the model `{model}` uses the protected fact `{fact}`; a protected fact may reach no model"
        faults.append(Diagnostic("protected-fact", message, place=place))
    if facts.count(fact) > 1:
        fault = Diagnostic(
            "duplicate-name", f"the model `{model}` lists the fact `{fact}` twice", place=place
        )
        if fault not in faults:
            faults.append(fault)


def _cell(place: CellAddress | None) -> str:
    return place.cell if place is not None else "another cell"


def read_changes(grid: Grid, faults: list[Diagnostic]) -> tuple[Change, ...]:
    """The lines of the Changes sheet."""
    changes = []
    for row in list_rows(
        grid, CHANGE_COLUMNS, ("version", "date", "author") if not grid.is_blank else (), faults
    ):
        date = _day(row.cells["date"], "date", faults)
        what = row.text("what") or row.text("what and why")
        changes.append(
            Change(
                row.text("version"),
                date,
                row.text("author"),
                row.text("approver"),
                what,
                row.text("why"),
                row.place,
            )
        )
    return tuple(changes)
