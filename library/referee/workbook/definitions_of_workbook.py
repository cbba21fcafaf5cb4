"""A decision workbook as a DMN model, and the notes that let it become a workbook again."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import astuple, replace

from referee.audit.sensitive import HASH, LOGGED_AS
from referee.dmn import DecisionNode, Definitions, InputData, ItemDefinition, Literal, TableLogic
from referee.dmn.elements import Element
from referee.dmn.passage import Notes
from referee.tables import CellText, DecisionTable
from referee.workbook.data_dictionary import FactDefinition
from referee.workbook.decision_sheets import LABELS
from referee.workbook.decision_workbook import DecisionWorkbook, ModelDefinition, Settings
from referee.workbook.fact_text import date_from_text

_MODEL = re.compile(
    r"model: (?P<folder>[^;]*)(?:; version: (?P<version>[^;]*))?(?:; if unavailable: (?P<without>human|stop))?"
    r"(?:; contributions: (?P<contributions>always))?"
    r"; facts: (?P<facts>.*)"
)
_MARKS = ("required", "sensitive", "protected", "volatile")
_MARK = rf"(?:{'|'.join(_MARKS)}|sensitive: (?:{LOGGED_AS.pattern}))"
_MARK_LINE = re.compile(rf"\[(?:optional|{_MARK}(?:, {_MARK})*)\]")


def definitions_of(workbook: DecisionWorkbook) -> Definitions:
    """The decision as a DMN model that decides the same: facts are input data, their allowed values are
    types, tables are decisions, and models decisions without logic, whose values must be supplied.

    What DMN has no place for (settings, marks of facts, folders of models) stands in descriptions, which
    people can read and ``draft_of`` understands. Tests and changes are not part of a model.
    """
    elements: dict[str, Element] = {}
    types: list[ItemDefinition] = []
    for fact in workbook.dictionary.facts:
        kind = fact.type
        if fact.allowed_values:
            kind = _type_name(fact.name)
            types.append(ItemDefinition(kind, fact.type, allowed_values=CellText(fact.allowed_values)))
        elements[fact.name] = InputData(fact.name, kind, notes=Notes(_fact_note(fact)))
    for model in workbook.models:
        elements[model.node] = DecisionNode(model.node, None, notes=Notes(_model_note(model)))
    for table in workbook.tables:
        elements[table.name] = DecisionNode(table.name, _logic(table))
    return Definitions(
        workbook.settings.name, elements, tuple(types), notes=Notes(_settings_note(workbook.settings))
    )


def _type_name(fact: str) -> str:
    return "t" + re.sub(r"\W+", "_", fact.title()).strip("_")


def _logic(table: DecisionTable) -> TableLogic | Literal:
    if not table.inputs and len(table.rules) == len(table.outputs) == 1 and not table.annotations:
        (rule,) = table.rules
        return Literal(rule.outputs[0].text)
    rules = tuple(
        replace(
            rule,
            outputs=tuple(CellText("null", cell.place) if cell.is_blank else cell for cell in rule.outputs),
        )
        for rule in table.rules
    )
    outputs = table.outputs
    if len(outputs) == 1:
        outputs = (replace(outputs[0], name=outputs[0].name or table.name),)
    return TableLogic(replace(table, rules=rules, outputs=outputs))


# --- notes


def _settings_note(settings: Settings) -> str:
    told = zip(LABELS, astuple(settings), strict=True)
    return "\n".join(f"{label}: {value}" for label, value in told if value)


def settings_in(note: str) -> Settings | None:
    """The settings that a model's description tells; None where it tells none."""
    found: dict[str, str] = {}
    for line in note.splitlines():
        label, colon, value = line.partition(": ")
        if colon and label.strip() in LABELS:
            found[label.strip()] = value.strip()
    if not {"Name", "Version", "Case id", "Route table", "In doubt"} <= set(found):
        return None
    days = [date_from_text(found.get(label, "")) for label in ("Effective from", "Effective to")]
    start, end = (None if isinstance(day, str) else day for day in days)
    texts = [found.get(label, "") for label in LABELS]
    return Settings(
        name=texts[0],
        version=texts[1],
        owner=texts[2],
        purpose=texts[3],
        case_id=texts[4],
        route_table=texts[5],
        doubt_queue=texts[6],
        effective_from=start,
        effective_to=end,
    )


def _fact_note(fact: FactDefinition) -> str:
    marks = [name for name in _MARKS if getattr(fact, name)]
    if fact.sensitive and fact.logged_as != HASH:
        marks[marks.index("sensitive")] = f"sensitive: {fact.logged_as}"
    line = f"[{', '.join(marks) or 'optional'}]"
    return f"{fact.description}\n{line}" if fact.description else line


def logged_as_in(marks: Collection[str] | None) -> str:
    """How a fact with these marks stands in the audit log; "" for one that isn't sensitive."""
    told = [mark.partition(": ")[2] or HASH for mark in marks or () if mark.startswith("sensitive")]
    return told[-1] if told else ""


def marks_in(note: str) -> tuple[str, frozenset[str] | None]:
    """The description of a fact and its marks; None where the note tells none."""
    lines = note.strip().splitlines()
    if not lines or not _MARK_LINE.fullmatch(lines[-1].strip()):
        return " ".join(note.split()), None
    marks = frozenset(lines[-1].strip()[1:-1].split(", ")) - {"optional"}
    return " ".join(" ".join(lines[:-1]).split()), marks


def _model_note(model: ModelDefinition) -> str:
    version = f"; version: {model.version}" if model.version else ""
    without = f"; if unavailable: {model.if_unavailable}" if model.if_unavailable != "human" else ""
    told = f"; contributions: {model.contributions}" if model.contributions else ""
    return f"model: {model.folder}{version}{without}{told}; facts: {', '.join(model.facts)}"


def model_in(node: str, note: str) -> ModelDefinition | None:
    """The model that stands behind a decision without logic; None where the note tells none."""
    found = _MODEL.fullmatch(" ".join(note.split()))
    if found is None:
        return None
    return ModelDefinition(
        node,
        found["folder"],
        found["version"] or "",
        tuple(_parts(found["facts"])),
        found["without"] or "human",
        found["contributions"] or "",
    )


def _parts(text: str) -> Sequence[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
