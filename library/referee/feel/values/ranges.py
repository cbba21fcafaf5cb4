"""Ranges: intervals such as ``[1..10)`` and the tests ``< 10``, ``!= 5`` as values.

Source: DMN 1.5, 10.3.2.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from referee.feel.fault import Fault
from referee.feel.values.equality import equal, equality_key
from referee.feel.values.ordering import compare


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """The values between two ends. An end that is ``None`` is open: nothing bounds the range on that side.

    ``operator`` is set for a test written as a value, ``(< 10)`` or ``(= 10)``: such a range is equal only to
    another one with the same operator. Build those with ``Range.of_test``. Hash agrees with equality.
    """

    start: Any
    end: Any
    start_included: bool
    end_included: bool
    operator: str = ""

    @classmethod
    def of_test(cls, operator: str, endpoint: Any) -> Range:
        """The range of a test: ``<``, ``<=``, ``>``, ``>=``, ``=`` or ``!=`` and its endpoint."""
        if operator in ("<", "<="):
            return cls(None, endpoint, False, operator == "<=", operator)
        if operator in (">", ">="):
            return cls(endpoint, None, operator == ">=", False, operator)
        included = operator == "="
        return cls(endpoint, endpoint, included, included, operator)

    @classmethod
    def between(cls, start: Any, end: Any, start_included: bool, end_included: bool) -> Range:
        """The range between two values; ``Fault`` for an included end that is ``null``, or ends that have no order."""
        if (start is None and start_included) or (end is None and end_included):
            raise Fault(
                "invalid-range", "an end of a range that is null can't be included; write `(` or `)` there"
            )
        if start is not None and end is not None:
            compare(start, end)
        return cls(start, end, start_included, end_included)

    def includes(self, value: Any) -> bool:
        """Whether the value lies in the range; ``Fault`` if it can't be compared to an end."""
        if self.operator in ("=", "!="):
            same = equal(value, self.start)
            if same is None:
                compare(value, self.start)
            return bool(same) is (self.operator == "=")
        if self.start is None and self.end is None:
            raise Fault("open-range", "a range without any end includes nothing that could be told")
        if self.start is not None:
            order = compare(value, self.start)
            if order < 0 or (order == 0 and not self.start_included):
                if self.end is not None:
                    compare(value, self.end)
                return False
        if self.end is not None:
            order = compare(value, self.end)
            if order > 0 or (order == 0 and not self.end_included):
                return False
        return True

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        return equal(self, other) is True

    def __hash__(self) -> int:
        return hash(equality_key(self))

    def __str__(self) -> str:
        from referee.feel.values.text import nested_text

        if self.operator:
            return f"{self.operator} {nested_text(self.end if self.start is None else self.start)}"
        start = "" if self.start is None else nested_text(self.start)
        end = "" if self.end is None else nested_text(self.end)
        return f"{'[' if self.start_included else '('}{start}..{end}{']' if self.end_included else ')'}"
