"""What the audit log knows about cases, written into the workbook that people keep them in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from referee.domain import InputError
from referee.domain.counting import number_of
from referee.files import remove_drafts
from referee.keywords.output_files import Written, shown, write_in_any_event
from referee.keywords.secrets import is_secret

if TYPE_CHECKING:
    from referee.engine import Referee
    from referee.workbook import CellTarget, WrittenCells
    from referee.workitems import CaseState

RESULT_HEADINGS = {"route": "route", "reasons": "reasons", "status": "status", "result": "result"}
"""The columns that are written where a bot names none."""

_READERS: Mapping[str, Callable[[CaseState], Any]] = {
    "route": lambda state: state.decision["route"],
    "action": lambda state: state.decision["action"],
    "queue": lambda state: (state.handoff or state.decision)["queue"],
    "reasons": lambda state: "; ".join((state.handoff or state.decision)["reasons"]),
    "status": lambda state: str(state.status),
    "result": lambda state: state.result,
}
_PART = "result."
_PATIENCE_SECONDS = 60
_NAMED_ROWS = 3


@dataclass(frozen=True, slots=True)
class ResultColumns:
    """The columns for results in a workbook: their headings by what is written there. Without a path the workbook is
    the one that the cases were read from.
    """

    path: Path | None
    sheet: str
    headings: Mapping[str, str]

    def __post_init__(self) -> None:
        unknown = [name for name in self.headings if name not in _READERS and not name.startswith(_PART)]
        if unknown:
            raise InputError(
                f"there is no result {unknown[0]!r} to write; there are {', '.join(_READERS)}, and {_PART}NAME for one "
                "part of a result that is a dictionary"
            )


class WriteBack:
    """Writes results into one workbook: checked before the first case, written after the last.

    What is written comes from the audit log, so a later run writes what an earlier one, that was killed, did not.
    """

    def __init__(self, referee: Referee, columns: ResultColumns, read_from: Path | None, sheet: str) -> None:
        path = columns.path or read_from
        if path is None:
            raise InputError(
                "Write Results Back needs a file, since no cases were read from one; name it there"
            )
        self.path = path
        self._referee = referee
        self._readers = [_reader(name) for name in columns.headings]
        self._target = _target(
            referee, path, columns.sheet or (sheet if columns.path is None else ""), columns.headings.values()
        )
        self._as_read: Mapping[str, int] = {}

    def check(self) -> None:
        """Raises `InputError` for what would keep the results from being written now."""
        from referee.workbook import check_case_cells

        self._refresh()
        self._as_read = check_case_cells(self._target, lambda case_id: self._state(case_id) is not None)

    def write(self) -> Written:
        """Writes under a free name beside the workbook where that can't be replaced."""
        from referee.workbook import write_case_cells

        self._refresh()
        done: list[WrittenCells] = []

        def write(path: Path) -> None:
            with alone_with(self.path) if path == self.path else nullcontext():
                done.append(write_case_cells(self._target, self._cells, into=path, as_read=self._as_read))

        written = write_in_any_event(self.path, write)
        changed = done[-1].changed if done else ()
        if not changed:
            return written
        named = ", ".join([*changed[:_NAMED_ROWS], *(["…"] if changed[_NAMED_ROWS:] else [])])
        remark = (
            f"{shown(written.path)}: {number_of(len(changed), 'row')} left alone, as facts in them were changed since "
            f"they were read: {named}"
        )
        return Written(
            written.path, f"{written.remark}; {remark}" if written.remark else remark, written.failed
        )

    def _refresh(self) -> None:
        if self._referee.ledger is not None:
            self._referee.ledger.refresh()

    def _state(self, case_id: str) -> CaseState | None:
        ledger = self._referee.ledger
        return None if ledger is None else ledger.state(self._referee.name, case_id)

    def _cells(self, case_id: str) -> Sequence[Any] | None:
        state = self._state(case_id)
        return None if state is None else [_cell(read(state)) for read in self._readers]


def write_all(write_backs: Sequence[WriteBack]) -> dict[str, Written]:
    """What was written, by what it is called in the summary of a run."""
    return {
        f"list {number}" if number > 1 else "list": one.write() for number, one in enumerate(write_backs, 1)
    }


def set_cells(referee: Referee, path: Path, sheet: str, case_id: str, values: Mapping[str, Any]) -> None:
    """Writes values by heading into the row of one case, durable when this returns. Raises `InputError`."""
    from referee.workbook import write_case_cells

    for heading, value in values.items():
        if is_secret(value):
            raise InputError(
                f"a secret is not written into a workbook: it would stand in the column {heading!r}"
            )
    target = _target(referee, path, sheet, values)
    with alone_with(path):
        written = write_case_cells(target, lambda found: list(values.values()) if found == case_id else None)
    if case_id not in written.listed:
        raise InputError(f"{path}: there is no row for the case {case_id!r}")


def _target(referee: Referee, path: Path, sheet: str, headings: Iterable[str]) -> CellTarget:
    from referee.workbook import CellTarget

    workbook = referee.workbook
    return CellTarget(path, tuple(headings), sheet, workbook.settings.case_id, workbook.dictionary.names)


def _reader(name: str) -> Callable[[CaseState], Any]:
    if name in _READERS:
        return _READERS[name]
    part = name.removeprefix(_PART)
    return lambda state: state.result.get(part) if isinstance(state.result, Mapping) else None


def _cell(value: Any) -> Any:
    """Numbers and truth values as such, everything else as a text for people."""
    if value is None or isinstance(value, bool | int | float | Decimal):
        return value
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_cell(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(str(_cell(item)) for item in value)
    return str(value)


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Keeps other bots of this machine from writing the same workbook meanwhile. Raises `InputError` after a minute."""
    from referee.audit import utc_now
    from referee.workbook.workbook_in_use import require_replaceable
    from referee.workitems.owned_lock import OwnedLock

    require_replaceable(path)
    real = path.resolve()
    lock = OwnedLock(real.with_name(f".~referee.{real.name}.lock"), utc_now)
    until = time.monotonic() + _PATIENCE_SECONDS
    while not lock.take():
        if time.monotonic() >= until:
            raise InputError(f"{path}: another bot is writing it{lock.owner()}; try again later")
        time.sleep(0.05)
    try:
        remove_drafts(path)
        yield
    finally:
        lock.remove()
        lock.free()
