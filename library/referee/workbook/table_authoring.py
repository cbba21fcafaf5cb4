"""Writing a decision table as a sheet that explains itself: colours by kind of column, drop-downs, comments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from referee.tables import HitPolicy
from referee.workbook.cell_place import column_letters
from referee.workbook.cell_value import put
from referee.workbook.data_dictionary import enumerated
from referee.workbook.sheet_looks import (
    ANNOTATION_COLOUR,
    INPUT_COLOUR,
    OUTPUT_COLOUR,
    SPARE_ROWS,
    comment,
)
from referee.workbook.sheets import add_dropdown

_PALE = {"input": "DEEAF6", "output": "E2EFDA", "annotation": "EDEDED"}
_COLOURS = {"input": INPUT_COLOUR, "output": OUTPUT_COLOUR, "annotation": ANNOTATION_COLOUR}
_HIT_POLICY_HELP = {
    HitPolicy.UNIQUE: "Unique. At most one rule may match a case; two matching rules are doubt.",
    HitPolicy.ANY: "Any. Several rules may match if they give the same result; else it is doubt.",
    HitPolicy.PRIORITY: "Priority. Of the rules that match, the one whose output is first in `values` counts.",
    HitPolicy.FIRST: "First. The first rule that matches counts, from top to bottom; order matters.",
    HitPolicy.RULE_ORDER: "Rule order. All matching rules count, as a list in table order.",
    HitPolicy.OUTPUT_ORDER: "Output order. All matching rules count, as a list in the order of `values`.",
    HitPolicy.COLLECT: "Collect. All matching rules count, as a list.",
    HitPolicy.COLLECT_SUM: "Collect sum. The outputs of all matching rules are added up.",
    HitPolicy.COLLECT_MIN: "Collect min. The smallest output of all matching rules.",
    HitPolicy.COLLECT_MAX: "Collect max. The largest output of all matching rules.",
    HitPolicy.COLLECT_COUNT: "Collect count. How many rules match.",
}
_KIND_HELP = {
    "input": (
        "Input: what is tested; the name of a fact, a model or another table stands below. A cell tests it: "
        '5000, <= 5000, [2..8), "low","medium", not("high"), null; - or nothing matches everything. A rule '
        "matches when all its input cells do."
    ),
    "output": "Output: what a rule gives when it matches: a value, a text, or a FEEL expression with names.",
    "annotation": "Annotation: a remark for people. It decides nothing, and is written to the audit log.",
}


@dataclass(frozen=True, slots=True)
class ColumnHelp:
    """What is known of a name that columns may be headed with, and the values to choose from."""

    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableDraft:
    """A decision table to write. Each rule lists its input cells, output cells and annotations in column
    order.

    Cells are Python values, or text as a person would type it; None is a blank cell. ``values`` gives the
    allowed values of columns by heading, ``defaults`` what outputs give where no rule matches. ``sheet`` is
    the name of the sheet, the table's own name without it.
    """

    name: str
    hit_policy: HitPolicy
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    rules: tuple[tuple[Any, ...], ...]
    annotations: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        width = len(self.inputs) + len(self.outputs) + len(self.annotations)
        for number, rule in enumerate(self.rules, 1):
            if len(rule) != width:
                raise ValueError(f"rule {number} of {self.name} has {len(rule)} cells, not {width}")


def write_table_sheet(worksheet: Any, table: TableDraft, columns: Mapping[str, ColumnHelp]) -> None:
    """The sheet of a decision table. ``columns`` says what is known of the names that its columns may have."""
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    kinds = (
        ["input"] * len(table.inputs)
        + ["output"] * len(table.outputs)
        + ["annotation"] * len(table.annotations)
    )
    headings = [*table.inputs, *table.outputs, *table.annotations]
    thin, line = Side("thin", color="BFBFBF"), Side("medium", color="404040")
    white, wrapped = (
        Font("Calibri", 11, bold=True, color="FFFFFF"),
        Alignment(wrap_text=True, vertical="top", horizontal="left"),
    )
    put(worksheet.cell(1, 1), table.name)
    worksheet.cell(1, 1).font = Font("Calibri", 14, bold=True)
    put(worksheet.cell(2, 1), table.hit_policy.value)
    worksheet.cell(2, 1).font = Font("Calibri", 12, bold=True)
    worksheet.cell(2, 1).alignment = Alignment(horizontal="center")
    comment(worksheet.cell(2, 1), _hit_policy_help(table.hit_policy))
    put(worksheet.cell(3, 1), "rule")
    special = [row for row in (("values", table.values), ("default", table.defaults)) if row[1]]
    first = 4 + len(special)
    for row, (name, _) in enumerate(special, 4):
        put(worksheet.cell(row, 1), name)
        worksheet.cell(row, 1).font = Font("Calibri", 11, italic=True)
    for column, (kind, heading) in enumerate(zip(kinds, headings, strict=True), 2):
        for row, text in ((2, kind.capitalize()), (3, heading)):
            cell = worksheet.cell(row, column)
            put(cell, text)
            cell.font = white
            cell.fill = PatternFill("solid", start_color=_COLOURS[kind])
            cell.alignment = wrapped
        for row, (_, cells) in enumerate(special, 4):
            cell = worksheet.cell(row, column)
            put(cell, cells.get(heading))
            cell.font = Font("Calibri", 11, italic=True)
            cell.fill = PatternFill("solid", start_color=_PALE[kind])
            cell.alignment = wrapped
    for column, (kind, heading) in enumerate(zip(kinds, headings, strict=True), 2):
        if kind not in kinds[: column - 2]:
            comment(worksheet.cell(2, column), _KIND_HELP[kind])
        known = columns.get(heading)
        if known is not None and kind != "annotation":
            comment(worksheet.cell(3, column), known.text)
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
        texts = [
            heading,
            table.values.get(heading, ""),
            *(str(rule[column - 2]) for rule in table.rules if rule[column - 2] is not None),
        ]
        longest = max(len(text) for text in texts) + 3
        worksheet.column_dimensions[column_letters(column)].width = min(max(longest, 12), 48)
    worksheet.freeze_panes = worksheet.cell(first, 2)
    add_dropdown(worksheet, "A2", [policy.value for policy in HitPolicy])
    add_dropdown(
        worksheet, f"B2:{column_letters(len(headings) + 1)}2", [kind.capitalize() for kind in _COLOURS]
    )
    for column, (kind, heading) in enumerate(zip(kinds, headings, strict=True), 2):
        known = columns.get(heading)
        own = enumerated(table.values.get(heading, ""))
        choices = own or (known.choices if known is not None else ())
        if choices and kind != "annotation":
            offered = (*choices, "-") if kind == "input" else choices
            letter = column_letters(column)
            is_route = kind == "output" and heading == "route" and not own
            area = f"{letter}{first}:{letter}{last + SPARE_ROWS}"
            # an input cell may also hold a list, a negation or an expression, which no drop-down can offer
            add_dropdown(worksheet, area, offered, is_strict=is_route)
    worksheet.sheet_properties.tabColor = OUTPUT_COLOUR


def _hit_policy_help(chosen: HitPolicy) -> str:
    others = "\n".join(f"{policy.value}: {text}" for policy, text in _HIT_POLICY_HELP.items())
    return f"{chosen.value}: {_HIT_POLICY_HELP[chosen]}\n\nThe hit policies:\n{others}"
