"""Faults of past cases told all at once, by row and column, with what may be done about them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from referee.domain import Case, InputError

_ROWS_NAMED = 5
_FAULTS_SHOWN = 20


def refuse(subject: str, faults: Sequence[str], advice: str = "") -> None:
    """Raises ``InputError`` with the faults, if there are any, and what may be done about them."""
    if not faults:
        return
    if len(faults) == 1 and not advice:
        raise InputError(f"{subject}: {faults[0]}")
    more = [f"and {len(faults) - _FAULTS_SHOWN} more"] if len(faults) > _FAULTS_SHOWN else []
    raise InputError(
        "\n  ".join([f"{subject}:", *faults[:_FAULTS_SHOWN], *more, *([advice] if advice else [])])
    )


def places(rows: Iterable[Case]) -> str:
    """``line 3, line 9 and 12 more``."""
    found = [row.id for row in rows]
    more = f" and {len(found) - _ROWS_NAMED} more" if len(found) > _ROWS_NAMED else ""
    return ", ".join(found[:_ROWS_NAMED]) + more


def shell_word(name: str) -> str:
    """A column's name as a shell takes it."""
    return shlex.quote(name)
