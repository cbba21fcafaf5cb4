"""How each cell of a decision table is read: as FEEL, as an Excel value, or as the text itself; never by
guessing.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any

from referee.domain import CellAddress, Diagnostic
from referee.feel import (
    Expression,
    FeelSyntaxError,
    UnaryTests,
    compile_expression,
    compile_unary_tests,
)
from referee.workbook.customary_writing import number_mend
from referee.workbook.grid import GridCell
from referee.workbook.moments_in_text import impossible_moment, moment_mend, moments
from referee.workbook.number_readings import two_number_readings
from referee.workbook.samples import samples, value_type
from referee.workbook.written_text import cited, feel_text, quoted


class ReadAs(StrEnum):
    """How the content of a cell was taken."""

    FEEL = "FEEL"
    TEXT = "text, taken as the string itself"
    NUMBER = "Excel number"
    DATE = "Excel date"
    TIME = "Excel time"
    DATE_AND_TIME = "Excel date and time"
    BOOLEAN = "Excel true or false"
    ANY = "any value"
    BLANK = "no value"


@dataclass(frozen=True, slots=True)
class CellReading:
    """One cell of a table: what was written, the FEEL text it was read as (empty for no value), and how."""

    place: CellAddress
    written: str
    feel: str
    read_as: ReadAs


class CellKind(StrEnum):
    """What a cell holds: unary tests on its column's input, or an expression for its column's output."""

    INPUT = "input"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class ColumnSense:
    """What is known of the column a cell stands in.

    ``type`` is a FEEL type, empty when it can't be told; ``choices`` the strings it may hold, empty for any;
    ``names`` all names in scope; ``may_be_blank`` whether an output may be left out; ``table`` the table it is in.
    """

    kind: CellKind
    heading: str
    type: str = ""
    choices: tuple[str, ...] = ()
    names: frozenset[str] = field(default_factory=frozenset)
    may_be_blank: bool = False
    table: str = ""


class Misread(Exception):
    """A cell that can't be read: what was found and how to mend it, in one sentence, with the characters
    meant.
    """

    def __init__(self, code: str, message: str, span: tuple[int, int] | None = None) -> None:
        self.diagnostic = Diagnostic(code, message, span=span)
        super().__init__(message)

    def citing(self, text: str) -> Misread:
        """The same with no more of a cell's text than a message should quote."""
        found = self.diagnostic
        short = cited(text)
        return Misread(found.code, found.message.replace(text, short), found.span) if short != text else self


def read_cell(cell: GridCell, column: ColumnSense) -> CellReading:
    """How a cell is read. Raises ``Misread`` where the text is not FEEL and not plain text, or has two
    readings.
    """
    written = "" if cell.value is None else str(cell.value)
    if cell.value is None:
        return _blank(cell.place, column)
    if not isinstance(cell.value, str):
        feel, read_as = _excel_value(cell.value, column)
        return CellReading(cell.place, written, feel, read_as)
    text = feel_text(cell.value)
    if text == "-":
        if column.kind is CellKind.OUTPUT and not column.may_be_blank:
            raise Misread(
                "output-missing", f"the rule gives no value for `{column.heading}`; write one, or null"
            )
        read_as = ReadAs.ANY if column.kind is CellKind.INPUT else ReadAs.BLANK
        return CellReading(cell.place, written, "-" if column.kind is CellKind.INPUT else "", read_as)
    try:
        feel, read_as = _text(text, column)
    except Misread as misread:
        raise misread.citing(text) from None
    return CellReading(cell.place, written, feel, read_as)


def _blank(place: CellAddress, column: ColumnSense) -> CellReading:
    if column.kind is CellKind.INPUT:
        return CellReading(place, "", "-", ReadAs.ANY)
    if column.may_be_blank:
        return CellReading(place, "", "", ReadAs.BLANK)
    raise Misread("output-missing", f"the rule gives no value for `{column.heading}`; write one, or null")


# --- values that Excel keeps as such
# ---------------------------------------------------------------------------


def excel_literal(value: Any) -> tuple[str, str, ReadAs]:
    """The FEEL text and type of a number, date, time or truth value of Excel."""
    if isinstance(value, bool):
        return ("true" if value else "false"), "boolean", ReadAs.BOOLEAN
    if isinstance(value, Decimal):
        return format(value, "f"), "number", ReadAs.NUMBER
    if isinstance(value, datetime.datetime):
        text = value.isoformat(timespec="auto")
        return f'date and time("{text}")', "date and time", ReadAs.DATE_AND_TIME
    if isinstance(value, datetime.date):
        return f'date("{value.isoformat()}")', "date", ReadAs.DATE
    if isinstance(value, datetime.time):
        return f'time("{value.isoformat()}")', "time", ReadAs.TIME
    days = Decimal(value.days) + Decimal(value.seconds) / 86400
    return f'duration("PT{int(days * 86400)}S")', "days and time duration", ReadAs.TIME


def _excel_value(value: Any, column: ColumnSense) -> tuple[str, ReadAs]:
    feel, kind, read_as = excel_literal(value)
    if column.type in ("", "Any", kind):
        return feel, read_as
    what = "tests" if column.kind is CellKind.INPUT else "gives"
    shown = feel if kind in ("number", "boolean") else str(value)
    if column.type == "string":
        raise Misread(
            "cell-type",
            f"the cell holds the {kind} {shown}, but the column `{column.heading}` {what} text; "
            f"write {quoted(shown)} with the quotes if you mean the text",
        )
    raise Misread(
        "cell-type",
        f"the cell holds the {kind} {shown}, but the column `{column.heading}` {what} a {column.type}; "
        f"write a {column.type}",
    )


# --- text
# ------------------------------------------------------------------------------------------------------

_NOT_PLAIN = re.compile(r'[<>=\[\](){}"!?*^|\\`]|\.\.')
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_CONNECTIVES = frozenset({"not", "and", "or", "in", "between"})


def _text(text: str, column: ColumnSense) -> tuple[str, ReadAs]:
    if column.type != "string" and '"' not in text:
        refused = two_number_readings(text, is_test=column.kind is CellKind.INPUT)
        if refused is not None:
            raise Misread(*refused)
    if column.type == "date" and _ISO_DATE.fullmatch(text):
        (day,) = moments(text, "date")
        if day.wrong:
            raise Misread("cell-value", f"`{text}` {day.wrong}")
        return day.literal, ReadAs.FEEL
    plain = is_plain(text)
    try:
        compiled = compiled_cell(text, column)
    except FeelSyntaxError as error:
        if plain and column.type == "string":
            return _plain_text(text, column), ReadAs.TEXT
        raise _not_feel(text, column, error, plain) from None
    unknown = sorted(set(compiled.names) - column.names - {"?"})
    if unknown:
        if plain and column.type == "string":
            return _plain_text(text, column), ReadAs.TEXT
        raise _unknown_name(text, unknown[0], column, plain)
    if plain and column.type == "string" and text != "null":
        raise _two_readings(text, column, compiled)
    impossible = impossible_moment(text, column.names, column.kind is CellKind.INPUT)
    if impossible is not None:
        raise Misread("cell-value", *impossible)
    _refuse_unfit(text, column, compiled)
    return text, ReadAs.FEEL


def is_plain(text: str) -> bool:
    """Whether a text is words and numbers only, without any sign that FEEL gives a meaning between words."""
    return text[:1].isalnum() and not _NOT_PLAIN.search(text)


def compiled_cell(text: str, column: ColumnSense) -> Expression | UnaryTests:
    """The text as FEEL with the names in scope; raises ``FeelSyntaxError``."""
    compiled = _compiled(text, column.kind, column.names)
    if isinstance(compiled, FeelSyntaxError):
        raise compiled
    return compiled


@lru_cache(maxsize=4096)  # a cell is looked at for its column's type, then read, then checked
def _compiled(text: str, kind: CellKind, names: frozenset[str]) -> Expression | UnaryTests | FeelSyntaxError:
    try:
        return compile_unary_tests(text, names) if kind is CellKind.INPUT else compile_expression(text, names)
    except FeelSyntaxError as error:
        return error


def _plain_text(text: str, column: ColumnSense) -> str:
    """The string literal of a text that is no FEEL, unless it may also be several strings or none that is
    allowed.
    """
    if text in column.choices:
        return quoted(text)
    if column.kind is CellKind.INPUT:
        parts = [part.strip() for part in text.split(",")]
        if len(parts) > 1:
            several = ", ".join(quoted(part) for part in parts)
            if column.choices and all(part in column.choices for part in parts):
                return several
            raise Misread(
                "cell-ambiguous",
                f"`{text}` can be read as the values {several} or as the one text {quoted(text)}; "
                "write one of these",
            )
        words = _CONNECTIVES & set(text.split())
        if words:
            raise Misread(
                "cell-ambiguous",
                f"`{text}` can be read as a condition with `{min(words)}` or as the text {quoted(text)}; "
                'write the text in quotes, or the condition as FEEL, such as `not("high")` or `"low","high"`',
            )
    if column.choices:
        choices = ", ".join(quoted(choice) for choice in column.choices)
        raise Misread(
            "cell-not-allowed",
            f"`{text}` is none of the values of `{column.heading}`{did_you_mean(text, column.choices)}; "
            f"it has {choices}",
        )
    return quoted(text)


def _two_readings(text: str, column: ColumnSense, compiled: Expression | UnaryTests) -> Misread:
    names = sorted(set(compiled.names) & column.names)
    if names:
        other = f"the value of `{names[0]}`" if names[0] == text else f"an expression with `{names[0]}`"
        return Misread(
            "cell-ambiguous",
            f"`{text}` can be read as the text {quoted(text)} or as {other}; "
            f"write {quoted(text)} or ({text})",
        )
    return Misread(
        "cell-ambiguous",
        f"`{text}` can be read as the text {quoted(text)} or as the FEEL value {text}, "
        f"and the column `{column.heading}` holds text; write {quoted(text)}",
    )


def _not_feel(text: str, column: ColumnSense, error: FeelSyntaxError, plain: bool) -> Misread:
    mend = number_mend(text) if column.type != "string" else None
    if mend is not None:
        return Misread("cell-syntax", *mend)
    moment = moment_mend(text, column.type)
    if moment is not None:
        meant, span = moment
        if plain and column.type in ("", "Any"):
            meant += f", or {quoted(text)} with the quotes if you mean the text"
        return Misread("cell-syntax", f"`{text}` can't be read: {meant}", span)
    if plain and column.type and column.type != "string":
        close = did_you_mean(text, column.names)
        what = "tests" if column.kind is CellKind.INPUT else "gives"
        return Misread(
            "cell-type",
            f"`{text}` is text, but the column `{column.heading}` {what} a {column.type}{close}; {error.message}",
            error.span,
        )
    if plain:
        return Misread(
            "cell-syntax",
            f"`{text}` is not FEEL ({error.message}); "
            f"write {quoted(text)} with the quotes if you mean the text",
            error.span,
        )
    spot = text[error.span[0] : error.span[1]].strip()
    at = f" at `{spot}`" if spot and spot != text else ""
    return Misread("cell-syntax", f"`{text}` can't be read{at}: {error.message}", error.span)


def _unknown_name(text: str, name: str, column: ColumnSense, plain: bool) -> Misread:
    if name == column.table:
        return Misread("table-cycle", f"`{text}` uses the table `{name}` in itself")
    quotes = ""
    if plain and column.type in ("", "Any"):
        quotes = f"; write {quoted(text)} with the quotes if you mean the text"
    elif column.type == "boolean" and text.casefold() in ("yes", "no"):
        quotes = "; write true or false"
    return Misread(
        "unknown-name",
        f"`{text}` uses the name `{name}`, which is no fact, model or table"
        f"{did_you_mean(name, column.names)}{quotes}",
    )


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """`` (did you mean `amount`?)`` where a candidate is close, else nothing."""
    folded = {candidate.casefold(): candidate for candidate in candidates}
    close = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.7)
    return f" (did you mean `{folded[close[0]]}`?)" if close else ""


# --- does the cell fit the type of its column
# -----------------------------------------------------------------------


def _refuse_unfit(text: str, column: ColumnSense, compiled: Expression | UnaryTests) -> None:
    if not set(compiled.names) <= {"?"}:
        return
    if isinstance(compiled, UnaryTests):
        _refuse_unfit_tests(text, column, compiled)
        return
    noticed: list[Diagnostic] = []
    value = compiled({}, noticed)
    doubts = [diagnostic for diagnostic in noticed if diagnostic.is_doubt]
    if doubts:
        raise Misread("cell-value", f"`{text}` has no value: {doubts[0].message}", doubts[0].span)
    if column.type not in ("", "Any") and value is not None:
        kind = value_type(value)
        if kind != column.type:
            mend = moment_mend(text, column.type)
            raise Misread(
                "cell-type",
                f"`{text}` is a {kind}, but the column `{column.heading}` gives a {column.type}; "
                + (f"write a {column.type}" if mend is None else mend[0]),
            )
    if column.choices and isinstance(value, str) and value not in column.choices:
        choices = ", ".join(quoted(choice) for choice in column.choices)
        hint = did_you_mean(value, column.choices)
        raise Misread(
            "cell-not-allowed",
            f"`{text}` is none of the values of `{column.heading}`{hint}; it has {choices}",
        )


def _refuse_unfit_tests(text: str, column: ColumnSense, tests: UnaryTests) -> None:
    if column.choices:
        results = [tests(choice, {}, []) for choice in column.choices]
        if not any(results) and tests(None, {}, []) is not True:
            choices = ", ".join(quoted(choice) for choice in column.choices)
            hint = did_you_mean(text.strip('"'), column.choices)
            raise Misread(
                "cell-not-allowed",
                f"`{text}` matches none of the values of `{column.heading}`{hint}; it has {choices}",
            )
        return
    tried = samples(column.type)
    reasons: list[Diagnostic] = []
    if tried and all(tests(sample, {}, reasons) is None for sample in tried):
        why = f": {reasons[0].message}" if reasons else ""
        mend = moment_mend(text, column.type)
        why += "" if mend is None else f"; {mend[0]}"
        raise Misread(
            "cell-type",
            f"`{text}` can't be tested against a {column.type}, which the column `{column.heading}` holds{why}",
            reasons[0].span if reasons else None,
        )
