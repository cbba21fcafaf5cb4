"""What ``now()`` and ``today()`` read.

The system's clock, unless a caller gives another: replaying a decision needs the time at which it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from referee.feel.fault import Fault
from referee.feel.values.convert import to_feel
from referee.feel.values.temporal import FeelDate, FeelDateTime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The moment by the machine's clock, with its offset from UTC."""
    return datetime.now().astimezone()


_clock: ContextVar[Clock] = ContextVar("referee_feel_clock", default=system_clock)


@contextmanager
def reading(clock: Clock) -> Iterator[None]:
    """Inside the ``with`` block, ``now()`` and ``today()`` read this clock (in this thread or task only)."""
    token = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(token)


def now() -> FeelDateTime:
    """The clock's moment. A clock without an offset gives a local date and time."""
    moment = to_feel(_clock.get()())
    if not isinstance(moment, FeelDateTime):
        raise Fault("wrong-type", "the clock gives no date and time")
    return moment


def today() -> FeelDate:
    return now().date
