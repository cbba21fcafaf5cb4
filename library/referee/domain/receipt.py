"""The proof that an audit record is durable."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receipt:
    """Position (counted from 0) and hash of a record in its audit log. It exists only once the record is durable."""

    position: int
    hash: str
