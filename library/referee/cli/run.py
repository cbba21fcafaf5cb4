"""``referee run``: one run of a bot, as schedules start it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from referee.project.bot_run import Ended, Limits, StopRequests
    from referee.project.notices import Notice
    from referee.project.robot_yaml import Project
    from referee.project.run_folder import RunFolder
    from referee.workitems.owned_lock import OwnedLock

_PATIENCE = 30.0


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="""Example:

    referee run invoice_approval --until 06:00 --time-limit 9h --mail-to rpa@example.org""",
)
@click.argument("bot", required=False, default="")
@click.argument("robot_options", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--project",
    "folder",
    type=click.Path(path_type=Path),
    default=".",
    help="The folder with robot.yaml; if not given, this folder or the nearest one above it that has one.",
)
@click.option("--time-limit", help="The longest the run may take, such as 2h or 90m; then it ends with 4.")
@click.option("--until", help="When the run has to be over: 06:00, or 2026-11-30 06:00.")
@click.option(
    "--grace", default="2m", show_default=True, help="How long the bot may take to finish the case in hand."
)
@click.option(
    "--keep",
    default=30,
    show_default=True,
    type=click.IntRange(min=1),
    help="How many runs to keep in output/runs/BOT.",
)
@click.option(
    "--mail-to", multiple=True, envvar="REFEREE_MAIL_TO", help="Who gets a mail when the run fails."
)
@click.option(
    "--webhook", default="", envvar="REFEREE_WEBHOOK", help="The address that is told when the run fails."
)
@click.option(
    "--tell-if-lost",
    is_flag=True,
    help="Start nothing; send the notice if the last run was killed and could send none itself.",
)
@click.option(
    "--list", "as_list", is_flag=True, help="Start nothing; print the bots of robot.yaml, the main one first."
)
@click.pass_context
def run(
    context: click.Context,
    bot: str,
    robot_options: tuple[str, ...],
    folder: Path,
    time_limit: str | None,
    until: str | None,
    grace: str,
    keep: int,
    mail_to: tuple[str, ...],
    webhook: str,
    tell_if_lost: bool,
    as_list: bool,
) -> None:
    """Run the BOT of robot.yaml, or its mainTask. What follows the name goes to Robot Framework.

    Ends with 0 when the bot passed, 1 when it failed, 2 when what it was given can't be used, 3 when another run of it
    is at work, 4 when its time was over, and 130 when it was asked to stop. At the end of its time, and when it is
    asked to stop, the bot finishes the case in hand. Whatever it started is ended with it.

    What it printed and its logs are kept in output/runs/BOT, in a folder for each run. When it ends with 1 to 4, mail
    and webhook are told. The mail server is set by REFEREE_SMTP_HOST, _PORT and _SECURITY (starttls, tls, none), the
    sender by REFEREE_MAIL_FROM; user and password are the credential `referee smtp`.
    """
    from referee.audit import utc_now
    from referee.domain import RefereeError
    from referee.killed_runs import begin_run, watches
    from referee.project.bot_run import Ended, ExitCode, read_limits, stop_requests
    from referee.project.notices import check_ways
    from referee.project.robot_yaml import read_project
    from referee.project.run_folder import RunFolder, folder_of_bot, lost_runs, note_lost
    from referee.workitems.owned_lock import OwnedLock

    def tell(ended: Ended, started: datetime, place: Path | None = None, counts: Any = None) -> bool:
        notice = _notice(bot, ended, started, place, counts or {})
        return _send(notice, mail_to, webhook)

    started = datetime.now().astimezone()
    try:
        check_ways(mail_to, webhook, os.environ)
        limits = read_limits(time_limit, until, grace, started)
        project = read_project(folder)
        if as_list:
            _print_bots(project)
            return
        task = project.task(bot)
        bot = task.name
        output = task.output_folder(robot_options)
        # With an output folder of its own it is another worker of the bot, not the same start again.
        place = folder_of_bot(project.artifacts, bot if output == task.output_folder() else f"{bot} {output}")
        lock = OwnedLock(place / "run.lock", utc_now)
        if not tell_if_lost:
            try:
                begin_run(_say)  # what a killed run left may still hold the lock
            except OSError as fault:
                _say(f"what killed runs left isn't looked for ({fault.strerror or fault}: {fault.filename})")
        if not _taken(lock, _PATIENCE if tell_if_lost else 0.0):
            sentence = f"the bot `{bot}` is already running{lock.owner()}; nothing was started"
            _say(sentence)
            if tell_if_lost:
                context.exit(0)
            tell(Ended(ExitCode.BUSY, sentence, -1), started)
            context.exit(ExitCode.BUSY)
        try:
            reached = True
            for lost in lost_runs(place):
                sentence = "the run was lost: killed, or cut off with the machine"
                _say(f"{lost}: {sentence}")
                begun = datetime.fromtimestamp(lost.stat().st_ctime).astimezone()
                # Where one notice doesn't get through the others are not waited for: all are sent at the next start.
                reached = reached and tell(Ended(ExitCode.FAILED, sentence, -1), begun, lost)
                if reached:
                    note_lost(lost)
            if not reached:
                _say("nobody could be told of that; it is told again at the next start")
            if tell_if_lost:
                context.exit(0)
            kept = RunFolder(place, started, project.folder / output if output else None)

            def begun_bot(pid: int) -> None:
                watches(pid)
                lock.share(pid)

            with stop_requests() as requests:
                ended, counts = _run(
                    project, bot, robot_options, limits, kept, keep, lock.descriptor, begun_bot, requests
                )
                if ended.code not in (ExitCode.PASSED, ExitCode.STOPPED):
                    tell(ended, started, kept.path, counts)
        finally:
            lock.free()
    except RefereeError as error:
        tell(Ended(ExitCode.UNUSABLE, str(error), -1), started)
        raise
    context.exit(ended.code)


def _run(
    project: Project,
    bot: str,
    options: Sequence[str],
    limits: Limits,
    kept: RunFolder,
    keep: int,
    held: int,
    begun: Callable[[int], None],
    requests: StopRequests,
) -> tuple[Ended, dict[str, Any]]:
    """Runs the bot, keeps what it wrote, and says what became of it."""
    from referee.domain import InputError
    from referee.project.bot_run import ROBOT_REFUSED, Ended, ExitCode, watch_bot
    from referee.project.run_folder import CONSOLE, REFUSAL, remove_old

    task = project.task(bot)
    # On a terminal people see the bot's own colours; elsewhere what it prints is written down.
    console = None if sys.stdout.isatty() else kept.path / CONSOLE
    try:
        ended = watch_bot(
            project,
            task,
            options,
            limits,
            console=console,
            refusal=(kept.path / REFUSAL).resolve(),
            held=held,
            begun=begun,
            requests=requests,
            say=_say,
        )
    except InputError as error:
        ended = Ended(ExitCode.UNUSABLE, str(error), -1)
    said = ""
    if ended.code is ExitCode.UNUSABLE:
        said = _robots_words(console) if ended.own == ROBOT_REFUSED else _text(kept.path / REFUSAL)
    if said:
        ended = replace(ended, sentence=f"what the bot was given can't be used: {said}")
    counts: dict[str, Any] = {}
    try:
        counts = kept.keep()
        kept.finish(
            {
                "bot": bot,
                "exit_code": int(ended.code),
                "happened": ended.sentence,
                "bot_exit_code": ended.own,
                "started": kept.started.isoformat(timespec="seconds"),
                "ended": datetime.now().astimezone().isoformat(timespec="seconds"),
                "left_behind": list(ended.left_behind),
                "counts": counts,
            }
        )
        remove_old(kept.path.parent, keep)
    except OSError as fault:
        # The bot has run; its code must not be hidden by a full disk.
        _say(f"{kept.path}: the log of this run can't be kept ({fault.strerror or fault})")
    if ended.left_behind:
        _say(f"the bot left programs running, which were ended: {', '.join(ended.left_behind)}")
    if ended.code is not ExitCode.PASSED:
        _say(f"{ended.sentence} ({kept.path})")
    return ended, counts


def _robots_words(console: Path | None) -> str:
    """What Robot Framework says of its options and files, which hold no facts of cases."""
    lines = [] if console is None else _text(console).splitlines()
    return next((line[10:] for line in lines if line.startswith("[ ERROR ] ")), "")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _taken(lock: OwnedLock, patience: float) -> bool:
    """Who asks for lost runs may be quicker than the system in ending what is left of one."""
    until = time.monotonic() + patience
    while not lock.take():
        if time.monotonic() >= until:
            return False
        time.sleep(0.2)
    return True


def _print_bots(project: Project) -> None:
    for name in sorted(project.tasks, key=lambda name: name != project.main):
        click.echo(name)


def _notice(bot: str, ended: Ended, started: datetime, place: Path | None, counts: dict[str, Any]) -> Notice:
    from referee.project.notices import Notice, host_name

    return Notice(
        bot or "(none named)",
        int(ended.code),
        ended.sentence,
        started.isoformat(timespec="seconds"),
        datetime.now().astimezone().isoformat(timespec="seconds"),
        "" if place is None else str(place),
        counts,
        host_name(),
    )


def _send(notice: Notice, mail_to: Sequence[str], webhook: str) -> bool:
    """A notice that can't be sent is told, and changes nothing else. False where it got through in no way."""
    from referee.project.notices import addresses, send

    people = addresses(mail_to)
    faults = send(notice, people, webhook, os.environ)
    for fault in faults:
        _say(fault)
    return not faults or len(faults) < bool(people) + bool(webhook)


def _say(sentence: str) -> None:
    click.echo(f"referee run: {sentence}", err=True)
