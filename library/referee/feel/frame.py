"""What compiled FEEL runs on: a frame of values, the diagnostics it reports, and the bounds it keeps.

A frame is a list: the scope, the sink of diagnostics, the input of unary tests, then the local variables by
slot. A function captures a copy of the frame it is defined in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from referee.domain import Diagnostic, Severity
from referee.feel.fault import Fault
from referee.feel.syntax import Span

Frame = list[Any]
Code = Callable[[Frame], Any]

SCOPE: Final = 0
SINK: Final = 1
INPUT: Final = 2
FIRST_LOCAL: Final = 3

MAX_STEPS: Final = 1_000_000
"""How many items one evaluation may visit in its loops."""
MAX_CALLS: Final = 100
"""How deeply function calls may nest in one evaluation; Python's own stack allows little more."""


MAX_ITEMS: Final = 3_000_000
"""How many items and, sixteen for one, characters the built-in functions of one evaluation may look at or copy."""
_ITEMS_OF_DIAGNOSTIC: Final = 50
MAX_NESTING: Final = 100
"""How deeply the lists and contexts of a result may nest."""


class Stop(Exception):
    """The evaluation as a whole has no value: it would take too long or nest too deeply.

    Without a span it is the whole text that takes too much.
    """

    def __init__(self, code: str, message: str, span: Span | None = None) -> None:
        self.code = code
        self.message = message
        self.span = span
        super().__init__(message)


class Activity(threading.local):
    """What the evaluation running in this thread has spent, and where the functions it calls report to."""

    running: int = 0
    steps: int = 0
    items: int = 0
    matching: int = 0
    patterns: frozenset[str] = frozenset()
    calls: int = 0
    sink: list[Diagnostic] | None = None


ACTIVITY: Final = Activity()


def charge(steps: int, span: Span) -> None:
    """Counts items about to be visited; raises ``Stop`` beyond the bound."""
    ACTIVITY.steps += steps
    if ACTIVITY.steps > MAX_STEPS:
        raise Stop(
            "too-many-steps", f"this visits more than {MAX_STEPS:,} items; narrow the list or the range", span
        )


def charge_items(count: int) -> None:
    """Counts items that are looked at or copied within an evaluation that loops; raises ``Stop`` beyond the bound.

    Copies of copies, and lists that hold another list over and over, grow beyond any memory in a few steps.
    """
    activity = ACTIVITY
    if activity.running:
        activity.items += count
        if activity.items > MAX_ITEMS:
            raise Stop(
                "too-many-items", f"this copies or looks at more than {MAX_ITEMS:,} items; use shorter lists"
            )


def charge_text(length: int) -> None:
    """Counts characters as ``charge_items`` counts items."""
    if length > 255:
        charge_items(length >> 4)


def charge_result(value: Any) -> None:
    """Counts all that is within a list or context, wherever it is met again; raises ``Stop`` beyond the bounds."""
    left = MAX_ITEMS
    walk = [iter((value,))]
    while walk:
        for part in walk[-1]:
            kind = type(part)
            if kind is list or kind is dict:
                left -= len(part)
                if left < 0:
                    raise Stop("too-many-items", f"the result has more than {MAX_ITEMS:,} items; return less")
                if len(walk) > MAX_NESTING:
                    raise Stop("too-deep", f"the result nests more than {MAX_NESTING} lists and contexts")
                walk.append(iter(part if kind is list else part.values()))
                break
        else:
            walk.pop()


def report(frame: Frame, code: str, message: str, span: Span, severity: Severity = Severity.ERROR) -> None:
    charge_items(_ITEMS_OF_DIAGNOSTIC)
    frame[SINK].append(Diagnostic(code, message, severity, None, span))


def report_fault(frame: Frame, fault: Fault, span: Span) -> None:
    """Reports why an operation has no value; a null operand that has been explained already is not
    explained again.
    """
    if fault.code != "null-operand" or not is_explained(frame, span):
        charge_items(_ITEMS_OF_DIAGNOSTIC)
        frame[SINK].append(Diagnostic(fault.code, fault.message, Severity.ERROR, None, span))


def is_explained(frame: Frame, span: Span) -> bool:
    """Whether the last diagnostic is about a part of this span."""
    sink = frame[SINK]
    if not sink or not sink[-1].is_doubt:
        return False
    last = sink[-1].span
    return last is not None and span[0] <= last[0] and last[1] <= span[1]
