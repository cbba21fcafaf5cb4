"""Compiled loops: ``for``, ``some``, ``every`` and filters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from referee.domain import Severity
from referee.feel.fault import Fault
from referee.feel.frame import SINK, Code, Frame, charge, is_explained, report
from referee.feel.syntax import Span
from referee.feel.types import kind_of
from referee.feel.values import FeelDate, Range, compare


@dataclass(frozen=True, slots=True)
class Source:
    """Where one loop variable takes its values from: a list, or a range from ``start`` to ``end``."""

    slot: int
    start: Code
    end: Code | None
    span: Span


def loop(sources: tuple[Source, ...], result: Code, partial: int, span: Span) -> Code:
    """``for``: the results in a list, the last variable running fastest. ``partial`` is the slot of the
    results so far.
    """
    if len(sources) == 1:
        only = sources[0]

        def run_one(frame: Frame) -> Any:
            items = _items(frame, only)
            if items is None:
                return None
            slot = only.slot
            results: list[Any] = []
            frame[partial] = results
            for frame[slot] in items:
                results.append(result(frame))
            return results

        return run_one

    def run(frame: Frame) -> Any:
        results: list[Any] = []
        frame[partial] = results

        def add() -> bool:
            results.append(result(frame))
            return True

        return results if _nested(frame, sources, 0, add) else None

    return run


def quantified(sources: tuple[Source, ...], condition: Code, decisive: bool, span: Span) -> Code:
    """``some`` (a decisive true) or ``every`` (a decisive false), by Kleene's logic."""
    word = "some" if decisive else "every"

    def run(frame: Frame) -> Any:
        sink = frame[SINK]
        before = len(sink)
        outcome: Any = not decisive

        def look() -> bool:
            nonlocal outcome
            value = condition(frame)
            if value is decisive:
                outcome = decisive
                return False
            if type(value) is not bool:
                outcome = None
                if value is not None:
                    message = f"`{word}` takes a condition that is true or false, not {kind_of(value)}"
                    report(frame, "not-boolean", message, span)
            return True

        finished = _nested(frame, sources, 0, look)
        if not finished and outcome is not decisive:
            return None
        if outcome is decisive:
            del sink[before:]
        return outcome

    return run


def _nested(frame: Frame, sources: tuple[Source, ...], depth: int, visit: Callable[[], bool]) -> bool:
    """Visits every combination until ``visit`` says to stop; whether it came to the end."""
    items = _items(frame, sources[depth])
    if items is None:
        return False
    slot = sources[depth].slot
    last = depth + 1 == len(sources)
    return all(visit() if last else _nested(frame, sources, depth + 1, visit) for frame[slot] in items)


def _items(frame: Frame, source: Source) -> Sequence[Any] | Iterator[Any] | None:
    """The values to visit, counted against the bound; None, and a diagnostic, where there are none to be
    had.
    """
    value = source.start(frame)
    if source.end is not None:
        end = source.end(frame)
        if value is None or end is None:
            if not is_explained(frame, source.span):
                report(frame, "null-operand", "the range to iterate over has a null end", source.span)
            return None
        return _counted(frame, value, end, True, True, source.span)
    if type(value) is list:
        charge(len(value), source.span)
        return list(value)
    if type(value) is Range:
        return _counted(frame, value.start, value.end, value.start_included, value.end_included, source.span)
    if value is None:
        if not is_explained(frame, source.span):
            report(frame, "null-operand", "there is null where a list to iterate over is wanted", source.span)
        return None
    return [value]


def _counted(
    frame: Frame, start: Any, end: Any, start_included: bool, end_included: bool, span: Span
) -> Iterator[Any] | None:
    """The numbers or days from start to end, downwards if the start is the greater (DMN 1.5, 10.3.2.14)."""
    of: Callable[[int], Any]
    if type(start) is Decimal and type(end) is Decimal and _is_whole(start) and _is_whole(end):
        first, last, of = _clipped(start), _clipped(end), Decimal
    elif type(start) is FeelDate and type(end) is FeelDate:
        first, last, of = start.days, end.days, FeelDate.from_days
    else:
        message = "a range to iterate over runs between two whole numbers or two dates"
        report(frame, "not-iterable", message, span)
        return None
    step = 1 if first <= last else -1
    if not start_included:
        first += step
    if end_included:
        last += step
    numbers = range(first, last, step)
    charge(_length(numbers), span)
    return map(of, numbers)


def _is_whole(number: Decimal) -> bool:
    return number == number.to_integral_value()


def _clipped(number: Decimal) -> int:
    """A whole number as an integer; from 19 digits on its size alone matters, as no loop gets that far."""
    if number.adjusted() > 18:
        return 10**19 if number > 0 else -(10**19)
    return int(number)


def _length(numbers: range) -> int:
    return max(
        0, (numbers.stop - numbers.start + numbers.step - (1 if numbers.step > 0 else -1)) // numbers.step
    )


def selection(source: Code, condition: Code, slot: int, span: Span, condition_span: Span) -> Code:
    """``source[condition]`` with the item in ``slot``: by position where the condition is a number."""

    def run(frame: Frame) -> Any:
        value = source(frame)
        if value is None:
            if not is_explained(frame, span):
                report(frame, "null-operand", "there is null where a list to filter is wanted", span)
            return None
        items = value if type(value) is list else [value]
        charge(len(items), span)
        if not items:
            return _of_nothing(frame, condition, slot)
        kept: list[Any] = []
        for item in items:
            frame[slot] = item
            verdict = condition(frame)
            if verdict is True:
                kept.append(item)
            elif verdict is None:
                if not is_explained(frame, condition_span):
                    message = "the condition is null for an item, so it can't be told whether it belongs here"
                    report(frame, "filter-undecided", message, condition_span, Severity.WARNING)
            elif type(verdict) is Decimal:
                return at_position(frame, items, verdict, condition_span)
            elif verdict is not False:
                message = f"a filter takes a condition or a position, not {kind_of(verdict)}"
                report(frame, "not-boolean", message, condition_span)
                return None
        return kept

    return run


def _of_nothing(frame: Frame, condition: Code, slot: int) -> Any:
    """What is selected from an empty list: null by position, else nothing. No item, so no doubt about one."""
    sink = frame[SINK]
    before = len(sink)
    frame[slot] = None
    by_position = type(condition(frame)) is Decimal
    del sink[before:]
    return None if by_position else []


def position(source: Code, number: Decimal, span: Span) -> Code:
    """``source[number]``."""

    def run(frame: Frame) -> Any:
        value = source(frame)
        if value is None:
            if not is_explained(frame, span):
                report(frame, "null-operand", "there is null where a list is wanted", span)
            return None
        return at_position(frame, value if type(value) is list else [value], number, span)

    return run


def at_position(frame: Frame, items: list[Any], number: Decimal, span: Span) -> Any:
    """The item at a position counted from 1, or from -1 backwards; null where there is none."""
    if not _is_whole(number):
        report(frame, "not-a-position", f"{number} is no position in a list", span)
        return None
    index = _clipped(number)
    if 0 < index <= len(items):
        return items[index - 1]
    if -len(items) <= index < 0:
        return items[index]
    count = "1 item" if len(items) == 1 else f"{len(items)} items"
    report(frame, "no-such-position", f"a list of {count} has no item {index}", span, Severity.INFO)
    return None


def in_order(frame: Frame, start: Any, end: Any, span: Span) -> bool:
    """Whether the ends of a range can be compared; if not, it is reported."""
    try:
        compare(start, end)
    except Fault as fault:
        report(frame, fault.code, fault.message, span)
        return False
    return True
