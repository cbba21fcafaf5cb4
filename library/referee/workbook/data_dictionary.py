"""The data dictionary: which facts a case has, and whether the facts of one case can be trusted."""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from referee.domain import CellAddress, Diagnostic
from referee.feel import FeelSyntaxError, UnaryTests, compile_unary_tests, evaluate
from referee.feel.fault import Fault
from referee.feel.values.convert import to_feel
from referee.workbook.cell_value import (
    EXACT_DIGITS,
    UnreadableCell,
    exact_number,
    one_line,
    plain_spaces,
    written,
)
from referee.workbook.fact_text import boolean_from_text, date_from_text, number_from_text

FACT_TYPES = (
    "string",
    "number",
    "boolean",
    "date",
    "time",
    "date and time",
    "days and time duration",
    "years and months duration",
)


@dataclass(frozen=True, slots=True)
class FactDefinition:
    """One line of the data dictionary. ``allowed_values`` are FEEL unary tests; empty means every value of
    the type.

    A ``sensitive`` fact never appears as such in messages or the audit log, where it is ``logged_as`` a keyed ``hash``,
    a ``mask`` (``mask 2`` leaves its last two signs) or under encryption (``encrypt``). A ``protected`` fact never
    reaches a table or a model. A ``volatile`` one changes by itself, from day to day, say: that alone does not make
    a case another. ``place`` is the cell of its name.
    """

    name: str
    type: str
    allowed_values: str = ""
    required: bool = True
    sensitive: bool = False
    protected: bool = False
    description: str = ""
    volatile: bool = False
    logged_as: str = "hash"
    place: CellAddress | None = field(default=None, compare=False)

    @property
    def sensitivity(self) -> str:
        """What the column ``sensitive`` says: nothing, or how the fact stands in the audit log."""
        return self.logged_as if self.sensitive else ""


@dataclass(frozen=True, slots=True)
class DataDictionary:
    """The declared facts in the order of the Facts sheet."""

    facts: tuple[FactDefinition, ...]
    _by_name: Mapping[str, FactDefinition] = field(init=False, repr=False, compare=False)
    _allowed: Mapping[str, UnaryTests] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {fact.name: fact for fact in self.facts})
        allowed = {
            fact.name: compile_unary_tests(fact.allowed_values) for fact in self.facts if fact.allowed_values
        }
        object.__setattr__(self, "_allowed", allowed)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all declared facts, protected ones among them."""
        return tuple(self._by_name)

    @property
    def open_names(self) -> tuple[str, ...]:
        """Names of the facts that tables and models may use: all but the protected ones."""
        return tuple(fact.name for fact in self.facts if not fact.protected)

    @property
    def sensitive(self) -> frozenset[str]:
        return frozenset(fact.name for fact in self.facts if fact.sensitive)

    @property
    def logged_as(self) -> Mapping[str, str]:
        """How each sensitive fact stands in the audit log."""
        return {fact.name: fact.logged_as for fact in self.facts if fact.sensitive}

    @property
    def volatile(self) -> frozenset[str]:
        return frozenset(fact.name for fact in self.facts if fact.volatile)

    @property
    def protected(self) -> frozenset[str]:
        return frozenset(fact.name for fact in self.facts if fact.protected)

    def fact(self, name: str) -> FactDefinition | None:
        return self._by_name.get(name)

    def check(self, facts: Mapping[str, Any]) -> tuple[dict[str, Any], list[Diagnostic]]:
        """The facts of a case as FEEL values, and a diagnostic for each that is missing or cannot be trusted.

        Every declared fact but the protected ones is in the result, in the order declared, as null where it
        is blank, missing or not trusted. Undeclared facts are left out. Values of sensitive facts are not
        quoted in messages.
        """
        given: dict[str, Any] = {}
        twice: set[str] = set()
        for name, value in facts.items():
            plain = name if name in self._by_name else one_line(str(name))
            if plain in given:
                twice.add(plain)
            given[plain] = value
        checked: dict[str, Any] = {}
        diagnostics: list[Diagnostic] = []
        for fact in self.facts:
            if fact.protected:
                continue
            if fact.name in twice:
                message = (
                    f"the case has the fact `{fact.name}` twice, under names that differ in spaces only; "
                    "leave one of them out"
                )
                diagnostics.append(Diagnostic("fact-twice", message))
                checked[fact.name] = None
                continue
            checked[fact.name] = self._checked(fact, given, diagnostics)
        return checked, diagnostics

    def unreadable(self, name: str, value: Any) -> Diagnostic | None:
        """Why a value of a fact can't be read as its type; None where it can, whether or not it is allowed."""
        fact = self._by_name[name]
        found: list[Diagnostic] = []
        self._checked(fact, {name: value}, found)
        return next((each for each in found if each.code == "fact-type"), None)

    def _checked(self, fact: FactDefinition, given: Mapping[str, Any], diagnostics: list[Diagnostic]) -> Any:
        value = given.get(fact.name)
        if isinstance(value, str):
            value = plain_spaces(value).strip() or None
        if value is None:
            if fact.required:
                diagnostics.append(_missing(fact, given))
            return None
        try:
            if isinstance(value, UnreadableCell):
                raise _Unreadable(value.reason)
            feel_value = _READERS[fact.type](value)
        except _Unreadable as unreadable:
            shown = (
                "its value" if fact.sensitive or isinstance(value, UnreadableCell) else f"`{_shown(value)}`"
            )
            message = f"the fact `{fact.name}` must be a {fact.type}, but {shown} {unreadable}"
            diagnostics.append(Diagnostic("fact-type", message))
            return None
        allowed = self._allowed.get(fact.name)
        if allowed is not None and allowed(feel_value, {}, []) is not True:
            shown = "has a value" if fact.sensitive else f"is `{_shown(feel_value)}`,"
            message = f"the fact `{fact.name}` {shown} outside its allowed values {fact.allowed_values}"
            diagnostics.append(Diagnostic("fact-not-allowed", message))
            return None
        return feel_value


_LONGEST_SHOWN = 1000
_EXCEL_ERROR = re.compile(
    r"#(?:N/A|DIV/0!|REF!|NAME\?|NULL!|NUM!|VALUE!|SPILL!|CALC!|FIELD!|BLOCKED!|GETTING_DATA)"
)
_END_OF_DAY = re.compile(r"(?:^|[T ])24:")
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class _Unreadable(Exception):
    """Why a value is not of its type, as the end of a sentence."""


def _missing(fact: FactDefinition, given: Mapping[str, Any]) -> Diagnostic:
    if fact.name in given:
        return Diagnostic("fact-missing", f"the required fact `{fact.name}` is blank")
    folded = {name.casefold(): name for name in given}
    close = difflib.get_close_matches(fact.name.casefold(), list(folded), n=1, cutoff=0.85)
    hint = f"; the case has `{folded[close[0]]}`" if close else ""
    return Diagnostic("fact-missing", f"the required fact `{fact.name}` is missing{hint}")


def _shown(value: Any) -> str:
    text = one_line(written(value)[:_LONGEST_SHOWN])
    return text if len(text) <= 60 else text[:59] + "…"


def _accepted(result: Any) -> Any:
    if isinstance(result, str):
        raise _Unreadable(result)
    return to_feel(result)


def _string(value: Any) -> Any:
    if isinstance(value, str):
        if _EXCEL_ERROR.fullmatch(value):
            raise _Unreadable("is an error of Excel")
        if _NO_TEXT.search(value):
            raise _Unreadable("holds characters that no text has; it was read in a wrong encoding")
        return value
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        number = exact_number(value)
        if not number.is_finite():
            raise _Unreadable("is not a finite number")
        if number.as_tuple().exponent != 0 and abs(number) >= 10**EXACT_DIGITS:
            raise _Unreadable("is a number that lost its last digits; write it as text")
        if number == number.to_integral_value():
            return format(number.to_integral_value(), "f")
        raise _Unreadable("is a number with decimals; write it as text")
    raise _Unreadable(f"is a {_kind(value)}")


def _number(value: Any) -> Any:
    if isinstance(value, str):
        number = number_from_text(value)
        if isinstance(number, str):
            raise _Unreadable(number)
        return _exactly(number)
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        number = exact_number(value)
        if number.is_finite():
            return _exactly(number)
        raise _Unreadable("is not a finite number")
    raise _Unreadable(f"is a {_kind(value)}")


def _exactly(number: Decimal) -> Any:
    """The number for FEEL, which has 34 digits: one that would be rounded is not the number of the case."""
    try:
        exact = to_feel(number)
    except Fault as fault:
        raise _Unreadable(f"can't be computed with: {fault.message}") from None
    if exact != number:
        raise _Unreadable("has more digits than the 34 that can be computed with")
    return exact


def _boolean(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _accepted(boolean_from_text(value))
    raise _Unreadable(f"is a {_kind(value)}")


def _date(value: Any) -> Any:
    if isinstance(value, str):
        return _accepted(date_from_text(value))
    if isinstance(value, datetime.datetime):
        if value.time() != datetime.time(0) or value.tzinfo is not None:
            raise _Unreadable("has a time of day")
        return to_feel(value.date())
    if isinstance(value, datetime.date):
        return to_feel(value)
    return _of_kind(value, "date")


def _date_and_time(value: Any) -> Any:
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = datetime.datetime.combine(value, datetime.time(0))
    if isinstance(value, datetime.datetime):
        return to_feel(value)
    return _by_function("date and time", value)


def _by_function(kind: str, value: Any) -> Any:
    """The value that FEEL's own conversion of the text gives."""
    if isinstance(value, str):
        if _END_OF_DAY.search(value):
            raise _Unreadable(
                "can be read as the beginning or the end of a day; write 00:00:00 of the day meant"
            )
        function = "duration" if "duration" in kind else kind
        evaluation = evaluate(f"{function}(written)", {"written": value.replace(" ", "T")})
        if evaluation.value is None or _kind(evaluation.value) != kind:
            raise _Unreadable(f"can't be read as one; write it as {_EXAMPLES[kind]}")
        return evaluation.value
    if isinstance(value, (datetime.time, datetime.timedelta)):
        value = to_feel(value)
    return _of_kind(value, kind)


def _of_kind(value: Any, kind: str) -> Any:
    if _kind(value) != kind:
        raise _Unreadable(f"is a {_kind(value)}")
    return value


def _kind(value: Any) -> str:
    from referee.feel.types import type_of

    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "number"
    try:
        return str(type_of(to_feel(value)))
    except Fault:
        return f"value of the type {type(value).__name__}"


_EXAMPLES = {
    "time": "14:30:00",
    "date and time": "2024-01-31T14:30:00",
    "days and time duration": "P2DT3H",
    "years and months duration": "P1Y6M",
}

_READERS: Mapping[str, Callable[[Any], Any]] = {
    "string": _string,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "date and time": _date_and_time,
    "time": lambda value: _by_function("time", value),
    "days and time duration": lambda value: _by_function("days and time duration", value),
    "years and months duration": lambda value: _by_function("years and months duration", value),
}


def enumerated(allowed_values: str) -> tuple[str, ...]:
    """The strings that allowed values enumerate, such as ``"low","high"``; empty where they say anything
    else.
    """
    if not allowed_values.strip():
        return ()
    try:
        values = evaluate(f"[{allowed_values}]").value
    except FeelSyntaxError:
        return ()
    if isinstance(values, list) and values and all(isinstance(value, str) for value in values):
        return tuple(values)
    return ()
