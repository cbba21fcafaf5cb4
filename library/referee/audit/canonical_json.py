"""Values as JSON text: exact numbers, FEEL values as FEEL writes them, and never a secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, time
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from json.encoder import encode_basestring as _quote
from typing import Any

import orjson

from referee.domain import AuditError
from referee.feel.values import (
    DaysTimeDuration,
    FeelDate,
    FeelDateTime,
    FeelTime,
    Range,
    YearsMonthsDuration,
)

_FEEL_VALUES = (FeelDate, FeelTime, FeelDateTime, YearsMonthsDuration, DaysTimeDuration, Range)

# Measured: with the look at each value that it needs, orjson takes a quarter of the time of ``_text``.
_USUAL = frozenset({str, int, bool, type(None), Decimal, *_FEEL_VALUES})
_CONTAINERS = frozenset({dict, list, tuple})

# Normalising must never round, whatever the length of the number.
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
# Longer whole numbers keep their exponent, so that `1E+6000` stays a short text.
_LONGEST_PLAIN_NUMBER = 40


def canonical_json(value: Any) -> bytes:
    """The one JSON text of a value, for hashing: equal values give equal bytes on any machine.

    Keys are sorted and a number has one spelling (``1``, ``1.0`` and ``Decimal("1.00")`` are all ``1``).
    UTF-8 without blanks; half a surrogate pair, which UTF-8 can't hold, becomes its code, a text such as `ud800`
    behind a backslash. Temporal values, durations and ranges are written as FEEL writes them. Raises
    AuditError naming the value that can't be written: a secret, NaN or infinity, a key that isn't text, an
    unknown type.
    """
    return _encoded(value, canonical=True)


def exact_json(value: Any) -> bytes:
    """The JSON text of a value as it came, for people and for replay: keys in their order, numbers digit by
    digit.

    ``Decimal("1234.50")`` is written ``1234.50``. Otherwise, and in what it refuses, like ``canonical_json``.
    """
    try:
        if type(value) in _CONTAINERS and _is_usual(value):
            return orjson.dumps(value, _unlike_json, orjson.OPT_PASSTHROUGH_DATACLASS)
    except (TypeError, RecursionError):
        pass  # what orjson refuses is written by ``_text``, such as long integers, or refused with its place
    return _encoded(value, canonical=False)


def parse_json(text: bytes | str) -> Any:
    """What ``exact_json`` wrote, every number as an exact ``Decimal``. Raises ValueError for bad JSON."""
    return _DECODER.decode(text if isinstance(text, str) else text.decode("utf-8", "surrogatepass"))


class _UnwritableError(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[str] = []


def _is_usual(value: Any) -> bool:
    """Whether a list, tuple or dict holds nothing that orjson writes in another way than ``_text``, such as floats, or
    takes though it has no place in the log, such as NaN and enumerations.
    """
    for item in value.values() if type(value) is dict else value:
        kind = type(item)
        if kind not in _USUAL and not (kind in _CONTAINERS and _is_usual(item)):
            return False
    return True


def _unlike_json(value: Any) -> Any:
    """A usual value that JSON has no type for, as orjson is to write it."""
    if type(value) is Decimal:
        if value.is_finite():
            return orjson.Fragment(str(value))
        raise TypeError("not finite")  # ``_text`` says where it stands
    return str(value)


def _encoded(value: Any, *, canonical: bool) -> bytes:
    try:
        text = _text(value, canonical)
    except _UnwritableError as fault:
        where = ".".join(reversed(fault.path)) or "the value"
        raise AuditError(f"{where} can't be written to the audit log: {fault.reason}") from None
    except RecursionError:
        raise AuditError(
            "the value can't be written to the audit log: it contains itself or is nested too deeply; "
            "flatten it"
        ) from None
    return text.encode("utf-8")


def _text(value: Any, canonical: bool) -> str:
    kind = type(value)
    if kind is str:
        return _string(value)
    if kind is Decimal:
        return _number(value, canonical)
    if kind is dict:
        return _object(value, canonical)
    if kind is list or kind is tuple:
        return _array(value, canonical)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if kind is int:
        return _number(Decimal(value), canonical) if canonical else str(Decimal(value))
    return _uncommon(value, canonical)


def _string(value: str) -> str:
    text: str = _quote(value)
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:  # half a character: no file of UTF-8 can hold it but as its code
            return _quote(value.encode("utf-8", "backslashreplace").decode())
    return text


def _object(value: Mapping[Any, Any], canonical: bool) -> str:
    parts = []
    key: Any = None
    try:
        if canonical:
            for key in value:
                if not isinstance(key, str):
                    raise _UnwritableError(
                        f"its key of type {type(key).__name__} isn't text; use text for every name"
                    )
        for key, item in sorted(value.items()) if canonical else value.items():
            if type(key) is not str and (not isinstance(key, str) or _is_secret(key)):
                raise _UnwritableError(
                    f"its key of type {type(key).__name__} isn't text; use text for every name"
                )
            parts.append(f"{_string(key)}:{_text(item, canonical)}")
    except _UnwritableError as fault:
        fault.path.append(str(key) if isinstance(key, str) and not _is_secret(key) else "?")
        raise
    return "{" + ",".join(parts) + "}"


def _array(value: Any, canonical: bool) -> str:
    parts = []
    try:
        for item in value:
            parts.append(_text(item, canonical))
    except _UnwritableError as fault:
        fault.path.append(str(len(parts) + 1))
        raise
    return "[" + ",".join(parts) + "]"


def _number(value: Decimal, canonical: bool) -> str:
    if not value.is_finite():
        raise _UnwritableError("it isn't a finite number; pass null and say why in a diagnostic")
    if not canonical:
        return str(value)
    if not value:
        return "0"
    reduced = value.normalize(_EXACT)
    return (
        format(reduced, "f")
        if -_LONGEST_PLAIN_NUMBER < reduced.adjusted() < _LONGEST_PLAIN_NUMBER
        else str(reduced)
    )


def _uncommon(value: Any, canonical: bool) -> str:
    if _is_secret(value):
        raise _UnwritableError("it is a secret; leave secrets out of facts and results")
    if isinstance(value, str):  # enumerations such as Route and Severity
        return _string(str.__str__(value))
    if isinstance(value, float):
        return _number(Decimal(repr(float(value))), canonical)
    if isinstance(value, int):
        return _number(Decimal(int(value)), canonical)
    if isinstance(value, Decimal):
        return _number(Decimal(value), canonical)
    if isinstance(value, Mapping):
        return _object(value, canonical)
    if isinstance(value, (list, tuple)):
        return _array(value, canonical)
    if isinstance(value, (date, time)):
        return _string(value.isoformat())
    if isinstance(value, _FEEL_VALUES):
        return _string(str(value))
    raise _UnwritableError(
        f"a value of type {type(value).__name__} has no place in it; pass text, a number or a list"
    )


def _is_secret(value: Any) -> bool:
    # By name: Robot Framework's Secret, and the like of other libraries, without importing any of them.
    return any(base.__name__ == "Secret" for base in type(value).__mro__)


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


# Measured: a decoder made for each text takes a tenth of the time of reading a record.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse_constant)
