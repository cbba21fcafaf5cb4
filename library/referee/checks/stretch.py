"""Values of one kind between two ends."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from referee.checks.value_line import BOOLEAN, DATE, NUMBER, STRING, ValueKind
from referee.feel.values import FeelDate
from referee.feel.values.numbers import CONTEXT


@dataclass(frozen=True, slots=True)
class Stretch:
    """One value (both ends are it), or those between two; None as an end is no bound. Of texts: one, or any.

    ``is_whole`` are integers only.
    """

    kind: ValueKind
    low: Any
    high: Any
    low_open: bool = False
    high_open: bool = False
    is_whole: bool = False

    @property
    def is_point(self) -> bool:
        return (
            self.low is not None
            and self.high is not None
            and self.kind.key(self.low) == self.kind.key(self.high)
        )

    @property
    def is_integral(self) -> bool:
        return self.is_whole or (
            self.is_point and self.kind is NUMBER and self.low == self.low.to_integral_value()
        )

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for the same values."""
        ends = (None if end is None else self.kind.key(end) for end in (self.low, self.high))
        return (self.kind.name, *ends, self.low_open, self.high_open, self.is_whole)

    def common(self, other: Stretch) -> Stretch | None:
        """The values of both, which are of one kind."""
        if self.kind is STRING or not self.kind.is_ordered:
            for one, another in ((self, other), (other, self)):
                if one.low is None and one.high is None:
                    return another
        key = self.kind.key
        low, low_open = self.low, self.low_open
        if other.low is not None and (low is None or key(other.low) >= key(low)):
            low_open = other.low_open or (low_open and low is not None and key(other.low) == key(low))
            low = other.low
        high, high_open = self.high, self.high_open
        if other.high is not None and (high is None or key(other.high) <= key(high)):
            high_open = other.high_open or (high_open and high is not None and key(other.high) == key(high))
            high = other.high
        found = Stretch(self.kind, low, high, low_open, high_open, self.is_whole or other.is_whole)
        return None if found._is_empty() else found

    def inner(self) -> Any:
        """One of the values, near the middle and round if possible; None if none is known."""
        if self.is_point or self.kind is BOOLEAN:
            return self.low
        if self.is_whole:
            low, high = self._whole_ends()
            if low is None or high is None:
                return (high if low is None else low) if low != high else Decimal(0)
            return ((low + high) / 2).to_integral_value("ROUND_FLOOR")
        if self.low is not None and self.high is not None:
            if self.kind is NUMBER:
                return _round_between(self.low, self.high)
            if self.kind is DATE:
                day = (self.low.days + self.high.days) // 2
                return FeelDate.from_days(day) if self.holds(FeelDate.from_days(day)) else None
        found = self.kind.between(self.low, self.high)
        if found is not None:
            return found
        return next((end for end in self.ends()), None)

    def ends(self) -> tuple[Any, ...]:
        """The ends that are among the values."""
        if self.is_whole:
            return tuple(dict.fromkeys(end for end in self._whole_ends() if end is not None))
        ends = ((self.low, self.low_open), (self.high, self.high_open))
        return tuple(dict.fromkeys(end for end, is_open in ends if end is not None and not is_open))

    def holds(self, value: Any) -> bool:
        return self.common(Stretch(self.kind, value, value)) is not None

    def halves(self) -> tuple[Stretch, ...]:
        """The values below one in the middle, it alone, and those above it; only itself if it can't be cut."""
        middle = None if self.kind is STRING else self.inner()
        return (self,) if middle is None or self.is_point else self.cut_at(middle)

    def cut_at(self, middle: Any) -> tuple[Stretch, ...]:
        """The values below one of them, it alone, and those above it."""
        parts = (
            Stretch(self.kind, self.low, middle, self.low_open, True, self.is_whole),
            Stretch(self.kind, middle, middle),
            Stretch(self.kind, middle, self.high, True, self.high_open, self.is_whole),
        )
        return tuple(part for part in parts if not part._is_empty())

    def _whole_ends(self) -> tuple[Decimal | None, Decimal | None]:
        low, high = self.low, self.high
        if low is not None:
            up = low.to_integral_value("ROUND_CEILING")
            low = up + 1 if self.low_open and up == low else up
        if high is not None:
            down = high.to_integral_value("ROUND_FLOOR")
            high = down - 1 if self.high_open and down == high else down
        return low, high

    def _is_empty(self) -> bool:
        if self.low is None or self.high is None:
            return False
        low, high = self.kind.key(self.low), self.kind.key(self.high)
        if low > high or (low == high and (self.low_open or self.high_open)):
            return True
        if self.is_whole:
            first, last = self._whole_ends()
            return first is not None and last is not None and first > last
        if self.low_open and self.high_open:
            return self.kind.between(self.low, self.high) is None
        return False


def _round_between(low: Decimal, high: Decimal) -> Decimal | None:
    """A number near the middle with few digits."""
    middle = CONTEXT.divide(CONTEXT.add(low, high), Decimal(2))
    width = CONTEXT.subtract(high, low)
    place = Decimal(1).scaleb(width.adjusted())
    for unit in (place, place / 10, place / 100):
        try:
            found = (middle / unit).to_integral_value() * unit
        except ArithmeticError:
            break
        if low < found < high:
            return (
                found.quantize(Decimal(1))
                if found == found.to_integral_value() and abs(found) < 10**15
                else found
            )
    return middle if low < middle < high else None
