"""``referee schedule``: start a bot at certain times, by cron, systemd or Windows; and check such schedules."""

from __future__ import annotations

import shutil
import sys
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from referee.cli.output import json_option, print_json

if TYPE_CHECKING:
    from referee.project.schedule import Schedule
    from referee.project.schedule_files import CheckedSchedule

_SHOWN = 3
_HOW = {
    "cron": "put it into the crontab of the user who runs the bots: crontab -e",
    "systemd": (
        "copy the units to /etc/systemd/system (or ~/.config/systemd/user, with `systemctl --user`), then: "
        "systemctl daemon-reload, systemctl enable --now {name}.timer"
    ),
    "windows": r"schtasks /Create /TN Referee\{name} /XML {name}.xml /RU USER /RP *",
}


@click.command(
    epilog="""Examples:

    referee schedule invoice_approval --at 22:00 --on mon-fri --mail-to rpa@example.org

    referee schedule invoice_approval --every 15m --between 20:00-06:00 --time-limit 10m --write schedules

    referee schedule --check crontab.txt"""
)
@click.argument("bot", required=False, default="")
@click.option("--at", multiple=True, help="A time of day, 22:00; may be given several times.")
@click.option("--on", default="daily", show_default=True, help="The days: mon-fri, or mon,thu.")
@click.option("--every", default="", help="Instead of --at: 15m, 1h.")
@click.option(
    "--between", default="", help="With --every: from the first time on, up to the second, 20:00-06:00."
)
@click.option(
    "--form",
    type=click.Choice(["cron", "systemd", "windows"]),
    help="For what; if not given, for this machine.",
)
@click.option(
    "--time-limit", help="The longest a run may take; if not given, until shortly before the next start."
)
@click.option(
    "--grace", default="2m", show_default=True, help="How long the bot may take to finish the case in hand."
)
@click.option("--until", help="When each run has to be over: 06:00.")
@click.option(
    "--spread", default="0m", help="Start up to so much later, at random, to spare what all bots use."
)
@click.option("--mail-to", multiple=True, help="Who gets a mail when a run fails.")
@click.option(
    "--webhook",
    default="",
    help="The address that is told; better kept in REFEREE_WEBHOOK of the environment.",
)
@click.option(
    "--project", "folder", default=".", type=click.Path(path_type=Path), help="The folder with robot.yaml."
)
@click.option(
    "--write", type=click.Path(path_type=Path, file_okay=False), help="The folder to write the files to."
)
@click.option(
    "--check",
    "checked",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Check this file instead of making one.",
)
@json_option
@click.pass_context
def schedule(
    context: click.Context,
    bot: str,
    at: tuple[str, ...],
    on: str,
    every: str,
    between: str,
    form: str | None,
    time_limit: str | None,
    grace: str,
    until: str | None,
    spread: str,
    mail_to: tuple[str, ...],
    webhook: str,
    folder: Path,
    write: Path | None,
    checked: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Make a schedule that starts the BOT by `referee run`, and show when it starts next; or check one with --check.

    What is made is checked too. Findings, such as a run that may still be at work when the next starts, or nobody being
    told of failures, give exit code 1. Nothing is installed: it says what to do with the files.
    """
    from referee.domain import InputError
    from referee.project.schedule_files import check_files, read_files, schedule_files

    now = datetime.now().astimezone()
    if checked:
        if bot or at or every or write:
            raise click.UsageError("--check looks at files as they are; leave the rest out")
        found = check_files(read_files(checked))
        _print(found, now, as_json)
        context.exit(1 if found.faults else 0)
    form = form or _form_of_this_machine()
    planned = _planned(
        bot, folder, at, on, every, between, time_limit, grace, until, spread, mail_to, webhook
    )
    files = schedule_files(planned, form, now)
    if write is None:
        for name, content in files.items():
            if len(files) > 1:
                click.echo(f"# {name}")
            click.echo(content.decode("utf-16" if form == "windows" else "utf-8"))
    else:
        taken = [name for name in files if (write / name).exists()]
        if taken:
            raise InputError(f"{write / taken[0]} exists; remove it, or name another folder with --write")
        try:
            write.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                (write / name).write_bytes(content)
                click.echo(f"{write / name}")
        except OSError as fault:
            raise InputError(
                f"{write}: can't be written ({fault.strerror or fault}); name another folder"
            ) from None
    found = check_files(files)
    _print(found, now, as_json, err=write is None)
    click.echo(_HOW[form].format(name=planned.name), err=True)
    context.exit(1 if found.faults else 0)


def _planned(
    bot: str,
    folder: Path,
    at: tuple[str, ...],
    on: str,
    every: str,
    between: str,
    time_limit: str | None,
    grace: str,
    until: str | None,
    spread: str,
    mail_to: tuple[str, ...],
    webhook: str,
) -> Schedule:
    """The schedule that is meant. Raises InputError for what can't be."""
    from referee.project.bot_run import read_limits
    from referee.project.notices import check_ways
    from referee.project.robot_yaml import read_project
    from referee.project.run_end import span
    from referee.project.schedule import Schedule, longest_run
    from referee.project.start_times import read_times

    project = read_project(folder)
    times = read_times(at, on, every, between)
    length = span(grace)
    read_limits(time_limit, until, grace, datetime.now().astimezone())
    check_ways(
        mail_to, webhook, {}
    )  # the mail server is named in the environment of the schedule, not in this one
    limit = span(time_limit) if time_limit else longest_run(times.of_week, length)
    options = [*(("--until", until) if until else ()), *(("--webhook", webhook) if webhook else ())]
    return Schedule(
        project.task(bot).name, project.folder, times, limit, length, tuple(options), mail_to, span(spread)
    )


def _form_of_this_machine() -> str:
    if sys.platform == "win32":
        return "windows"
    return "systemd" if shutil.which("systemctl") else "cron"


def _print(found: CheckedSchedule, now: datetime, as_json: bool, *, err: bool = False) -> None:
    from referee.project.start_times import next_starts

    starts = {
        f"{run.file}, line {run.line}": [
            start.strftime("%a %Y-%m-%d %H:%M") for start in islice(next_starts(run.of_week, now), _SHOWN)
        ]
        for run in found.runs
        if run.of_week
    }
    if as_json:
        faults = [
            {"place": str(fault.place), "code": fault.code, "message": fault.message}
            for fault in found.faults
        ]
        print_json({"next": starts, "findings": faults, "unproved": list(found.unproved)})
        return
    lines_of: dict[tuple[str, ...], list[str]] = {}
    for place, times in starts.items():
        lines_of.setdefault((place.rpartition(", line ")[0], *times), []).append(place.rpartition(" ")[2])
    for (file, *times), lines in lines_of.items():
        where = f"line {lines[0]}" if len(lines) == 1 else f"lines {', '.join(lines)}"
        click.echo(f"{file}, {where}: starts next {', '.join(times)}", err=err)
    for fault in found.faults:
        click.echo(f"{fault}", err=err)
    for remark in found.unproved:
        click.echo(remark, err=err)
    if not found.faults:
        click.echo("checked: no faults", err=err)
