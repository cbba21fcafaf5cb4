"""Writing a decision workbook that people go on editing: styled, with drop-downs and a word of help where
it's needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from referee.tables import HitPolicy
from referee.workbook.cell_place import column_letters
from referee.workbook.cell_value import put
from referee.workbook.data_dictionary import FACT_TYPES, FactDefinition
from referee.workbook.decision_sheets import CHANGE_COLUMNS, FACT_COLUMNS, LABELS, MODEL_COLUMNS
from referee.workbook.decision_workbook import Change, ModelDefinition, Settings, WorkbookTest
from referee.workbook.excel_file import save_workbook
from referee.workbook.route_table import ROUTES
from referee.workbook.sheets import add_dropdown, fill_table

_INPUT, _OUTPUT, _ANNOTATION, _HEAD = "2F5597", "548235", "7F7F7F", "1F3864"
_PALE = {"input": "DEEAF6", "output": "E2EFDA", "annotation": "EDEDED"}
_COLOURS = {"input": _INPUT, "output": _OUTPUT, "annotation": _ANNOTATION}
_SPARE_ROWS = 200
"""Rows below the written ones for which drop-downs are prepared."""

_HIT_POLICY_HELP = {
    HitPolicy.UNIQUE: "Unique: at most one rule may match a case; two matching rules are doubt.",
    HitPolicy.ANY: "Any: several rules may match if they give the same result; else it is doubt.",
    HitPolicy.PRIORITY: "Priority: of the rules that match, the one whose output is first in `values` counts.",
    HitPolicy.FIRST: "First: the first rule that matches counts, from top to bottom; order matters.",
    HitPolicy.RULE_ORDER: "Rule order: all matching rules count, as a list in table order.",
    HitPolicy.OUTPUT_ORDER: "Output order: all matching rules count, as a list in the order of `values`.",
    HitPolicy.COLLECT: "Collect: all matching rules count, as a list.",
    HitPolicy.COLLECT_SUM: "Collect sum: the outputs of all matching rules are added up.",
    HitPolicy.COLLECT_MIN: "Collect min: the smallest output of all matching rules.",
    HitPolicy.COLLECT_MAX: "Collect max: the largest output of all matching rules.",
    HitPolicy.COLLECT_COUNT: "Collect count: how many rules match.",
}
_CELL_HELP = (
    'A cell tests the value of its column: 5000, <= 5000, [2..8), "low","medium", not("high"), null; '
    "- or nothing matches everything."
)


@dataclass(frozen=True, slots=True)
class TableDraft:
    """A decision table to write. Each rule lists its input cells, output cells and annotations in column
    order.

    Cells are Python values, or text as a person would type it; None is a blank cell. ``values`` gives the
    allowed values of columns by heading. ``sheet`` is the name of the sheet, the table's own name without
    it.
    """

    name: str
    hit_policy: HitPolicy
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    rules: tuple[tuple[Any, ...], ...]
    annotations: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""

    def __post_init__(self) -> None:
        width = len(self.inputs) + len(self.outputs) + len(self.annotations)
        for number, rule in enumerate(self.rules, 1):
            if len(rule) != width:
                raise ValueError(f"rule {number} of {self.name} has {len(rule)} cells, not {width}")


@dataclass(frozen=True, slots=True)
class WorkbookDraft:
    """A decision workbook to write, sheet by sheet. Places of its parts are not used."""

    settings: Settings
    facts: tuple[FactDefinition, ...]
    tables: tuple[TableDraft, ...]
    models: tuple[ModelDefinition, ...] = ()
    tests: tuple[WorkbookTest, ...] = ()
    changes: tuple[Change, ...] = ()


def write_workbook(path: str | Path, draft: WorkbookDraft) -> None:
    """Writes the workbook; ``read_workbook`` gives back what was drafted. An existing file is replaced in
    one step.

    Nothing is checked but the shape of the tables: read the file to learn its faults. Raises InputError
    where the file can't be written.
    """
    from openpyxl import Workbook

    workbook = Workbook()
    decision: Any = workbook.active
    decision.title = "Decision"
    _write_settings(decision, draft)
    _write_facts(workbook.create_sheet("Facts"), draft.facts)
    _write_models(workbook.create_sheet("Models"), draft.models)
    for table in draft.tables:
        _write_table(workbook.create_sheet(table.sheet or table.name), table)
    _write_tests(workbook.create_sheet("Tests"), draft)
    _write_changes(workbook.create_sheet("Changes"), draft.changes)
    save_workbook(workbook, Path(path))


def _write_settings(worksheet: Any, draft: WorkbookDraft) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    settings = draft.settings
    values = (
        settings.name,
        settings.version,
        settings.owner,
        settings.purpose,
        settings.case_id,
        settings.route_table,
        settings.doubt_queue,
        settings.effective_from,
        settings.effective_to,
    )
    helps = {
        "Case id": "The fact that tells one case from another.",
        "Route table": "The table that gives route, action, queue and reason.",
        "In doubt": "The queue of people who get every case that can't be decided with certainty.",
        "Effective from": "The first day on which this decision may be used; blank for any.",
        "Effective to": "The last day on which this decision may be used; blank for any.",
    }
    for row, (label, value) in enumerate(zip(LABELS, values, strict=True), 1):
        head, cell = worksheet.cell(row, 1), worksheet.cell(row, 2)
        put(head, label)
        head.font = Font(bold=True, color="FFFFFF")
        head.fill = PatternFill("solid", start_color=_HEAD)
        put(cell, value or None)
        cell.alignment = Alignment(wrap_text=True, vertical="top", horizontal="left")
        if label in helps:
            _comment(head, helps[label])
    worksheet.column_dimensions["A"].width = 18
    worksheet.column_dimensions["B"].width = 80
    if draft.facts:
        add_dropdown(
            worksheet, _cell_of("Case id"), [fact.name for fact in draft.facts if not fact.protected]
        )
    if draft.tables:
        add_dropdown(worksheet, _cell_of("Route table"), [table.name for table in draft.tables])


def _cell_of(label: str) -> str:
    return f"B{LABELS.index(label) + 1}"


def _write_facts(worksheet: Any, facts: Sequence[FactDefinition]) -> None:
    rows = [
        [
            fact.name,
            fact.type,
            fact.allowed_values or None,
            _yes_no(fact.required),
            _yes_no(fact.sensitive),
            _yes_no(fact.protected),
            _yes_no(fact.volatile),
            fact.description or None,
        ]
        for fact in facts
    ]
    last = fill_table(worksheet, FACT_COLUMNS, rows, widths={"allowed values": 34, "description": 70})
    area = f"{{0}}2:{{0}}{last + _SPARE_ROWS}"
    add_dropdown(worksheet, area.format("B"), FACT_TYPES)
    for letter in "DEFG":
        add_dropdown(worksheet, area.format(letter), ("yes", "no"))
    helps = {
        "C": 'FEEL unary tests, such as [0..1000000] or "EUR","USD". A value outside them is doubt.',
        "D": "yes: a case without this fact goes to people.",
        "E": "yes: the value is kept out of messages and stored in the audit log as a keyed hash.",
        "F": "yes: no table and no model may use this fact.",
        "G": "yes: it changes from day to day, and a case in work stays the same case all the same.",
    }
    for letter, text in helps.items():
        _comment(worksheet[f"{letter}1"], text)


def _write_models(worksheet: Any, models: Sequence[ModelDefinition]) -> None:
    rows = [[model.node, model.folder, model.version or None, ", ".join(model.facts)] for model in models]
    fill_table(worksheet, MODEL_COLUMNS, rows, widths={"name": 24, "folder": 24, "facts": 90})
    _comment(worksheet["A1"], "Tables use it as name.label, name.confidence and name.probabilities.<label>.")
    _comment(worksheet["C1"], "The approved version; blank accepts the version that the model's card states.")
    _comment(worksheet["D1"], "The facts the model is given, with commas between them.")


def _write_table(worksheet: Any, table: TableDraft) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    kinds = (
        ["input"] * len(table.inputs)
        + ["output"] * len(table.outputs)
        + ["annotation"] * len(table.annotations)
    )
    headings = [*table.inputs, *table.outputs, *table.annotations]
    thin, line = Side("thin", color="BFBFBF"), Side("medium", color="404040")
    white, wrapped = Font(bold=True, color="FFFFFF"), Alignment(wrap_text=True, vertical="top")
    put(worksheet.cell(1, 1), table.name)
    worksheet.cell(1, 1).font = Font(bold=True, size=14)
    put(worksheet.cell(2, 1), table.hit_policy.value)
    worksheet.cell(2, 1).font = Font(bold=True, size=12)
    worksheet.cell(2, 1).alignment = Alignment(horizontal="center")
    _comment(worksheet.cell(2, 1), _HIT_POLICY_HELP[table.hit_policy])
    put(worksheet.cell(3, 1), "rule")
    first = 4
    if table.values:
        put(worksheet.cell(4, 1), "values")
        worksheet.cell(4, 1).font = Font(italic=True)
        first = 5
    for column, (kind, heading) in enumerate(zip(kinds, headings, strict=True), 2):
        for row, text in ((2, kind.capitalize()), (3, heading)):
            cell = worksheet.cell(row, column)
            put(cell, text)
            cell.font = white
            cell.fill = PatternFill("solid", start_color=_COLOURS[kind])
            cell.alignment = wrapped
        if table.values:
            cell = worksheet.cell(4, column)
            put(cell, table.values.get(heading))
            cell.font = Font(italic=True)
            cell.fill = PatternFill("solid", start_color=_PALE[kind])
            cell.alignment = wrapped
    _comment(worksheet.cell(3, 2), _CELL_HELP)
    for number, rule in enumerate(table.rules, 1):
        row = first + number - 1
        put(worksheet.cell(row, 1), number)
        worksheet.cell(row, 1).alignment = Alignment(horizontal="center", vertical="top")
        for column, value in enumerate(rule, 2):
            put(worksheet.cell(row, column), value)
            worksheet.cell(row, column).alignment = wrapped
    last = first + len(table.rules) - 1
    for row in range(2, last + 1):
        for column in range(1, len(headings) + 2):
            starts = column > 2 and kinds[column - 2] != kinds[column - 3]
            left = line if starts or column == 2 else thin
            worksheet.cell(row, column).border = Border(left=left, right=thin, top=thin, bottom=thin)
    worksheet.column_dimensions["A"].width = 9
    for column, heading in enumerate(headings, 2):
        texts = [heading, *(str(rule[column - 2]) for rule in table.rules if rule[column - 2] is not None)]
        longest = max(len(text) for text in texts) + 3
        worksheet.column_dimensions[column_letters(column)].width = min(max(longest, 12), 48)
    worksheet.freeze_panes = worksheet.cell(first, 2)
    add_dropdown(worksheet, "A2", [policy.value for policy in HitPolicy])
    add_dropdown(
        worksheet, f"B2:{column_letters(len(headings) + 1)}2", [kind.capitalize() for kind in _COLOURS]
    )
    if "route" in table.outputs:
        letter = column_letters(headings.index("route") + 2)
        add_dropdown(worksheet, f"{letter}{first}:{letter}{last + _SPARE_ROWS}", ROUTES)


def _write_tests(worksheet: Any, draft: WorkbookDraft) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    tests = draft.tests
    scores = [_flat(test.scores) for test in tests]
    known = [fact.name for fact in draft.facts]
    used = {name for test in tests for name in test.facts}
    columns: list[tuple[str, str]] = [("Test", "name")]
    columns += [("Fact", name) for name in known if name in used]
    columns += [("Score", name) for name in dict.fromkeys(name for score in scores for name in score)]
    columns += [
        ("Expected", name) for name in dict.fromkeys(name for test in tests for name in test.expected)
    ]
    colours = {"Test": _HEAD, "Fact": _INPUT, "Score": "BF8F00", "Expected": _OUTPUT}
    for number, (kind, heading) in enumerate(columns, 1):
        for row, text in ((1, kind), (2, heading)):
            cell = worksheet.cell(row, number)
            put(cell, text)
            cell.font = Font(bold=True, color="FFFFFF")
            cell.fill = PatternFill("solid", start_color=colours[kind])
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        worksheet.column_dimensions[column_letters(number)].width = 46 if kind == "Test" else 15
    for row, (test, score) in enumerate(zip(tests, scores, strict=True), 3):
        values = {"Test": {"name": test.name}, "Fact": test.facts, "Score": score, "Expected": test.expected}
        for number, (kind, heading) in enumerate(columns, 1):
            put(worksheet.cell(row, number), values[kind].get(heading))
    worksheet.freeze_panes = worksheet.cell(3, 2)
    _comment(
        worksheet.cell(1, 1),
        "One case per row. A blank fact is a missing one; a blank expectation is not checked. "
        "A score stands in for what the model would say.",
    )


def _flat(scores: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Scores by heading: ``review model.label``, ``review model.probabilities.touch``."""
    flat: dict[str, Any] = {}
    for node, score in scores.items():
        for part, value in score.items():
            if isinstance(value, Mapping):
                flat |= {f"{node}.{part}.{label}": probability for label, probability in value.items()}
            else:
                flat[f"{node}.{part}"] = value
    return flat


def _write_changes(worksheet: Any, changes: Sequence[Change]) -> None:
    rows = [
        [item.version, item.date, item.author, item.approver or None, item.what, item.why] for item in changes
    ]
    fill_table(worksheet, CHANGE_COLUMNS[:6], rows, widths={"what": 60, "why": 60})


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


def _comment(cell: Any, text: str) -> None:
    from openpyxl.comments import Comment

    comment = Comment(text, "Referee")
    comment.width, comment.height = 320, 90
    cell.comment = comment
