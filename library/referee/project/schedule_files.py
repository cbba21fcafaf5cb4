"""The files of a schedule: made for cron, systemd or Windows, and checked whoever made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from referee.domain import Diagnostic, InputError, LineAddress
from referee.project.crontab_file import crontab, read_crontab
from referee.project.schedule import Schedule, Scheduled, faults_of
from referee.project.systemd_units import SUFFIXES, read_units, units, verified
from referee.project.windows_task import read_task, task_xml


@dataclass(frozen=True, slots=True)
class CheckedSchedule:
    """The runs of bots that files start, and what is wrong with them. ``unproved`` says what could not be looked at."""

    runs: tuple[Scheduled, ...]
    faults: tuple[Diagnostic, ...]
    unproved: tuple[str, ...] = ()


def schedule_files(schedule: Schedule, form: str, now: datetime) -> dict[str, bytes]:
    """The files by their names. ``form`` is cron, systemd or windows; InputError is raised for what it can't say."""
    if form == "systemd":
        return {name: text.encode() for name, text in units(schedule).items()}
    if form == "windows":
        return {f"{schedule.name}.xml": task_xml(schedule, now).encode("utf-16")}
    if schedule.spread:
        raise InputError("cron starts at the minute; take --spread with --form systemd or windows")
    return {f"{schedule.name}.crontab": crontab(schedule).encode()}


def check_files(files: Mapping[str, bytes]) -> CheckedSchedule:
    """Checks files by their names: units of systemd together, XML as a task of Windows, anything else as a crontab.

    Raises InputError for a file that can't be read at all.
    """
    runs: list[Scheduled] = []
    faults: list[Diagnostic] = []
    unproved: list[str] = []
    unit_texts = {name: _text(name, content) for name, content in files.items() if name.endswith(SUFFIXES)}
    if unit_texts:
        found, wrong = read_units(unit_texts)
        runs += found
        said = verified(unit_texts)
        if said is None:
            unproved.append("systemd-analyze isn't here, so the units were checked by Referee alone")
        faults += [*wrong, *(said or ())]
    for name, content in files.items():
        if name.endswith(SUFFIXES):
            continue
        read = read_task(content, name) if name.endswith(".xml") else read_crontab(_text(name, content), name)
        runs += read[0]
        faults += read[1]
    ours = _with_all_starts([run for run in runs if run.arguments() is not None])
    if not ours and not faults:
        first = next(iter(files))
        faults.append(
            Diagnostic("no-run", "none of its commands is a `referee run`", place=LineAddress(first))
        )
    faults += dict.fromkeys(fault for run in ours for fault in faults_of(run))
    return CheckedSchedule(tuple(ours), tuple(sorted(faults, key=_place)), tuple(unproved))


def _with_all_starts(runs: Sequence[Scheduled]) -> list[Scheduled]:
    """A bot may be started by several lines, as one that works over midnight is: their starts count together."""
    found = []
    for run in runs:
        alike = [other.of_week for other in runs if other.words == run.words and other.file == run.file]
        known = [starts for starts in alike if starts is not None]
        found.append(replace(run, of_week=frozenset().union(*known) if known else None))
    return found


def read_files(paths: Sequence[Path]) -> dict[str, bytes]:
    """Raises InputError naming a file that can't be read."""
    found = {}
    for path in paths:
        try:
            found[path.name] = path.read_bytes()
        except OSError as fault:
            raise InputError(f"{path}: this file can't be read ({fault.strerror or fault})") from None
    return found


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(
            f"{name}: this is no text; name a crontab, units of systemd, or the XML of a task"
        ) from None


def _place(fault: Diagnostic) -> tuple[str, int]:
    place = fault.place
    return (place.file, place.line) if isinstance(place, LineAddress) else ("", 0)
