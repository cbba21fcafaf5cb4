"""From the values of a case's features to the row of numbers a compiled classifier takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Value = float | str | None
"""A checked feature: a number, a boolean as 0 or 1, a text, or None where it is missing."""

NAN = float("nan")
"""The one NaN in rows, so that `NAN in row` finds it by identity, without a look at each number."""

STEPS: Mapping[str, Callable[[float, float], float]] = {
    "subtract": lambda number, operand: number - operand,
    "divide": lambda number, operand: number / operand,
    "multiply": lambda number, operand: number * operand,
    "add": lambda number, operand: number + operand,
    "at least": max,
    "at most": min,
}


class Unscorable(ValueError):
    """The fitted pipeline would refuse this value; to the case that is doubt."""


class Columns:
    """The preprocessing of a fitted pipeline, one column after the other.

    Each column depends on one feature alone, numbers by the very operations of scikit-learn in its order,
    so a row is the same to the last bit. ``features`` gives for each column the feature it comes from.
    A block is a number, or a table from values (None: missing) to one or more columns, which refuses values
    that it doesn't hold if ``other`` is None.
    """

    def __init__(self, blocks: Sequence[Mapping[str, Any]]) -> None:
        self._parts = [(block["feature"], _part(block)) for block in blocks]
        self.features: tuple[int, ...] = tuple(
            block["feature"] for block in blocks for _ in range(_width(block))
        )

    def row(self, values: Sequence[Value]) -> list[float]:
        """The columns of a case. Raises ``Unscorable`` for a text that an encoder was told to refuse."""
        row: list[float] = []
        for feature, part in self._parts:
            row += part(values[feature])
        return row


def _width(block: Mapping[str, Any]) -> int:
    return int(block.get("width", 1))


def _part(block: Mapping[str, Any]) -> Callable[[Any], Sequence[float]]:
    if "table" in block:
        return _look_up(block)
    missing = _numbers([block["missing"]])
    steps = [(STEPS[name], float(operand)) for name, operand in block["steps"]]
    match block["steps"]:
        case []:
            return lambda value: missing if value is None else (value,)
        case [["subtract", mean], ["divide", scale]]:
            # What a scaler does to nearly every number of nearly every linear model, without the loop.
            return lambda value: missing if value is None else ((value - mean) / scale,)

    def stepwise(value: float | None) -> Sequence[float]:
        if value is None:
            return missing
        for step, operand in steps:
            value = step(value, operand)
        return (value,)

    return stepwise


def _look_up(block: Mapping[str, Any]) -> Callable[[Any], Sequence[float]]:
    table: dict[Value, Sequence[float]] = {key: _numbers(numbers) for key, numbers in block["table"]}
    if block["other"] is not None:
        other = _numbers(block["other"])
        return lambda value: table.get(value, other)

    def known(value: Value) -> Sequence[float]:
        try:
            return table[value]
        except KeyError:
            raise Unscorable("a value that the fitted pipeline refuses") from None

    return known


def _numbers(numbers: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(NAN if number is None else float(number) for number in numbers)
