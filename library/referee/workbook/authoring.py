"""Writing a decision workbook that people go on editing: styled, with drop-downs and a word of help where
it's needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from referee.audit.sensitive import ENCRYPT, HASH, MASK
from referee.workbook.cell_place import column_letters
from referee.workbook.cell_value import put
from referee.workbook.data_dictionary import FACT_TYPES, FactDefinition, enumerated
from referee.workbook.decision_sheets import (
    CHANGE_COLUMNS,
    CONTRIBUTIONS,
    FACT_COLUMNS,
    IF_UNAVAILABLE,
    LABELS,
    MODEL_COLUMNS,
    WITHOUT_MODEL,
)
from referee.workbook.decision_workbook import Change, ModelDefinition, Settings, WorkbookTest
from referee.workbook.excel_file import save_workbook
from referee.workbook.route_table import ROUTES
from referee.workbook.sheet_looks import (
    EXPECTED_COLOUR,
    FACT_COLOUR,
    HEAD_COLOUR,
    SCORE_COLOUR,
    SPARE_ROWS,
    comment,
    printed_on_one_page_width,
)
from referee.workbook.sheets import add_dropdown, add_dropdown_of, fill_table
from referee.workbook.table_authoring import ColumnHelp, TableDraft, write_table_sheet


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
    decision.sheet_properties.tabColor = HEAD_COLOUR
    _write_settings(decision, draft)
    _write_facts(workbook.create_sheet("Facts"), draft.facts)
    _write_models(workbook.create_sheet("Models"), draft.models)
    columns = _columns(draft)
    for table in draft.tables:
        write_table_sheet(workbook.create_sheet(table.sheet or table.name), table, columns)
    _write_tests(workbook.create_sheet("Tests"), draft, columns)
    _write_changes(workbook.create_sheet("Changes"), draft.changes)
    for worksheet in workbook.worksheets:
        printed_on_one_page_width(worksheet)
    save_workbook(workbook, Path(path))


def _columns(draft: WorkbookDraft) -> dict[str, ColumnHelp]:
    """What is known of the names that columns may be headed with: facts and results of tables."""
    columns: dict[str, ColumnHelp] = {}
    for fact in draft.facts:
        choices = ("TRUE", "FALSE") if fact.type == "boolean" else enumerated(fact.allowed_values)
        said = [fact.type, fact.allowed_values and f"allowed: {fact.allowed_values}", fact.description]
        columns[fact.name] = ColumnHelp("\n".join(filter(None, said)), choices)
    for table in draft.tables:
        for output in table.outputs:
            choices = enumerated(table.values.get(output, ""))
            if len(table.outputs) == 1:
                columns[table.name] = ColumnHelp(f"the result of the table `{table.name}`", choices)
            result = f"`{output}` of the table `{table.name}`"
            columns[f"{table.name}.{output}"] = ColumnHelp(result, choices)
    columns["route"] = ColumnHelp(
        "auto: a bot does it. exception: a playbook starts. human: people decide.", tuple(ROUTES)
    )
    return columns


def _write_settings(worksheet: Any, draft: WorkbookDraft) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    helps = {
        "Case id": "The fact that tells one case from another.",
        "Route table": "The table that gives route, action, queue and reason.",
        "In doubt": "The queue of people who get every case that can't be decided with certainty.",
        "Effective from": "The first day on which this decision may be used; blank for any.",
        "Effective to": "The last day on which this decision may be used; blank for any.",
    }
    for row, (label, value) in enumerate(zip(LABELS, astuple(draft.settings), strict=True), 1):
        head, cell = worksheet.cell(row, 1), worksheet.cell(row, 2)
        put(head, label)
        head.font = Font("Calibri", 11, bold=True, color="FFFFFF")
        head.fill = PatternFill("solid", start_color=HEAD_COLOUR)
        put(cell, value or None)
        cell.alignment = Alignment(wrap_text=True, vertical="top", horizontal="left")
        if label in helps:
            comment(head, helps[label])
    worksheet.column_dimensions["A"].width = 18
    worksheet.column_dimensions["B"].width = 80
    if draft.facts:
        last = len(draft.facts) + 1 + SPARE_ROWS
        said = "Please choose the name of a fact, as the Facts sheet has it."
        add_dropdown_of(worksheet, _cell_of("Case id"), f"'Facts'!$A$2:$A${last}", said)
    if draft.tables:
        names = [table.name for table in draft.tables]
        add_dropdown(worksheet, _cell_of("Route table"), names, is_strict=False)


def _cell_of(label: str) -> str:
    return f"B{LABELS.index(label) + 1}"


def _write_facts(worksheet: Any, facts: Sequence[FactDefinition]) -> None:
    rows = [
        [
            fact.name,
            fact.type,
            fact.allowed_values or None,
            _yes_no(fact.required),
            _sensitivity(fact),
            _yes_no(fact.protected),
            _yes_no(fact.volatile),
            fact.description or None,
        ]
        for fact in facts
    ]
    last = fill_table(worksheet, FACT_COLUMNS, rows, widths={"allowed values": 34, "description": 70})
    area = f"{{0}}2:{{0}}{last + SPARE_ROWS}"
    add_dropdown(worksheet, area.format("B"), FACT_TYPES)
    for letter in "DFG":
        add_dropdown(worksheet, area.format(letter), ("yes", "no"))
    logged = ("yes", "no", HASH, MASK, "mask 2", ENCRYPT)
    add_dropdown(
        worksheet, area.format("E"), logged, is_strict=False
    )  # a mask may leave other numbers of signs
    helps = {
        "C": 'FEEL unary tests, such as [0..1000000] or "EUR","USD". A value outside them is doubt.',
        "D": "yes: a case without this fact goes to people.",
        "E": "yes: the value is kept out of messages. The audit log holds of it a keyed hash (yes or hash), a mask "
        "(mask; mask 2 leaves its last two signs), or the encrypted value (encrypt), which a replay needs.",
        "F": "yes: no table and no model may use this fact.",
        "G": "yes: it changes from day to day, and a case in work stays the same case all the same.",
    }
    for letter, text in helps.items():
        comment(worksheet[f"{letter}1"], text)


def _write_models(worksheet: Any, models: Sequence[ModelDefinition]) -> None:
    rows = [[model.node, model.folder, model.version or None, ", ".join(model.facts)] for model in models]
    columns = list(MODEL_COLUMNS)
    if any(model.if_unavailable != WITHOUT_MODEL[0] for model in models):
        columns.append(IF_UNAVAILABLE)
        rows = [[*row, model.if_unavailable] for row, model in zip(rows, models, strict=True)]
    if any(model.contributions for model in models):
        columns.append(CONTRIBUTIONS)
        rows = [[*row, model.contributions or None] for row, model in zip(rows, models, strict=True)]
    fill_table(worksheet, columns, rows, widths={"name": 24, "folder": 24, "facts": 90})
    comment(worksheet["A1"], "Tables use it as name.label, name.confidence and name.probabilities.<label>.")
    comment(worksheet["C1"], "The approved version; blank accepts the version that the model's card states.")
    comment(worksheet["D1"], "The facts the model is given, with commas between them.")


def _write_tests(worksheet: Any, draft: WorkbookDraft, known_columns: Mapping[str, ColumnHelp]) -> None:
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
    colours = {"Test": HEAD_COLOUR, "Fact": FACT_COLOUR, "Score": SCORE_COLOUR, "Expected": EXPECTED_COLOUR}
    for number, (kind, heading) in enumerate(columns, 1):
        for row, text in ((1, kind), (2, heading)):
            cell = worksheet.cell(row, number)
            put(cell, text)
            cell.font = Font("Calibri", 11, bold=True, color="FFFFFF")
            cell.fill = PatternFill("solid", start_color=colours[kind])
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        worksheet.column_dimensions[column_letters(number)].width = 46 if kind == "Test" else 15
    for row, (test, score) in enumerate(zip(tests, scores, strict=True), 3):
        values = {"Test": {"name": test.name}, "Fact": test.facts, "Score": score, "Expected": test.expected}
        for number, (kind, heading) in enumerate(columns, 1):
            put(worksheet.cell(row, number), values[kind].get(heading))
            worksheet.cell(row, number).alignment = Alignment(vertical="top", horizontal="left")
    worksheet.freeze_panes = worksheet.cell(3, 2)
    worksheet.sheet_properties.tabColor = SCORE_COLOUR
    for number, (kind, heading) in enumerate(columns, 1):
        help_text = known_columns.get(heading)
        if help_text is None or kind not in ("Fact", "Expected"):
            continue
        comment(worksheet.cell(2, number), help_text.text)
        if help_text.choices:
            letter = column_letters(number)
            area = f"{letter}3:{letter}{len(tests) + 2 + SPARE_ROWS}"
            add_dropdown(worksheet, area, help_text.choices, is_strict=False)
    comment(
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


def _sensitivity(fact: FactDefinition) -> str:
    return _yes_no(fact.sensitive) if fact.logged_as == HASH else fact.sensitivity or "no"


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"
