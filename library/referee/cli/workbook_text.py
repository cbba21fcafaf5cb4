"""A decision workbook as lines of text: one thing a line, nothing aligned, so that a change changes only its lines."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from referee.domain import CellAddress, Place
from referee.workbook import CellReading, DecisionWorkbook, FactDefinition, ReadAs, WorkbookTest

if TYPE_CHECKING:
    from referee.tables import DecisionTable, HitPolicy, Rule

HIT_POLICIES = {
    "U": "unique: at most one rule matches",
    "A": "any: rules that match agree",
    "P": "priority: the match whose output is listed first",
    "F": "first: the first rule that matches",
    "R": "rule order: all matches, in table order",
    "O": "output order: all matches, by the order of the outputs listed",
    "C": "collect: all matches",
    "C+": "collect: the sum of all matches",
    "C<": "collect: the smallest of all matches",
    "C>": "collect: the largest of all matches",
    "C#": "collect: the number of matches",
}


def workbook_lines(workbook: DecisionWorkbook, *, brief: bool = False) -> Iterator[str]:
    """The whole workbook. ``brief`` leaves out how cells were read, which names cells that move when a row is added."""
    yield from _settings(workbook)
    yield from ("", "facts", *(f"  {fact.name}: {fact_text(fact)}" for fact in workbook.dictionary.facts))
    if workbook.models:
        yield from ("", "models")
        for model in workbook.models:
            version = f", version {model.version}" if model.version else ""
            yield f"  {model.node}: folder {model.folder}{version}; given {', '.join(model.facts)}"
    for table in workbook.tables:
        yield from ("", *table_lines(table))
        if not brief:
            yield from _readings(workbook, table)
    if workbook.tests:
        yield from ("", "tests", *(f"  {test.name}: {test_text(test)}" for test in workbook.tests))
    if workbook.changes:
        yield from ("", "changes")
        for change in workbook.changes:
            people = f"by {change.author}" + (f", approved by {change.approver}" if change.approver else "")
            why = f" ({change.why})" if change.why else ""
            yield f"  {change.version}, {change.date or 'no date'}, {people}: {change.what}{why}"


def fact_text(fact: FactDefinition) -> str:
    """``number, allowed [0..100], required, sensitive: what it means``."""
    words = [fact.type]
    words += [f"allowed {fact.allowed_values}"] if fact.allowed_values else []
    words += [
        word
        for word, is_so in (
            ("required", fact.required),
            ("sensitive" if fact.logged_as == "hash" else f"sensitive ({fact.logged_as})", fact.sensitive),
            ("protected", fact.protected),
            ("volatile", fact.volatile),
        )
        if is_so
    ]
    return ", ".join(words) + (f": {fact.description}" if fact.description else "")


def hit_policy_text(policy: HitPolicy) -> str:
    return HIT_POLICIES[policy.value]


def rule_text(table: DecisionTable, rule: Rule) -> str:
    """``amount > 5000; country "CH" -> route "human"  // why``; columns that take any value are left out."""
    tested = [
        f"{clause.expression.text} {cell.text}"
        for clause, cell in zip(table.inputs, rule.inputs, strict=True)
        if not cell.is_irrelevant
    ]
    given = [
        f"{clause.name} {cell.text}"
        for clause, cell in zip(table.outputs, rule.outputs, strict=True)
        if not cell.is_blank
    ]
    remarks = [text for text in rule.annotations if text]
    text = f"{'; '.join(tested) or 'any case'} -> {'; '.join(given)}"
    return text + (f"  // {' / '.join(remarks)}" if remarks else "")


def test_text(test: WorkbookTest) -> str:
    """The facts and scores of a test, and what it expects."""
    from referee.cli.suggested_lines import flat

    cells = {kind: [] for kind in ("Fact", "Score", "Expected")}  # type: dict[str, list[str]]
    for (kind, heading), value in flat(test).items():
        if kind in cells:
            cells[kind].append(f"{heading} {value_text(value)}")
    return f"{'; '.join((*cells['Fact'], *cells['Score']))} -> {'; '.join(cells['Expected']) or 'nothing expected'}"


def value_text(value: Any) -> str:
    """A value as FEEL writes it; what FEEL can't hold, as it is."""
    from referee.feel.fault import Fault
    from referee.feel.values import to_feel
    from referee.feel.values.text import nested_text

    try:
        return nested_text(to_feel(value))
    except Fault:
        return str(value)


def readings_of(workbook: DecisionWorkbook, table: DecisionTable) -> list[tuple[str, str, str, list[str]]]:
    """What was written, the FEEL it was read as, how, and the cells. Cells that hold FEEL as such are left out.

    Texts that were taken as they stand, the most of all, are one entry with nothing written.
    """
    sheet = table.place.sheet if isinstance(table.place, CellAddress) else ""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for reading in sorted(workbook.readings, key=lambda reading: _row_and_column(reading.place.cell)):
        if reading.place.sheet == sheet and _is_worth_telling(reading):
            written = " ".join(reading.written.split())
            key = (written, reading.feel, str(reading.read_as))
            if reading.read_as is ReadAs.TEXT and reading.feel == value_text(written):
                key = ("", "", str(ReadAs.TEXT))
            groups.setdefault(key, []).append(reading.place.cell)
    return [(*key, cells) for key, cells in groups.items()]


def _row_and_column(cell: str) -> tuple[int, int, str]:
    letters = cell.rstrip("0123456789")
    return int(cell.removeprefix(letters) or 0), len(letters), letters


def sheet_of(place: Place | None) -> str:
    return place.sheet if isinstance(place, CellAddress) else ""


def _is_worth_telling(reading: CellReading) -> bool:
    same = " ".join(reading.written.split()) == " ".join(reading.feel.split())
    return reading.read_as not in (ReadAs.ANY, ReadAs.BLANK) and not same


def _settings(workbook: DecisionWorkbook) -> Iterator[str]:
    settings = workbook.settings
    yield f"decision {settings.name}, version {settings.version}"
    yield f"  owner: {settings.owner}"
    yield f"  purpose: {settings.purpose}"
    yield f"  case id: {settings.case_id}"
    yield f"  route table: {settings.route_table}"
    yield f"  in doubt: {settings.doubt_queue}"
    yield f"  in force: {in_force(settings.effective_from, settings.effective_to)}"


def in_force(start: datetime.date | None, end: datetime.date | None) -> str:
    if start is None and end is None:
        return "always"
    return " ".join(([f"from {start}"] if start else []) + ([f"to {end}"] if end else []))


def table_lines(table: DecisionTable) -> Iterator[str]:
    """A table with its columns and rules; with its sheet if it stands on one."""
    sheet = sheet_of(table.place)
    policy = f"hit policy {table.hit_policy.value} ({hit_policy_text(table.hit_policy)})"
    yield f"table {table.name}, {f'sheet {sheet}, ' if sheet else ''}{policy}"
    for what, headings in (
        ("tests", [(clause.expression.text, clause.type, clause.allowed_values) for clause in table.inputs]),
        ("gives", [(clause.name, clause.type, clause.allowed_values) for clause in table.outputs]),
    ):
        for heading, kind, allowed in headings:
            values = f", one of {allowed.text}" if allowed is not None and not allowed.is_irrelevant else ""
            yield f"  {what} {heading}: {kind or 'any type'}{values}"
    for rule in table.rules:
        yield f"  rule {rule.number}: {rule_text(table, rule)}"


def _readings(workbook: DecisionWorkbook, table: DecisionTable) -> Iterator[str]:
    for written, feel, how, cells in readings_of(workbook, table):
        what = f"read {written} as {feel} ({how})" if written else how
        yield f"  {what}: {', '.join(cells)}"
