"""FEEL's types: what a type's name means, which values conform to it, and the implicit conversions.

Source: DMN 1.5, 10.3.2.9 (type lattice, equivalence, conformance, conversions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from referee.feel.fault import Fault
from referee.feel.values.durations import DaysTimeDuration, YearsMonthsDuration
from referee.feel.values.functions import FeelFunction
from referee.feel.values.ranges import Range
from referee.feel.values.temporal import FeelDate, FeelDateTime, FeelTime, at_midnight


@dataclass(frozen=True, slots=True)
class SimpleType:
    """A type without parts: ``Any``, ``Null``, ``number``, ``date and time`` and so on."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ListType:
    element: FeelType

    def __str__(self) -> str:
        return f"list<{self.element}>"


@dataclass(frozen=True, slots=True)
class RangeType:
    element: FeelType

    def __str__(self) -> str:
        return f"range<{self.element}>"


@dataclass(frozen=True, slots=True)
class ContextType:
    """A context with at least these entries; more may be there."""

    entries: tuple[tuple[str, FeelType], ...] = ()

    def __str__(self) -> str:
        if not self.entries:
            return "context"
        return f"context<{', '.join(f'{name}: {kind}' for name, kind in self.entries)}>"


@dataclass(frozen=True, slots=True)
class FunctionType:
    parameters: tuple[FeelType, ...]
    result: FeelType

    def __str__(self) -> str:
        return f"function<{', '.join(map(str, self.parameters))}> -> {self.result}"


FeelType = SimpleType | ListType | RangeType | ContextType | FunctionType

ANY = SimpleType("Any")
NULL = SimpleType("Null")
NUMBER = SimpleType("number")
STRING = SimpleType("string")
BOOLEAN = SimpleType("boolean")
DATE = SimpleType("date")
TIME = SimpleType("time")
DATE_AND_TIME = SimpleType("date and time")
YEARS_MONTHS_DURATION = SimpleType("years and months duration")
DAYS_TIME_DURATION = SimpleType("days and time duration")

CONTEXT = ContextType()

NAMED_TYPES: Mapping[str, FeelType] = {
    **{
        kind.name: kind
        for kind in (
            ANY,
            NULL,
            NUMBER,
            STRING,
            BOOLEAN,
            DATE,
            TIME,
            DATE_AND_TIME,
            YEARS_MONTHS_DURATION,
            DAYS_TIME_DURATION,
        )
    },
    "dateTime": DATE_AND_TIME,
    "yearMonthDuration": YEARS_MONTHS_DURATION,
    "dayTimeDuration": DAYS_TIME_DURATION,
    "list": ListType(ANY),
    "context": CONTEXT,
}
"""The built-in types by name, with the spellings of older DMN versions."""

_BY_CLASS: dict[type, SimpleType] = {
    type(None): NULL,
    bool: BOOLEAN,
    Decimal: NUMBER,
    str: STRING,
    FeelDate: DATE,
    FeelTime: TIME,
    FeelDateTime: DATE_AND_TIME,
    YearsMonthsDuration: YEARS_MONTHS_DURATION,
    DaysTimeDuration: DAYS_TIME_DURATION,
}


def type_of(value: Any) -> FeelType:
    """The most specific type of a value. Items of different types make a ``list<Any>``."""
    simple = _BY_CLASS.get(type(value))
    if simple is not None:
        return simple
    if isinstance(value, list):
        return ListType(_common_type([type_of(item) for item in value]))
    if isinstance(value, dict):
        return ContextType(tuple((name, type_of(item)) for name, item in value.items()))
    if isinstance(value, Range):
        return RangeType(type_of(value.end if value.start is None else value.start))
    if isinstance(value, FeelFunction):
        parameters = value.parameter_types or (ANY,) * len(value.parameters)
        return FunctionType(parameters, value.result_type or ANY)
    raise TypeError(f"not a FEEL value: {value!r}")


def _common_type(kinds: list[FeelType]) -> FeelType:
    distinct = {kind for kind in kinds if kind != NULL}
    if not distinct:
        return NULL if kinds else ANY
    return distinct.pop() if len(distinct) == 1 else ANY


def kind_of(value: Any) -> str:
    """The type of a value in a word or two for messages: ``a number``, ``a list``, ``null``."""
    simple = _BY_CLASS.get(type(value))
    if simple is not None:
        return "null" if simple is NULL else f"a {simple}"
    for kind, word in (
        (list, "a list"),
        (dict, "a context"),
        (Range, "a range"),
        (FeelFunction, "a function"),
    ):
        if isinstance(value, kind):
            return word
    raise TypeError(f"not a FEEL value: {value!r}")


def instance_of(value: Any, kind: FeelType) -> bool:
    """FEEL's ``instance of``: like ``conforms``, but ``null`` is an instance of ``Null`` alone."""
    if value is None:
        return kind == NULL
    return conforms(value, kind)


def conforms(value: Any, kind: FeelType) -> bool:
    """Whether a value may stand where this type is wanted. ``null`` may stand anywhere, also inside."""
    if value is None or kind is ANY:
        return True
    if isinstance(kind, SimpleType):
        return _BY_CLASS.get(type(value)) == kind or kind == ANY
    if isinstance(kind, ListType):
        if not isinstance(value, list):
            return False
        element = kind.element
        return element is ANY or all(conforms(item, element) for item in value)
    if isinstance(kind, ContextType):
        return isinstance(value, dict) and all(
            name in value and conforms(value[name], entry) for name, entry in kind.entries
        )
    if isinstance(kind, RangeType):
        if not isinstance(value, Range):
            return False
        return conforms(value.start, kind.element) and conforms(value.end, kind.element)
    return isinstance(value, FeelFunction) and _function_conforms(value, kind)


def _function_conforms(function: FeelFunction, kind: FunctionType) -> bool:
    """What a function leaves undeclared may be anything; what it declares must fit."""
    if not function.takes(len(kind.parameters)):
        return False
    declared = function.parameter_types or (ANY,) * len(kind.parameters)
    if not all(map(type_conforms, kind.parameters, declared)):
        return False
    return function.result_type in (None, ANY) or type_conforms(function.result_type, kind.result)


def type_conforms(kind: FeelType, wanted: FeelType) -> bool:
    """Whether every value of ``kind`` may stand where ``wanted`` is wanted."""
    if wanted == ANY or kind in (NULL, wanted):
        return True
    if isinstance(kind, ListType) and isinstance(wanted, ListType):
        return type_conforms(kind.element, wanted.element)
    if isinstance(kind, RangeType) and isinstance(wanted, RangeType):
        return type_conforms(kind.element, wanted.element)
    if isinstance(kind, ContextType) and isinstance(wanted, ContextType):
        entries = dict(kind.entries)
        return all(name in entries and type_conforms(entries[name], entry) for name, entry in wanted.entries)
    if isinstance(kind, FunctionType) and isinstance(wanted, FunctionType):
        return (
            len(kind.parameters) == len(wanted.parameters)
            and all(map(type_conforms, wanted.parameters, kind.parameters))
            and type_conforms(kind.result, wanted.result)
        )
    return False


def coerce(value: Any, kind: FeelType) -> Any:
    """The value as one of this type: itself, or by one of DMN's implicit conversions; ``Fault`` if there is none.

    A list of one item stands for its item, a value for a list of it, a date for its midnight UTC.
    """
    if conforms(value, kind):
        return value
    if kind == DATE_AND_TIME and type(value) is FeelDate:
        return at_midnight(value)
    if isinstance(value, list) and len(value) == 1 and conforms(value[0], kind):
        return value[0]
    if isinstance(kind, ListType) and conforms(value, kind.element):
        return [value]
    raise Fault("wrong-type", f"{_shortened(value)} is not of type {kind}")


def _shortened(value: Any) -> str:
    from referee.feel.values.text import nested_text

    text = nested_text(value)
    return f"{kind_of(value)}, {text[:60]}{'…' if len(text) > 60 else ''},"


def parse_type(text: str, named: Mapping[str, FeelType] | None = None) -> FeelType:
    """The type a text such as ``list<context<a: number>>`` spells; ``named`` adds the model's own types by name.

    Raises ``Fault`` for anything else, naming the part that is not understood.
    """
    reader = _TypeReader(text, named or {})
    kind = reader.type()
    reader.expect_end()
    return kind


class _TypeReader:
    """Reads a type text from left to right."""

    def __init__(self, text: str, named: Mapping[str, FeelType]) -> None:
        self._text = " ".join(text.split())
        self._named = named
        self._at = 0
        self._depth = 0

    def type(self) -> FeelType:
        self._depth += 1
        if self._depth > 50:
            raise Fault("unknown-type", "the type is nested too deeply")
        kind = self._type()
        self._depth -= 1
        return kind

    def _type(self) -> FeelType:
        name = self._word("<>,:()")
        if not self._skip("<"):
            return self._lookup(name)
        if name == "list":
            element = self.type()
            self._expect(">")
            return ListType(element)
        if name == "range":
            element = self.type()
            self._expect(">")
            return RangeType(element)
        if name == "context":
            return self._context()
        if name == "function":
            return self._function()
        raise Fault(
            "unknown-type", f"the type `{name}` has no parts in `<…>`; list, range, context and function have"
        )

    def _context(self) -> FeelType:
        entries: list[tuple[str, FeelType]] = []
        while not self._skip(">"):
            if entries:
                self._expect(",")
            name = self._word(":")
            self._expect(":")
            entries.append((name, self.type()))
        return ContextType(tuple(entries))

    def _function(self) -> FeelType:
        parameters: list[FeelType] = []
        while not self._skip(">"):
            if parameters:
                self._expect(",")
            parameters.append(self.type())
        self._expect("->")
        return FunctionType(tuple(parameters), self.type())

    def _lookup(self, name: str) -> FeelType:
        kind = self._named.get(name) or NAMED_TYPES.get(name)
        if kind is None:
            raise Fault("unknown-type", f"`{name}` is no type" if name else f"`{self._text}` is no type")
        return kind

    def _word(self, stops: str) -> str:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] not in stops:
            if self._text.startswith("->", self._at):
                break
            self._at += 1
        return self._text[start : self._at].strip()

    def _skip(self, mark: str) -> bool:
        while self._text[self._at : self._at + 1] == " ":
            self._at += 1
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def _expect(self, mark: str) -> None:
        if not self._skip(mark):
            raise Fault(
                "unknown-type",
                f"`{self._text}` is no type: `{mark}` is missing after `{self._text[: self._at]}`",
            )

    def expect_end(self) -> None:
        if self._at < len(self._text):
            raise Fault(
                "unknown-type", f"`{self._text}` is no type: nothing may follow `{self._text[: self._at]}`"
            )
