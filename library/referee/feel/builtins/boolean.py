"""``not`` and ``is``. Source: DMN 1.5, 10.3.4.2 and 10.3.4.7."""

from __future__ import annotations

from typing import Any

from referee.feel.builtins.builtin import Builtin, Signature
from referee.feel.fault import Fault
from referee.feel.types import kind_of
from referee.feel.values.equality import equal
from referee.feel.values.temporal import FeelDateTime, FeelTime


def negation(negand: Any) -> bool | None:
    """True for false and the other way round; the unknown stays unknown, and anything else is a fault."""
    if isinstance(negand, bool):
        return not negand
    if negand is None:
        return None
    if isinstance(negand, list) and len(negand) == 1 and isinstance(negand[0], bool):
        return not negand[0]
    raise Fault("wrong-argument", f"`negand` must be a boolean, it is {kind_of(negand)}")


def identical(value1: Any, value2: Any) -> bool:
    """Whether two values are the same element of FEEL's domain: same type, and for times the same offset or zone."""
    if type(value1) is not type(value2):
        return False
    if isinstance(value1, FeelTime):
        return _reading(value1) == _reading(value2)
    if isinstance(value1, FeelDateTime):
        return value1.date == value2.date and _reading(value1.time) == _reading(value2.time)
    if isinstance(value1, list):
        return len(value1) == len(value2) and all(map(identical, value1, value2))
    if isinstance(value1, dict):
        return value1.keys() == value2.keys() and all(
            identical(item, value2[name]) for name, item in value1.items()
        )
    return equal(value1, value2) is True


def _reading(time: FeelTime) -> tuple[int, int | None, str | None]:
    return time.nanos, time.offset, time.zone


FUNCTIONS = (
    Builtin("not", (Signature(("negand",), negation),)),
    Builtin(
        "is",
        (Signature(("value1", "value2"), identical, nullable=True),),
    ),
)
