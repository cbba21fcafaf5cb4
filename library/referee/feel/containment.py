"""Compiled tests: what ``in`` and the cells of decision tables ask of a value.

A test takes the frame and the value, and is true, false, or None where it cannot be told (with a diagnostic).
Source: DMN 1.5, 10.3.2.8 (table 54) and 7.3.3.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from referee.feel.fault import Fault
from referee.feel.frame import SINK, Code, Frame, charge_items, is_explained, report, report_fault
from referee.feel.operations import ORDERED, report_mismatch
from referee.feel.syntax import Span
from referee.feel.values import Range, equal, greater, greater_or_equal, less, less_or_equal

Test = Callable[[Frame, Any], bool | None]


def comparison_test(operator: str, endpoint: Code, span: Span) -> Test:
    """``operator endpoint``, such as ``< 10``."""
    if operator in ("=", "!="):
        wanted = operator == "="

        def same(frame: Frame, value: Any) -> bool | None:
            other = endpoint(frame)
            outcome = equal(value, other)
            if outcome is None:
                report_mismatch(frame, value, other, span)
                return None
            return outcome is wanted

        return same
    ordered = ORDERED[operator]

    def run(frame: Frame, value: Any) -> bool | None:
        try:
            return bool(ordered(value, endpoint(frame)))
        except Fault as fault:
            report_fault(frame, fault, span)
            return None

    return run


def interval_test(start: Code, end: Code, start_included: bool, end_included: bool, span: Span) -> Test:
    above = greater_or_equal if start_included else greater
    below = less_or_equal if end_included else less

    def run(frame: Frame, value: Any) -> bool | None:
        bottom = start(frame)
        top = end(frame)
        try:
            after_start = above(value, bottom)
            return below(value, top) and after_start
        except Fault as fault:
            report_fault(frame, fault, span)
            return None

    return run


def value_test(code: Code, span: Span) -> Test:
    """Whether the value is in what an expression gives: a list that holds it, a range that includes it,
    itself.
    """

    def run(frame: Frame, value: Any) -> bool | None:
        other = code(frame)
        if other is None and is_explained(frame, span):
            return None
        return is_in(frame, value, other, span)

    return run


def is_in(frame: Frame, value: Any, other: Any, span: Span) -> bool | None:
    kind = type(other)
    if kind is Range:
        try:
            return bool(other.includes(value))
        except Fault as fault:
            report_fault(frame, fault, span)
            return None
    if kind is list:
        return _is_in_list(frame, value, other, span)
    same = equal(value, other)
    if same is None:
        report_mismatch(frame, value, other, span)
    return same


def _is_in_list(frame: Frame, value: Any, items: list[Any], span: Span) -> bool | None:
    """Whether an item is the value or a range that includes it, or the value is the whole list."""
    if type(value) is list and equal(value, items):
        return True
    charge_items(len(items))
    unknown: Fault | None = None
    for item in items:
        if type(item) is Range and type(value) is not Range:
            try:
                if item.includes(value):
                    return True
            except Fault as fault:
                unknown = fault
        elif equal(value, item):
            return True
    if unknown is None:
        return False
    report_fault(frame, unknown, span)
    return None


def any_of(tests: tuple[Test, ...]) -> Test:
    """Kleene's ``or`` over tests: one that is true settles it, whatever was wrong with the others."""
    if len(tests) == 1:
        return tests[0]

    def run(frame: Frame, value: Any) -> bool | None:
        sink = frame[SINK]
        before = len(sink)
        outcome: bool | None = False
        for test in tests:
            verdict = test(frame, value)
            if verdict:
                del sink[before:]
                return True
            if verdict is None:
                outcome = None
        return outcome

    return run


def condition_test(code: Code, span: Span) -> Test:
    """An expression that may speak about ``?``: true or false is the verdict, anything else is what ``?``
    must be in.
    """

    def run(frame: Frame, value: Any) -> bool | None:
        verdict = code(frame)
        if verdict is True or verdict is False:
            return verdict
        if verdict is None:
            if not is_explained(frame, span):
                report(frame, "cell-undecided", "this is null, so the test can't be told true or false", span)
            return None
        return is_in(frame, value, verdict, span)

    return run


def free_condition_test(code: Code, is_condition: bool, span: Span) -> Test:
    """An expression without ``?``: a boolean input must equal its value; for any other, true is a match as
    well.
    """

    def run(frame: Frame, value: Any) -> bool | None:
        verdict = code(frame)
        if verdict is None:
            if is_explained(frame, span):
                return None
            return value is None
        if type(verdict) is bool and type(value) is not bool and (is_condition or value is not None):
            return verdict
        return is_in(frame, value, verdict, span)

    return run


def number_test(operator: str, number: Decimal, span: Span) -> Test:
    """A comparison with a number."""
    general = comparison_test(operator, lambda frame: number, span)
    of_numbers: Callable[[Decimal], bool] = {
        "=": number.__eq__,
        "!=": number.__ne__,
        "<": number.__gt__,
        "<=": number.__ge__,
        ">": number.__lt__,
        ">=": number.__le__,
    }[operator]

    def run(frame: Frame, value: Any) -> bool | None:
        return of_numbers(value) if type(value) is Decimal else general(frame, value)

    return run
