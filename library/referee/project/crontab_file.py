"""Schedules as lines of a crontab: written, and read back with every fault by line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator

from referee.domain import Diagnostic, LineAddress
from referee.project.schedule import Schedule, Scheduled, command_of
from referee.project.start_times import DAY, grouped, is_ever, ranges

_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 7),
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES: tuple[dict[str, int], ...] = (
    {},
    {},
    {},
    {name: at for at, name in enumerate(_MONTHS, 1)},
    {name: at for at, name in enumerate(_WEEKDAYS)},
)
_SHORT = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_SETTING = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_PATH = "/usr/bin:/bin"


def crontab(schedule: Schedule) -> str:
    """For ``crontab -e`` of the user who runs the bots. What a run prints is kept; cron mails complaints alone."""
    command = f"exec {shlex.join(schedule.words())} > /dev/null"
    lines = [
        f"# Starts the bot {schedule.bot}. Overlaps are refused and limits kept by `referee run` itself.",
        "SHELL=/bin/sh",
        "PATH=/usr/local/bin:/usr/bin:/bin",
    ]
    if schedule.mail_to:
        lines.append(f"MAILTO={','.join(schedule.mail_to)}")
    for days, hours, minutes in grouped(schedule.times.of_week):
        on = "*" if len(days) == 7 else ranges(sorted((day + 1) % 7 for day in days))
        times = f"{_minutes(minutes)} {'*' if len(hours) == 24 else ranges(hours)} * * {on}"
        lines.append(f"{times} {command}".replace("%", r"\%"))  # cron ends the command at a plain one
    return "\n".join(lines) + "\n"


def _minutes(minutes: tuple[int, ...]) -> str:
    for step in range(2, 31):
        if 60 % step == 0 and minutes == tuple(range(0, 60, step)):
            return f"*/{step}"
    return "*" if len(minutes) == 60 else ranges(minutes)


def read_crontab(text: str, name: str) -> tuple[list[Scheduled], list[Diagnostic]]:
    """The commands of a crontab (of a user, or of /etc/cron.d, which names users), and the faults of its lines."""
    found: list[Scheduled] = []
    faults: list[Diagnostic] = []
    environment: dict[str, str] = {}

    def fault(line: int, message: str) -> None:
        faults.append(Diagnostic("crontab", message, place=LineAddress(name, line)))

    if text and not text.endswith("\n"):
        fault(text.count("\n") + 1, "the last line has no end, and cron leaves it out; add a line break")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        setting = _SETTING.fullmatch(line)
        if setting is not None:
            environment[setting[1]] = setting[2].strip().strip("\"'")
            continue
        parts = line.split(maxsplit=5)
        if line.lstrip().startswith("@"):
            short, _, command = line.strip().partition(" ")
            if short != "@reboot" and short not in _SHORT:
                fault(number, f"cron knows no `{short}`; there are @reboot, {', '.join(_SHORT)}")
                continue
            parts = [*_SHORT.get(short, "* * * * *").split(), command.strip()]
            known = short != "@reboot"
        else:
            known = True
        if len(parts) < 6 or not parts[5]:
            fault(
                number,
                "five times and a command are needed: minute, hour, day, month, day of the week, command",
            )
            continue
        values = []
        for at, field in enumerate(parts[:5]):
            try:
                values.append(_read(field, at))
            except ValueError as error:
                fault(number, f"{_FIELDS[at][0]} `{field}`: {error}")
        if len(values) < 5:
            continue
        if parts[2] != "*" and parts[4] != "*":
            fault(
                number,
                "with a day of the month and a day of the week cron starts it on either; leave one as *",
            )
        if parts[4] == "*" and not is_ever(values[2], values[3]):
            fault(number, f"it never starts: no such month has a day {parts[2]}")
        of_week = (
            _of_week(values, all_days=parts[4] == "*") if known and parts[2] == parts[3] == "*" else None
        )
        found += _command(name, number, parts[5], of_week, environment, fault)
    return found, faults


def _command(
    name: str,
    number: int,
    command: str,
    of_week: frozenset[int] | None,
    environment: dict[str, str],
    fault: Callable[[int, str], None],
) -> Iterator[Scheduled]:
    if re.search(r"(?<!\\)%", command):
        fault(number, r"cron ends the command at a `%`; write `\%`")
    try:
        words = shlex.split(command.replace(r"\%", "%"))
    except ValueError as error:
        fault(number, f"the command can't be read ({error}); close what is quoted")
        return
    path = environment.get("PATH", _PATH)
    folder, kept = command_of(words)
    run = Scheduled(name, number, kept, of_week, folder, dict(environment), path)
    if (
        run.arguments() is not None
        and not kept[0].startswith("/")
        and len(kept) > 1
        and kept[1].startswith("/")
    ):
        run = Scheduled(
            name, number, kept[1:], of_week, folder, dict(environment), path
        )  # a user comes first
    yield run


def _of_week(values: list[frozenset[int]], *, all_days: bool) -> frozenset[int]:
    minutes, hours, _, _, days = values
    weekdays = range(7) if all_days else {(day - 1) % 7 for day in days}
    return frozenset(
        day * DAY + hour * 60 + minute for day in weekdays for hour in hours for minute in minutes
    )


def _read(field: str, at: int) -> frozenset[int]:
    _, low, high = _FIELDS[at]
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        if slash and (not step.isdigit() or int(step) == 0):
            raise ValueError("a step is a number from 1 on, as in */15")
        if span == "*":
            first, last = low, high
        else:
            begin, dash, end = span.partition("-")
            first = _number(begin, at)
            last = _number(end, at) if dash else high if slash else first
        if not low <= first <= last <= high:
            raise ValueError(f"write numbers from {low} to {high}, the smaller one first")
        found |= set(range(first, last + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, at: int) -> int:
    if text.isdigit():
        return int(text)
    if text.casefold() in _NAMES[at]:
        return _NAMES[at][text.casefold()]
    raise ValueError("write *, a number, a list such as 1,3, a range such as 1-5, or a step such as */15")
