"""Cells by their letters and numbers."""

from __future__ import annotations

import re

_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")


def cell_position(reference: str) -> tuple[int, int]:
    """Row and column, from 1, of a cell such as ``C7``. Raises ValueError for anything else."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise ValueError(f"`{reference}` is no cell")
    return int(found[2]), column_number(found[1])


def column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
