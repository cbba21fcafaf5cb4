"""The type of a column, as far as its own cells tell it."""

from __future__ import annotations

from collections.abc import Sequence

from referee.feel import FeelSyntaxError, UnaryTests
from referee.workbook.cell_reading import CellKind, ColumnSense, compiled_cell, excel_literal, is_plain
from referee.workbook.grid import GridCell
from referee.workbook.samples import SAMPLED_TYPES, samples, value_type
from referee.workbook.written_text import feel_text


def literal_type(cell: GridCell, kind: CellKind, names: frozenset[str]) -> str:
    """The type that a cell speaks for by itself: a constant's type, ``""`` for a cell that says nothing.

    ``text`` means plain text that is no FEEL; it reads as a string only where nothing else speaks for
    another type.
    """
    if cell.value is None:
        return ""
    if not isinstance(cell.value, str):
        return excel_literal(cell.value)[1]
    text = feel_text(cell.value)
    if text in ("-", "null"):
        return ""
    try:
        compiled = compiled_cell(text, ColumnSense(kind, "", names=names))
    except FeelSyntaxError:
        return "text" if is_plain(text) else ""
    free = set(compiled.names) - {"?"}
    if free:
        return "text" if free - names and is_plain(text) else ""
    if isinstance(compiled, UnaryTests):
        fitting = [
            name
            for name in SAMPLED_TYPES
            if any(compiled(sample, {}, []) is not None for sample in samples(name))
        ]
        return fitting[0] if len(fitting) == 1 else ""
    value = compiled({}, [])
    return "" if value is None else value_type(value)


def common_type(types: Sequence[str]) -> str:
    """The one type all cells of a column speak for; plain text makes a column of strings only if nothing
    contradicts.
    """
    spoken = {name for name in types if name}
    if spoken <= {"text", "string"}:
        return "string" if spoken else ""
    spoken.discard("text")
    return spoken.pop() if len(spoken) == 1 else ""
