"""CSV files that open in Excel as what they are: text never as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from referee.files.durability import make_folder
from referee.files.whole_file import written_whole

_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(value: Any) -> Any:
    """A cell whose text no spreadsheet takes for a formula: such a text gets an apostrophe in front, numbers don't."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA) and not _NUMBER.fullmatch(value):
        return "'" + value
    return value


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Writes the rows one by one, replacing an existing file in one step, and gives their number.

    UTF-8 with the mark by which Excel knows it. Raises OSError.
    """
    count = 0
    make_folder(path.parent)
    with written_whole(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="backslashreplace", newline="")
        writer = csv.writer(text)
        writer.writerow([harmless(name) for name in columns])
        for row in rows:
            writer.writerow([harmless(value) for value in row])
            count += 1
        text.flush()
        text.detach()
    return count
