"""Schedules as tasks of Windows: the XML that ``schtasks`` takes, written and read back.

The form is that of the Task Scheduler schema 1.2, [MS-TSCH] section 2.5.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from referee.domain import Diagnostic, InputError, LineAddress
from referee.project.schedule import MARGIN, Schedule, Scheduled
from referee.project.start_times import DAY, next_starts

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MOST_TRIGGERS = 48
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def task_xml(schedule: Schedule, now: datetime) -> str:
    """The text of the file, which is written in UTF-16 as Windows does.

    Raises InputError for more starts than a task can have.
    """
    times = schedule.times
    task = Element("Task", {"version": "1.2", "xmlns": NAMESPACE})
    info = SubElement(task, "RegistrationInfo")
    SubElement(info, "Description").text = f"Starts the bot {schedule.bot}. Made by `referee schedule`."
    triggers = SubElement(task, "Triggers")
    firsts = times.at or (times.first,)
    if len(firsts) > _MOST_TRIGGERS:
        raise InputError(
            f"Windows knows {_MOST_TRIGGERS} times of day for a task, not {len(firsts)}; take --every"
        )
    for first in firsts:
        of_week = frozenset((day * DAY + first) for day in times.days)
        trigger = SubElement(triggers, "CalendarTrigger")
        SubElement(trigger, "Enabled").text = "true"
        SubElement(trigger, "StartBoundary").text = next(next_starts(of_week, now)).isoformat(
            timespec="seconds"
        )
        if times.every and len(times.of_day) > 1:
            repetition = SubElement(trigger, "Repetition")
            SubElement(repetition, "Interval").text = _duration(timedelta(minutes=times.every))
            # One minute beyond the last start: whether one at the very end counts isn't said anywhere.
            last = times.of_day[-1] - times.first + 1
            SubElement(repetition, "Duration").text = _duration(timedelta(minutes=last))
            SubElement(repetition, "StopAtDurationEnd").text = "false"
        if schedule.spread:
            SubElement(trigger, "RandomDelay").text = _duration(schedule.spread)
        week = SubElement(trigger, "ScheduleByWeek")
        SubElement(week, "WeeksInterval").text = "1"
        days = SubElement(week, "DaysOfWeek")
        for day in times.days:
            SubElement(days, _DAYS[day])
    principal = SubElement(SubElement(task, "Principals"), "Principal", {"id": "Author"})
    SubElement(principal, "LogonType").text = "Password"
    SubElement(principal, "RunLevel").text = "LeastPrivilege"
    settings = SubElement(task, "Settings")
    for name, value in (
        ("MultipleInstancesPolicy", "IgnoreNew"),
        ("DisallowStartIfOnBatteries", "false"),
        ("StopIfGoingOnBatteries", "false"),
        ("AllowHardTerminate", "true"),
        ("StartWhenAvailable", "true"),
    ):
        SubElement(settings, name).text = value
    idle = SubElement(settings, "IdleSettings")
    SubElement(idle, "StopOnIdleEnd").text = "false"
    SubElement(idle, "RestartOnIdle").text = "false"
    SubElement(settings, "Enabled").text = "true"
    longest = schedule.limit + schedule.grace + MARGIN
    SubElement(settings, "ExecutionTimeLimit").text = _duration(longest)
    program, *arguments = schedule.words()
    command = SubElement(SubElement(task, "Actions", {"Context": "Author"}), "Exec")
    SubElement(command, "Command").text = program
    SubElement(command, "Arguments").text = subprocess.list2cmdline(arguments)
    SubElement(command, "WorkingDirectory").text = str(schedule.project)
    indent(task)
    return '<?xml version="1.0" encoding="UTF-16"?>\n' + tostring(task, encoding="unicode") + "\n"


def _duration(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    parts = ((seconds // 3600, "H"), (seconds % 3600 // 60, "M"), (seconds % 60, "S"))
    return "PT" + ("".join(f"{count}{unit}" for count, unit in parts if count) or "0S")


def _minutes(text: str) -> int | None:
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return days * DAY + hours * 60 + minutes + seconds // 60


def read_task(content: bytes, name: str) -> tuple[list[Scheduled], list[Diagnostic]]:
    """The commands of a task, and what is wrong with it. Raises InputError for what is no task."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        task: Element = fromstring(content)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise InputError(f"{name}: this is no XML that can be read ({error})") from None
    if task.tag != f"{{{NAMESPACE}}}Task":
        raise InputError(
            f"{name}: this is no task of Windows; export one with `schtasks /Query /XML /TN NAME`"
        )
    reading = _Reading(task, _text(content), name)
    starts = reading.starts()
    runs = []
    for command in task.iterfind(".//t:Actions/t:Exec", {"t": NAMESPACE}):
        words = (_inner(command, "Command").strip('"'), *_split(_inner(command, "Arguments")))
        line = reading.line("Command")
        run = Scheduled(name, line, words, starts, _inner(command, "WorkingDirectory"))
        runs.append(run)
    faults = list(reading.faults()) if any(run.arguments() is not None for run in runs) else []
    return runs, faults


def _text(content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    return content.decode(encoding, "replace")


def _inner(element: Element, path: str) -> str:
    found = element.find("/".join(f"t:{part}" for part in path.split("/")), {"t": NAMESPACE})
    return "" if found is None else (found.text or "").strip()


def _split(arguments: str) -> Sequence[str]:
    """The words of a command line as Windows programs read them."""
    words, word, quoted, inside = [], "", False, False
    for sign in re.findall(r'\\*"|\\+|[^"\\]', arguments):
        if sign.endswith('"'):
            escapes, is_text = divmod(len(sign) - 1, 2)
            word += "\\" * escapes + '"' * is_text
            inside = True
            quoted ^= not is_text
        elif sign.isspace() and not quoted:
            if word or inside:
                words.append(word)
            word, inside = "", False
        else:
            word += sign
    return [*words, word] if word or inside else words


class _Reading:
    """A task that is read: its settings, and the lines on which they stand."""

    def __init__(self, task: Element, text: str, name: str) -> None:
        self.task = task
        self.text = text
        self.name = name

    def line(self, tag: str) -> int:
        at = self.text.find(f"<{tag}")
        return 0 if at < 0 else self.text.count("\n", 0, at) + 1

    def starts(self) -> frozenset[int] | None:
        """The starts of a week; None where a trigger is of a kind that isn't read here."""
        found: set[int] = set()
        triggers = self.task.find("t:Triggers", {"t": NAMESPACE})
        for trigger in () if triggers is None else triggers:
            begin = _inner(trigger, "StartBoundary")
            days = trigger.find("t:ScheduleByWeek/t:DaysOfWeek", {"t": NAMESPACE})
            daily = trigger.find("t:ScheduleByDay", {"t": NAMESPACE})
            try:
                clock = datetime.fromisoformat(begin)
            except ValueError:
                return None
            if days is not None:
                on = [_DAYS.index(day.tag.rpartition("}")[2]) for day in days]
            elif daily is not None and _inner(daily, "DaysInterval") in ("", "1"):
                on = list(range(7))
            else:
                return None
            interval = _minutes(_inner(trigger, "Repetition/Interval") or "PT0S")
            duration = _minutes(_inner(trigger, "Repetition/Duration") or "P1D")
            if interval is None or duration is None:
                return None
            first = clock.hour * 60 + clock.minute
            offsets = range(0, duration, interval) if interval else (0,)
            found |= {(day * DAY + first + offset) % (7 * DAY) for day in on for offset in offsets}
        return frozenset(found)

    def faults(self) -> Iterator[Diagnostic]:
        for tag, good, default, why in (
            (
                "MultipleInstancesPolicy",
                "IgnoreNew",
                "IgnoreNew",
                "a second start isn't to disturb the first",
            ),
            ("StopOnIdleEnd", "false", "true", "Windows ends the bot when somebody moves the mouse"),
            (
                "DisallowStartIfOnBatteries",
                "false",
                "true",
                "Windows doesn't start the bot on a laptop without power",
            ),
            (
                "StopIfGoingOnBatteries",
                "false",
                "true",
                "Windows ends the bot when the power fails for a moment",
            ),
            (
                "StartWhenAvailable",
                "true",
                "false",
                "a start that was missed, as the machine was off, isn't made up for",
            ),
        ):
            path = f"Settings/IdleSettings/{tag}" if tag == "StopOnIdleEnd" else f"Settings/{tag}"
            if (_inner(self.task, path) or default) != good:
                yield self.fault(tag, f"{why}; write <{tag}>{good}</{tag}>")
        limit = _inner(self.task, "Settings/ExecutionTimeLimit")
        if _minutes(limit or "PT0S") == 0:
            yield self.fault(
                "ExecutionTimeLimit", "a run that hangs is never ended; write an <ExecutionTimeLimit>"
            )
        if _inner(self.task, "Settings/Enabled") == "false":
            yield self.fault("Enabled", "the task is switched off")
        triggers = self.task.find("t:Triggers", {"t": NAMESPACE})
        if triggers is None or not len(triggers):
            yield self.fault("Triggers", "the task has no trigger, so it never starts")

    def fault(self, tag: str, message: str) -> Diagnostic:
        line = self.line(tag) or self.line("Settings")
        return Diagnostic("task", message, place=LineAddress(self.name, line))
