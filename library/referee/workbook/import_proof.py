"""The proof that an imported workbook decides as its source: cell by cell, and table by table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from referee.domain import CellAddress, Diagnostic
from referee.feel import FeelSyntaxError, parse_expression, parse_unary_tests
from referee.feel.printer import to_text
from referee.tables import CellText, DecisionTable
from referee.workbook.decision_workbook import DecisionWorkbook
from referee.workbook.draft_of_definitions import ImportDraft
from referee.workbook.written_text import cited


def changes(workbook: DecisionWorkbook, made: ImportDraft) -> list[Diagnostic]:
    """What the workbook, as read again, says otherwise than its source; nothing where it decides the same.

    Compared are the cells of rules, allowed values and defaults, and of each table the hit policy, what its inputs
    test, the names of its outputs, which columns have allowed values and defaults, and the types that it declares.
    """
    names = (
        *workbook.dictionary.names,
        *(model.node for model in workbook.models),
        *(table.name for table in workbook.tables),
    )
    found = [*_changed_cells(workbook, made, names)]
    tables = {table.name: table for table in workbook.tables}
    for meant in made.tables:
        table = tables.get(meant.name)
        if table is None:
            found.append(Diagnostic("table-changed", f"the table `{meant.name}` is lost", place=meant.place))
        else:
            found += [
                Diagnostic("table-changed", f"the table `{meant.name}` {change}", place=meant.place)
                for change in _changed_table(workbook, table, meant, names)
            ]
    return found


def _changed_cells(
    workbook: DecisionWorkbook, made: ImportDraft, names: tuple[str, ...]
) -> Iterator[Diagnostic]:
    read = {(reading.place.sheet, reading.place.cell): reading for reading in workbook.readings}
    for address, source in made.cells.items():
        reading = read.get(address)
        meant = source.text.strip() or ("-" if source.is_test else "null")
        found = (reading.feel if reading is not None else "") or ("-" if source.is_test else "null")
        if _canonical(found, source.is_test, names) != _canonical(meant, source.is_test, names):
            message = (
                f"`{cited(meant)}` would be read as {cited(found)} in a workbook; write it as FEEL that says what is "
                "meant"
            )
            place = CellAddress(workbook.path.name, *address)
            yield Diagnostic("cell-changed", message, place=place)


def _changed_table(
    workbook: DecisionWorkbook, table: DecisionTable, meant: DecisionTable, names: tuple[str, ...]
) -> Iterator[str]:
    if table.hit_policy is not meant.hit_policy:
        yield f"would have the hit policy {table.hit_policy.value} in place of {meant.hit_policy.value}"
    if len(table.rules) != len(meant.rules):
        yield f"would have {len(table.rules)} rules in place of {len(meant.rules)}"
    for own, source in zip_longest(table.inputs, meant.inputs):
        if own is None or source is None:
            yield f"would have {len(table.inputs)} inputs in place of {len(meant.inputs)}"
            break
        tested = source.expression.text.strip()
        if _canonical(own.expression.text, False, names) != _canonical(tested, False, names):
            yield f"would test {own.expression.text} in place of {tested}"
        if _is_given(own.allowed_values) and not _is_given(source.allowed_values):
            yield f"tests `{tested}` twice, with allowed values in one column only; give both the same"
        fact = workbook.dictionary.fact(tested)
        if fact is not None and source.type and source.type != fact.type:
            yield f"tests `{tested}` as a {source.type}, and it is a {fact.type}; declare both the same"
    for result, declared in zip_longest(table.outputs, meant.outputs):
        if result is None or declared is None:
            yield f"would have {len(table.outputs)} outputs in place of {len(meant.outputs)}"
            break
        name = declared.name or meant.name
        if result.name != name:
            yield f"would give `{result.name}` in place of `{name}`"
        if _is_given(result.default) != _is_given(declared.default):
            yield f"would have another default for `{name}`"
        if result.type and declared.type and result.type != declared.type:
            yield (
                f"declares `{name}` a {declared.type}, and its cells give a {result.type}; declare what they give, or "
                f"write cells that give a {declared.type}"
            )


def _is_given(cell: CellText | None) -> bool:
    return cell is not None and cell.text.strip() not in ("", "-")


def _canonical(text: str, is_test: bool, names: tuple[str, ...]) -> str:
    try:
        return to_text(parse_unary_tests(text, names) if is_test else parse_expression(text, names))
    except FeelSyntaxError:
        return text
