"""Schedules as systemd units: a service, its timer, and a service that tells of runs that were killed."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from referee.domain import Diagnostic, InputError, LineAddress
from referee.feel.names import suggestion
from referee.project.run_end import span
from referee.project.schedule import GRACE, MARGIN, Schedule, Scheduled, told_span
from referee.project.start_times import DAY, grouped, is_ever, ranges

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CALENDAR = re.compile(r"(?:([A-Za-z.,]+) +)?\*-\*-\* ([\d.,*]+):([\d.,*]+)(?::00)?")
_DATE = re.compile(r"(?:[A-Za-z.,]+ +)?(\*|\d{4})-([\d.,*]+)-([\d.,*]+)(?: .*)?")
SUFFIXES = (".service", ".timer")
_FAILURES = frozenset("1234")
_UNIT_FOLDERS = tuple(
    Path(folder)
    for folder in (
        *(
            "/etc/systemd/system",
            "/run/systemd/system",
            "/usr/lib/systemd/system",
            "/usr/local/lib/systemd/system",
        ),
        *("/etc/systemd/user", "/usr/lib/systemd/user", "~/.config/systemd/user"),
    )
)


def units(schedule: Schedule) -> dict[str, str]:
    """The files by their names. They go to ``/etc/systemd/system``, or ``~/.config/systemd/user`` for one's own."""
    name = schedule.name
    longest = schedule.limit + schedule.grace + MARGIN
    described = f"Bot {schedule.bot}".replace("%", "%%")
    command = " ".join(_word(word) for word in schedule.words())
    folder = str(schedule.project).replace("%", "%%")
    lost = " ".join(_word(word) for word in [*schedule.words(), "--tell-if-lost"])
    calendar = [
        f"OnCalendar={_days(days)}*-*-* {ranges(hours, '..')}:{_two(minutes)}:00"
        for days, hours, minutes in grouped(schedule.times.of_week)
    ]
    spread = [f"RandomizedDelaySec={int(schedule.spread.total_seconds())}"] if schedule.spread else []
    service = [
        "[Unit]",
        f"Description={described}",
        f"OnFailure={name}-lost.service",
        "",
        "[Service]",
        "Type=exec",
        f"WorkingDirectory={folder}",
        f"ExecStart={command}",
        "# Asked to stop, the bot finishes the case in hand; what is left after that is killed, whatever it is.",
        "KillMode=mixed",
        f"TimeoutStopSec={int((schedule.grace + MARGIN).total_seconds())}",
        "# A second net: `referee run` keeps its own time limit.",
        f"RuntimeMaxSec={int(longest.total_seconds())}",
        "SuccessExitStatus=130",
    ]
    timer = [
        "[Unit]",
        f"Description={described}, when it starts",
        "",
        "[Timer]",
        *calendar,
        "# A start that was missed, as the machine was off, is made up for.",
        "Persistent=true",
        *spread,
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    told = [
        "[Unit]",
        f"Description={described}, told of if it was killed",
        "",
        "[Service]",
        "Type=oneshot",
        f"WorkingDirectory={folder}",
        f"ExecStart={lost}",
    ]
    files = {f"{name}.service": service, f"{name}.timer": timer, f"{name}-lost.service": told}
    return {file: "\n".join(lines) + "\n" for file, lines in files.items()}


def _word(word: str) -> str:
    r"""A word of ExecStart: systemd expands ``%`` and ``$``, and takes ``\`` for the beginning of an escape."""
    text = word.replace("\\", "\\\\").replace("%", "%%").replace("$", "$$").replace('"', '\\"')
    return f'"{text}"' if re.search(r"[\s\"';]", text) or not text else text


def _days(days: tuple[int, ...]) -> str:
    return "" if len(days) == 7 else ranges(days, "..", _DAYS) + " "


def _two(minutes: tuple[int, ...]) -> str:
    return ",".join(f"{minute:02d}" for minute in minutes)


@dataclass(slots=True)
class _Unit:
    """A unit file: settings by section and name, each with its line; a name may be there several times."""

    name: str
    settings: dict[tuple[str, str], list[tuple[str, int]]] = field(default_factory=dict)

    def last(self, section: str, key: str) -> tuple[str, int]:
        return self.settings.get((section, key), [("", 0)])[-1]


def read_units(texts: Mapping[str, str]) -> tuple[list[Scheduled], list[Diagnostic]]:
    """The commands of unit files that belong together, and what is wrong with them.

    A service is started by the timer of the same name, or by the one whose ``Unit=`` names it.
    """
    faults: list[Diagnostic] = []
    found = {name: _read(name, text, faults) for name, text in texts.items()}
    timers = {name: unit for name, unit in found.items() if name.endswith(".timer")}
    telling = {_told_by(unit) for unit in found.values()}
    runs: list[Scheduled] = []
    for name, unit in found.items():
        if name.endswith(".timer"):
            continue
        mine = [timer for other, timer in timers.items() if _service_of(other, timer) == name]
        starts: frozenset[int] | None = frozenset().union(*(_starts(timer) or frozenset() for timer in mine))
        if not mine or any(_starts(timer) is None for timer in mine):
            starts = None
        for command, line in unit.settings.get(("Service", "ExecStart"), []):
            run = _command(unit, command, line, starts)
            if run is None:
                continue
            if run.arguments() is None:
                if name not in telling:
                    message = "this is no `referee run`, so no bot is started in time and nobody is told"
                    faults.append(Diagnostic("unit", message, place=LineAddress(name, line)))
                continue
            runs.append(run)
            faults += _place_faults(unit, found)
            if "--tell-if-lost" not in run.words:
                faults += _service_faults(unit, run)
                faults += [fault for timer in mine for fault in _timer_faults(timer)]
    return runs, faults


def _read(name: str, text: str, faults: list[Diagnostic]) -> _Unit:
    unit = _Unit(name)
    section, pending, begun = "", "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if pending:
            line = pending + line.strip()
        else:
            begun = number
        pending = ""
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        if stripped.endswith("\\"):
            pending = stripped[:-1].rstrip() + " "
        elif stripped.startswith("[") and stripped.endswith("]"):
            section = stripped[1:-1]
        elif "=" in stripped and section:
            key, _, value = stripped.partition("=")
            unit.settings.setdefault((section, key.strip()), []).append((value.strip(), begun))
        else:
            message = "a line is `[Section]`, `Setting=value` or a comment"
            faults.append(Diagnostic("unit", message, place=LineAddress(name, number)))
    return unit


def _service_of(timer_name: str, timer: _Unit) -> str:
    return timer.last("Timer", "Unit")[0] or timer_name.removesuffix(".timer") + ".service"


def _command(unit: _Unit, command: str, line: int, starts: frozenset[int] | None) -> Scheduled | None:
    environment = {
        key: value
        for text, _ in unit.settings.get(("Service", "Environment"), [])
        for key, _, value in (pair.partition("=") for pair in shlex.split(text))
    }
    if unit.last("Service", "EnvironmentFile")[0]:
        environment |= _environment_file(unit.last("Service", "EnvironmentFile")[0].lstrip("-"))
    try:
        words = shlex.split(command.lstrip("@-:+!"))
    except ValueError:
        return None  # systemd-analyze has the words for it
    plain = tuple(word.replace("%%", "%").replace("$$", "$") for word in words)
    folder = unit.last("Service", "WorkingDirectory")[0].replace("%%", "%")
    return Scheduled(unit.name, line, plain, starts, folder, environment)


def _environment_file(path: str) -> dict[str, str]:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    return {
        key.strip(): value.strip() for key, sign, value in (line.partition("=") for line in lines) if sign
    }


def _told_by(unit: _Unit) -> str:
    """The service that OnFailure names; of a template, its file."""
    name = unit.last("Unit", "OnFailure")[0].split(" ")[0]
    for specifier, meant in (("%n", unit.name), ("%N", stem := unit.name.rpartition(".")[0]), ("%p", stem)):
        name = name.replace(specifier, meant)
    return re.sub(r"@.*\.", "@.", name) if "@" in name else name


def _place_faults(unit: _Unit, units: Mapping[str, _Unit]) -> Iterator[Diagnostic]:
    """What a service names and this machine doesn't have."""

    def fault(section: str, key: str, message: str) -> Diagnostic:
        return Diagnostic("unit", message, place=LineAddress(unit.name, unit.last(section, key)[1]))

    told = _told_by(unit)
    installed = any((folder.expanduser() / told).is_file() for folder in _UNIT_FOLDERS)
    if told and "%" not in told and told not in units and not installed:
        yield fault(
            "Unit",
            "OnFailure",
            f"OnFailure: {told} is neither among these files nor on this machine; name its file with --check too",
        )
    folder = unit.last("Service", "WorkingDirectory")[0].replace("%%", "%")
    if folder.startswith("/") and not Path(folder).is_dir():
        yield fault(
            "Service",
            "WorkingDirectory",
            f"WorkingDirectory: there is no folder {folder}; systemd would start nothing",
        )
    user = unit.last("Service", "User")[0]
    if user and "%" not in user and not user.isdigit() and not _is_user(user):
        yield fault(
            "Service", "User", f"User: this machine has no user `{user}`; systemd would start nothing"
        )


def _is_user(name: str) -> bool:
    if sys.platform == "win32":
        return True  # nobody there can tell
    from pwd import getpwnam

    try:
        getpwnam(name)
    except KeyError:
        return False
    return True


def _service_faults(unit: _Unit, run: Scheduled) -> Iterator[Diagnostic]:
    def fault(key: str, message: str) -> Diagnostic:
        line = unit.last("Service", key)[1] or run.line
        return Diagnostic("unit", message, place=LineAddress(unit.name, line))

    kill_mode = unit.last("Service", "KillMode")[0] or "control-group"
    if kill_mode != "mixed":
        yield fault(
            "KillMode",
            f"KillMode is {kill_mode}: write KillMode=mixed, so that the bot can finish the case in hand and nothing "
            "it started is left",
        )
    grace = _seconds(run.option("--grace") or GRACE) or timedelta()
    limit = _seconds(run.option("--time-limit"))
    stop = _seconds(unit.last("Service", "TimeoutStopSec")[0] or "90s")
    if stop is not None and stop < grace:
        yield fault(
            "TimeoutStopSec",
            f"the bot gets {told_span(grace)} to finish its case; write TimeoutStopSec="
            f"{int((grace + MARGIN).total_seconds())}",
        )
    longest = unit.last("Service", "RuntimeMaxSec")[0]
    if unit.last("Service", "Type")[0] == "oneshot" and longest:
        yield fault("Type", "RuntimeMaxSec has no effect with Type=oneshot; write Type=exec")
    elif limit is not None and (most := _seconds(longest)) is not None and most < limit + grace:
        yield fault(
            "RuntimeMaxSec",
            f"systemd would kill the bot after {told_span(most)}, before its time limit and grace are over; write "
            f"RuntimeMaxSec={int((limit + grace + MARGIN).total_seconds())}",
        )
    restart = unit.last("Service", "Restart")[0] or "no"
    if restart != "no":
        yield fault(
            "Restart",
            f"Restart={restart} starts the bot again at once, outside its times; take the line out, the next start of "
            "the timer goes on",
        )
    hidden = sorted(_FAILURES & set(unit.last("Service", "SuccessExitStatus")[0].split()))
    if hidden:
        yield fault(
            "SuccessExitStatus",
            f"systemd would take runs that end with {', '.join(hidden)} for passed; write SuccessExitStatus=130",
        )
    if not unit.last("Unit", "OnFailure")[0]:
        yield fault(
            "ExecStart", "nobody is told of a run that was killed; add OnFailure= with a service that tells"
        )


def _timer_faults(timer: _Unit) -> Iterator[Diagnostic]:
    if not timer.settings.get(("Timer", "OnCalendar")):
        yield Diagnostic("unit", "the timer has no OnCalendar=", place=LineAddress(timer.name))
    for text, line in timer.settings.get(("Timer", "OnCalendar"), []):
        if _is_never(text):
            message = f"OnCalendar={text}: it never starts, as there is no such day to come"
            yield Diagnostic("unit", message, place=LineAddress(timer.name, line))
    if not timer.settings.get(("Install", "WantedBy")):
        message = "the timer can't be enabled; add a section [Install] with WantedBy=timers.target"
        yield Diagnostic("unit", message, place=LineAddress(timer.name))
    for (section, key), places in timer.settings.items():
        if section == "Timer" and key not in _TIMER_SETTINGS:
            message = f"the section [Timer] has no `{key}`{suggestion(key, _TIMER_SETTINGS)}"
            yield Diagnostic("unit", message, place=LineAddress(timer.name, places[0][1]))


_TIMER_SETTINGS = frozenset(
    {
        *("OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec", "OnCalendar"),
        *(
            "AccuracySec",
            "RandomizedDelaySec",
            "FixedRandomDelay",
            "RandomizedOffsetSec",
            "DeferReactivation",
        ),
        *("OnClockChange", "OnTimezoneChange", "Unit", "Persistent", "WakeSystem", "RemainAfterElapse"),
    }
)


def _seconds(text: str) -> timedelta | None:
    if text.isdigit():
        return timedelta(seconds=int(text))
    try:
        return span(re.sub(r"([dhms])(ays?|r|ours?|in|inutes?|ec|econds?)\b", r"\1", text))
    except InputError:
        return None


def _starts(timer: _Unit) -> frozenset[int] | None:
    """The starts of a week; None where a calendar is written in a way that isn't read here, or another clock counts."""
    found: set[int] = set()
    calendars = timer.settings.get(("Timer", "OnCalendar"), [])
    if any(key.startswith("On") and key.endswith("Sec") for _, key in timer.settings):
        return None
    for text, _ in calendars:
        parts = _CALENDAR.fullmatch(text.strip())
        if parts is None:
            return None
        try:
            days = range(7) if parts[1] is None else _numbers(parts[1], _DAYS)
            hours = range(24) if parts[2] == "*" else _numbers(parts[2])
            minutes = range(60) if parts[3] == "*" else _numbers(parts[3])
        except ValueError:
            return None
        found |= {day * DAY + hour * 60 + minute for day in days for hour in hours for minute in minutes}
    return frozenset(found)


def _is_never(calendar: str) -> bool:
    """Whether a calendar names days alone that there aren't, or a year that is over."""
    parts = _DATE.fullmatch(calendar.strip())
    if parts is None:
        return False
    try:
        months = range(1, 13) if parts[2] == "*" else _numbers(parts[2])
        days = range(1, 32) if parts[3] == "*" else _numbers(parts[3])
        return (parts[1] != "*" and int(parts[1]) < date.today().year) or not is_ever(days, months)
    except (ValueError, IndexError):
        return False  # systemd-analyze has the words for it


def _numbers(text: str, names: Sequence[str] = ()) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        begin, dots, end = part.partition("..")
        first, last = (
            names.index(word[:3].title()) if names else int(word) for word in (begin, end if dots else begin)
        )
        found += range(first, last + 1)
    return found


def verified(texts: Mapping[str, str]) -> list[Diagnostic] | None:
    """What ``systemd-analyze verify`` has to say of the files; None where there is no such program."""
    program = shutil.which("systemd-analyze")
    if program is None:
        return None
    with tempfile.TemporaryDirectory(prefix="referee-units-") as folder:
        paths = []
        for name, text in texts.items():
            path = Path(folder) / name
            path.write_text(text, encoding="utf-8")
            paths.append(str(path))
        command = [program, "verify", "--man=no", "--recursive-errors=no", *paths]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        faults = []
        for line in (done.stdout + done.stderr).splitlines():
            name = next((name for name in texts if name in line), "")
            if not name:
                continue  # about another unit of this machine
            number = re.search(re.escape(name) + r":(\d+):", line)
            message = line.replace(f"{folder}/", "").removeprefix(f"{name}:").lstrip(":0123456789 ")
            place = LineAddress(name, int(number[1]) if number else 0)
            faults.append(Diagnostic("systemd", f"systemd says: {message}", place=place))
        return faults
