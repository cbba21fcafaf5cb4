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


class Stop(Exception):
    """The evaluation as a whole has no value: it would take too long or nest too deeply."""

    def __init__(self, code: str, message: str, span: Span) -> None:
        self.code = code
        self.message = message
        self.span = span
        super().__init__(message)


class Activity(threading.local):
    """What the evaluation running in this thread has spent, and where the functions it calls report to."""

    running: int = 0
    steps: int = 0
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


def report(frame: Frame, code: str, message: str, span: Span, severity: Severity = Severity.ERROR) -> None:
    frame[SINK].append(Diagnostic(code, message, severity, None, span))


def report_fault(frame: Frame, fault: Fault, span: Span) -> None:
    """Reports why an operation has no value; a null operand that has been explained already is not
    explained again.
    """
    if fault.code != "null-operand" or not is_explained(frame, span):
        frame[SINK].append(Diagnostic(fault.code, fault.message, Severity.ERROR, None, span))


def is_explained(frame: Frame, span: Span) -> bool:
    """Whether the last diagnostic is about a part of this span."""
    sink = frame[SINK]
    if not sink or not sink[-1].is_doubt:
        return False
    last = sink[-1].span
    return last is not None and span[0] <= last[0] and last[1] <= span[1]
