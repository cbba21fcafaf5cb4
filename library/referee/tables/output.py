"""The output side of a compiled table: output cells, their types, allowed values, priorities and defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from referee.domain import Diagnostic, Place, Severity
from referee.feel import NOT_CONSTANT, Expression, UnaryTests, constant
from referee.feel.fault import Fault
from referee.feel.values import equal
from referee.tables.column import null_among, quoted
from referee.tables.value_type import Conversion


@dataclass(frozen=True, slots=True)
class OutputCell:
    """An output entry; without an expression (a blank cell) it gives null.

    ``reads`` are the names whose nulls would enter a value unspoken of; none where the expression names null.
    """

    expression: Expression | None
    place: Place | None
    reads: frozenset[str] = frozenset()

    @property
    def is_literal(self) -> bool:
        return self.expression is None or constant(self.expression.syntax) is not NOT_CONSTANT

    def evaluate(self, scope: Mapping[str, Any], sink: list[Diagnostic]) -> Any:
        if self.expression is None:
            return None
        found: list[Diagnostic] = []
        value = self.expression(scope, found)
        if found:
            sink.extend(item.at(self.place) if self.place else item for item in found)
        elif self.reads and (name := null_among(self.reads, scope)):
            message = (
                f"`{self.expression.text.strip()}` uses `{name}`, which is null, and doesn't say what null means; "
                f"ask for it, as in `if {name} = null then ...`, or see that it is never null"
            )
            sink.append(Diagnostic("null-unspoken", message, Severity.WARNING, self.place))
        return value


@dataclass(frozen=True, slots=True)
class Output:
    """An output column. A value of the wrong type or outside the allowed values is a diagnostic and null.

    ``priorities`` lists the allowed values from highest to lowest; it is empty where the order says nothing.
    """

    name: str
    convert: Conversion | None
    allowed: UnaryTests | None
    priorities: tuple[Any, ...]
    default: OutputCell | None

    def value(self, cell: OutputCell, scope: Mapping[str, Any], sink: list[Diagnostic]) -> Any:
        noticed = len(sink)
        value = cell.evaluate(scope, sink)
        if self.convert is not None and value is not None:
            try:
                value = self.convert(value)
            except Fault as fault:
                message = f"the output {self.name} is {quoted(value)}: {fault.message}".replace("  ", " ")
                sink.append(Diagnostic(fault.code, message, place=cell.place))
                return None
        if self.allowed is None or (value is None and len(sink) > noticed):
            return value
        if self.allowed(value, scope, []) is not True:
            message = (
                f"the output {self.name} is {quoted(value)}, which is not one of the allowed values "
                f"{self.allowed.text.strip()}"
            ).replace("  ", " ")
            sink.append(Diagnostic("output-not-allowed", message, place=cell.place))
            return None
        return value

    def rank(self, value: Any) -> int:
        """The place of a value among the priorities, 0 is the highest; an unlisted value comes after all others."""
        for rank, candidate in enumerate(self.priorities):
            if equal(value, candidate) is True:
                return rank
        return len(self.priorities)


def composed(outputs: Sequence[Output], values: Sequence[Any]) -> Any:
    """One output gives its value, several a context by output name."""
    if len(outputs) == 1:
        return values[0]
    return {output.name: value for output, value in zip(outputs, values, strict=True)}
