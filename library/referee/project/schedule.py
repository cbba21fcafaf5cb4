"""A schedule of a bot: what is started and when, and what a schedule must have to be left alone at night."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from referee.domain import Diagnostic, InputError, LineAddress, RulesError
from referee.feel.names import suggestion
from referee.project.bot_run import read_limits
from referee.project.notices import check_ways
from referee.project.robot_yaml import Project, read_robot_yaml
from referee.project.run_end import span
from referee.project.run_options import unknown_options
from referee.project.start_times import StartTimes, shortest_gap

MARGIN = timedelta(minutes=1)
"""What a schedule adds to the limits of ``referee run``, which shall act first."""
GRACE = "2m"
"""That of ``referee run`` where none is named."""
_MODULE = "referee.cli.main"
_MAIL_TO, _WEBHOOK = "REFEREE_MAIL_TO", "REFEREE_WEBHOOK"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A bot, when it starts, and the limits of a run."""

    bot: str
    project: Path
    times: StartTimes
    limit: timedelta
    grace: timedelta
    options: tuple[str, ...] = ()
    mail_to: tuple[str, ...] = ()
    spread: timedelta = timedelta()

    @property
    def name(self) -> str:
        """Of its files and units."""
        return "referee-" + (re.sub(r"[^A-Za-z0-9_.-]+", "_", self.bot))

    def words(self) -> list[str]:
        """The command that is started."""
        words = [*self.program(), "run", self.bot, "--project", str(self.project)]
        words += ["--time-limit", told_span(self.limit), "--grace", told_span(self.grace), *self.options]
        for address in self.mail_to:
            words += ["--mail-to", address]
        return words

    @staticmethod
    def program() -> list[str]:
        """``referee`` as installed beside the Python that runs this."""
        script = Path(sys.executable).parent / ("referee.exe" if sys.platform == "win32" else "referee")
        return [str(script)] if script.is_file() else [sys.executable, "-m", _MODULE]


def told_span(length: timedelta) -> str:
    """As ``span`` reads it."""
    seconds = int(length.total_seconds())
    parts = ((seconds // 3600, "h"), (seconds % 3600 // 60, "m"), (seconds % 60, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def longest_run(of_week: frozenset[int], grace: timedelta) -> timedelta:
    """How long a run may take so that it has ended when the next one starts. Raises InputError if that is nothing."""
    gap = timedelta(minutes=shortest_gap(of_week))
    limit = gap - grace - MARGIN
    if limit <= timedelta():
        raise InputError(
            f"the bot starts every {told_span(gap)} and may take {told_span(grace)} to finish the case in hand; "
            "start it more rarely, or name a shorter --grace"
        )
    return min(limit, timedelta(hours=23))


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A command found in a schedule. ``of_week`` is None where it isn't known when it starts; ``folder`` where it is
    started, if the file says so; ``path`` where programs are looked for.
    """

    file: str
    line: int
    words: tuple[str, ...]
    of_week: frozenset[int] | None
    folder: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    path: str = "/usr/bin:/bin"

    def fault(self, code: str, message: str) -> Diagnostic:
        return Diagnostic(code, message, place=LineAddress(self.file, self.line))

    def arguments(self) -> tuple[str, ...] | None:
        """What follows ``run``; None if the command is another one."""
        for at, word in enumerate(self.words):
            name = re.split(r"[\\/]", word)[-1]
            following = self.words[at + 1 :]
            if name in ("referee", "referee.exe", _MODULE) and following[:1] == ("run",):
                return following[1:]
            if name == "run.py" and following[:1] not in ((), ("tests",), ("setup",)):
                return following
        return None

    def option(self, name: str) -> str:
        """The value of an option, empty where it isn't there; where it is there twice the last counts."""
        return next(reversed(self.options(name)), "")

    def options(self, name: str) -> tuple[str, ...]:
        """The values of an option that may be there several times."""
        pairs = zip(self.words, [*self.words[1:], ""], strict=True)
        return tuple(
            following if word == name else word.partition("=")[2]
            for word, following in pairs
            if word == name or word.startswith(f"{name}=")
        )


def faults_of(found: Scheduled) -> Iterator[Diagnostic]:
    """What is wrong or missing in a command that runs a bot; nothing for other commands."""
    arguments = found.arguments()
    if arguments is None:
        return
    yield from _program_faults(found)
    bot = arguments[0] if arguments and not arguments[0].startswith("-") else ""
    yield from _project_faults(found, bot, arguments)
    if "--tell-if-lost" not in found.words:
        yield from _limit_faults(found)
    yield from _notice_faults(found)


def _notice_faults(found: Scheduled) -> Iterator[Diagnostic]:
    mail_to = found.options("--mail-to") or tuple(filter(None, [found.environment.get(_MAIL_TO, "")]))
    webhook = found.option("--webhook") or found.environment.get(_WEBHOOK, "")
    if not mail_to and not webhook:
        if "--tell-if-lost" not in found.words:
            yield found.fault(
                "no-notice", "nobody is told when a run fails; add --mail-to or --webhook to the command"
            )
        return
    try:
        check_ways(mail_to, webhook, found.environment)
    except InputError as error:
        for message in str(error).splitlines():
            yield found.fault("no-notice", message)


def _program_faults(found: Scheduled) -> Iterator[Diagnostic]:
    program = found.words[0]
    if Path(program).is_absolute():
        if not os.access(program, os.X_OK):
            yield found.fault("no-program", f"there is no program {program}; name the referee of your .venv")
    elif shutil.which(program, path=found.path) is None:
        yield found.fault(
            "no-program",
            f"`{program}` isn't found in {found.path}, where schedules look; write where it is, from / on",
        )


def _project_faults(found: Scheduled, bot: str, arguments: Sequence[str]) -> Iterator[Diagnostic]:
    folder = found.option("--project") or found.folder
    if not folder:
        yield found.fault(
            "no-folder", "it isn't said in which folder; add --project with the folder of robot.yaml"
        )
        return
    try:
        place = Path(found.folder or "/") / folder / "robot.yaml"
        if not place.is_file():
            yield found.fault(
                "no-folder", f"there is no robot.yaml in {folder}; name the folder of your bots"
            )
            return
        project: Project = read_robot_yaml(place)
    except (RulesError, InputError) as error:
        yield found.fault("robot-yaml", str(error).replace("\n", ";"))
        return
    if bot and bot not in project.tasks and bot not in project.dev_tasks:
        alike = suggestion(bot, frozenset(project.tasks)) or f"; there are {', '.join(project.tasks)}"
        yield found.fault("no-bot", f"robot.yaml has no bot `{bot}`{alike}")
        return
    for message in unknown_options(arguments, runs_robot=project.task(bot).runs_robot):
        yield found.fault("no-option", message)


def _limit_faults(found: Scheduled) -> Iterator[Diagnostic]:
    text = found.option("--time-limit")
    if not text:
        yield found.fault("no-limit", "a run that hangs would hold the bot for good; add --time-limit")
        return
    grace = found.option("--grace") or GRACE
    try:
        read_limits(text, found.option("--until"), grace, datetime.now().astimezone())
    except InputError as error:
        yield found.fault("no-limit", str(error))
        return
    longest = span(text) + span(grace)
    if not found.of_week:
        return
    gap = timedelta(minutes=shortest_gap(found.of_week))
    if longest > gap:
        yield found.fault(
            "overlap",
            f"a run may take {told_span(longest)} with its grace, and the next starts after {told_span(gap)}: it would "
            "find the bot at work and end with 3; start it more rarely, or shorten --time-limit",
        )


def command_of(split: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The folder and the words of a shell line such as ``cd FOLDER && exec COMMAND``."""
    words = list(split)
    folder = ""
    if words[:1] == ["cd"] and len(words) > 3 and words[2] == "&&":
        folder, words = words[1], words[3:]
    if words[:1] == ["exec"]:
        words = words[1:]
    cut = next((at for at, word in enumerate(words) if re.match(r"\d?>|[|;&]", word)), len(words))
    return folder, tuple(words[:cut])
