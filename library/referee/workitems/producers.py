"""Producers: work items from case lists in Excel or CSV, and from folders of files. No input is no item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import file_digest
from pathlib import Path
from typing import Any

from referee.audit.disk_fault import reason
from referee.domain import Case, InputError
from referee.domain.counting import number_of
from referee.workbook import CaseRows, DataDictionary, UnreadableCell
from referee.workitems.items import NewItem, WorkItem

UNREADABLE = "unreadable cell"
"""The one name in what stands in a payload for a cell that nobody can read, so that it is doubt later on."""
_IN_THE_MAKING = (".tmp", ".part", ".partial", ".crdownload", ".filepart")


def items_of_case_list(
    path: str | Path,
    sheet: str = "",
    *,
    key: str = "",
    priority: int = 0,
    due: datetime | None = None,
    priority_column: str = "",
    due_column: str = "",
    dictionary: DataDictionary | None = None,
    warn: Callable[[str], None] = lambda remark: None,
) -> list[NewItem]:
    """One item a row of an .xlsx, .xlsm or .csv file: facts as payload, the column ``key`` (the first one) as key.

    With the ``dictionary`` of a decision its required facts must be among the headings, as in ``read_cases``.

    ``priority`` and ``due`` are those of rows that don't have their own in the columns named. Raises InputError in one
    sentence for what isn't a case list with at least one row, and for what can't be a priority or a date, naming row
    and column.
    """
    listed = CaseRows(path, sheet, key)
    if dictionary is not None:
        listed.require_facts(dictionary, warn)
    for name in (priority_column, due_column):
        if name and name not in listed.columns:
            raise InputError(f"{path}: there is no column `{name}`; there are {', '.join(listed.columns)}")
    return [
        NewItem(
            case.id,
            {name: _kept(value) for name, value in case.facts.items()},
            priority=_priority(case, priority_column, priority),
            due=_due(case, due_column, due),
        )
        for case in listed.cases()
    ]


def items_in_folder(
    folder: str | Path, pattern: str = "*", *, priority: int = 0, due: datetime | None = None
) -> list[NewItem]:
    """One item a file of a folder: the file's name as key, the file attached, ``file`` and ``sha256`` as payload.

    Folders in it, hidden files, and those still being written (``~$…``, ``….tmp``, ``….part``) are left out.
    Raises InputError when the folder isn't there or no file in it fits the pattern.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; make it, or correct the name")
    try:
        paths = sorted(path for path in folder.glob(pattern) if path.is_file() and not _is_passing(path))
        if not paths:
            raise InputError(f"{folder}: no file in it fits `{pattern}`, so there is nothing to add")
        return [
            NewItem(
                path.name,
                {"file": path.name, "sha256": _digest(path)},
                files={path.name: path},
                priority=priority,
                due=due,
            )
            for path in paths
        ]
    except OSError as fault:
        raise InputError(f"{folder}: it can't be read: {reason(fault)}; see to its rights") from None


def facts_of(item: WorkItem) -> dict[str, Any]:
    """The payload of an item as facts of a case. Raises InputError when it isn't a mapping of names."""
    if not isinstance(item.payload, Mapping):
        raise InputError(
            f"the work item `{item.key}` holds {what_is_no_facts(item.payload)} in the place of facts by name; "
            "have its producer give it a dictionary"
        )
    return {name: _read_back(value) for name, value in item.payload.items()}


def what_is_no_facts(payload: Any) -> str:
    """The kind of data that are no facts by name, in words: what they say may be nobody's business."""
    match payload:
        case None:
            return "no data"
        case str():
            return "a text"
        case list():
            return f"a list of {number_of(len(payload), 'value')}"
        case bool():
            return "a truth value"
        case _:
            return "a number"


def _kept(value: Any) -> Any:
    return {UNREADABLE: value.reason} if isinstance(value, UnreadableCell) else value


def _read_back(value: Any) -> Any:
    if isinstance(value, Mapping) and value.keys() == {UNREADABLE}:
        return UnreadableCell(str(value[UNREADABLE]))
    return value


def _priority(case: Case, column: str, otherwise: int) -> int:
    value = case.facts[column] if column else None
    if value is None:
        return otherwise
    if not isinstance(value, Decimal) or value != value.to_integral_value():
        raise InputError(f"{case.place}: the priority in `{column}` is `{value}`; give it as a whole number")
    return int(value)


def _due(case: Case, column: str, otherwise: datetime | None) -> datetime | None:
    value = case.facts[column] if column else None
    if value is None:
        return otherwise
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise InputError(
            f"{case.place}: the due date in `{column}` is `{value}`; give it as a date, in text as 2026-11-30"
        ) from None


def _is_passing(path: Path) -> bool:
    return path.name.startswith((".", "~$")) or path.suffix.casefold() in _IN_THE_MAKING


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
