"""Counts as people read them."""

from __future__ import annotations

from collections.abc import Mapping


def number_of(count: int, thing: str) -> str:
    """``1 case``, ``2 cases``."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def counted(counts: Mapping[str, int]) -> str:
    """``12 auto, 3 human``."""
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"
