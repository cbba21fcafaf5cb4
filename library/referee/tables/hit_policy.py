"""Hit policies: which rules count when several match."""

from __future__ import annotations

from enum import StrEnum


class HitPolicy(StrEnum):
    """DMN's hit policies with their letters; collect comes plain or with an aggregator (sum, min, max, count)."""

    UNIQUE = "U"
    ANY = "A"
    PRIORITY = "P"
    FIRST = "F"
    RULE_ORDER = "R"
    OUTPUT_ORDER = "O"
    COLLECT = "C"
    COLLECT_SUM = "C+"
    COLLECT_MIN = "C<"
    COLLECT_MAX = "C>"
    COLLECT_COUNT = "C#"

    @property
    def is_single(self) -> bool:
        """At most one rule gives the result."""
        return self in _SINGLE

    @property
    def is_aggregate(self) -> bool:
        """The hits are folded into one number or one extreme value."""
        return self in _AGGREGATE

    @property
    def needs_priorities(self) -> bool:
        """The order of the outputs' allowed values ranks the hits."""
        return self in (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER)


_SINGLE = frozenset({HitPolicy.UNIQUE, HitPolicy.ANY, HitPolicy.PRIORITY, HitPolicy.FIRST})
_AGGREGATE = frozenset(
    {HitPolicy.COLLECT_SUM, HitPolicy.COLLECT_MIN, HitPolicy.COLLECT_MAX, HitPolicy.COLLECT_COUNT}
)
