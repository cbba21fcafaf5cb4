"""``referee new``: a workbook or a bot to start from."""

from __future__ import annotations

import datetime
import getpass
import re
from pathlib import Path

import click

_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


@click.group(
    epilog="""Example:

    referee new bot "pay suppliers\"
    referee new decision "supplier payments\""""
)
def new() -> None:
    """Make something to start from."""


@new.command(
    epilog="""Example:

    referee new decision "supplier payments" --folder decision_tables"""
)
@click.argument("name")
@click.option(
    "--folder",
    default="decision_tables",
    type=click.Path(path_type=Path),
    show_default=True,
    help="Where to put the workbook.",
)
@click.option("--owner", default="", help="Who owns the rules; the user of this computer if not given.")
def decision(name: str, folder: Path, owner: str) -> None:
    """Make a workbook for the decision NAME: a small example that passes `referee check`, to be changed in Excel.

    An existing file is never overwritten.
    """
    from referee.domain import InputError
    from referee.workbook import new_decision, write_workbook

    name = " ".join(name.split())
    if not name or _UNSAFE.search(name) or name.strip(". ") != name:
        raise click.UsageError(f"`{name}` can't be the name of a file; use letters, digits, spaces and - _")
    path = folder / f"{re.sub(r'[ -]+', '_', name)}.xlsx"
    if path.exists():
        raise InputError(f"{path}: this file exists; give the decision another name, or remove the file")
    write_workbook(path, new_decision(name, author=owner or _user(), day=datetime.date.today()))
    click.echo(f"{path}: made, with two tables, five tests and a word of help in the heads of its columns")
    click.echo("  open it in Excel and make it yours: Facts first, then the tables, then the Tests sheet")
    click.echo(f"  referee check {_quoted(path)}")
    click.echo(f"  referee test {_quoted(path)}")


@new.command(
    epilog="""Example:

    referee new bot "pay suppliers" --kind spreadsheet"""
)
@click.argument("name")
@click.option(
    "--kind",
    default="spreadsheet",
    show_default=True,
    type=click.Choice(["spreadsheet", "web", "desktop", "greenscreen"]),
    help="What the bot works with besides spreadsheets: nothing, a web portal, a desktop program, a green screen.",
)
@click.option(
    "--project",
    "folder",
    default=".",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of the bots; if not given, this one or the nearest above it that has a robot.yaml.",
)
@click.option("--owner", default="", help="Who owns the rules; the user of this computer if not given.")
def bot(name: str, kind: str, folder: Path, owner: str) -> None:
    """Make a bot NAME that runs at once: tasks, rules, input, a test, a README, and its entry in robot.yaml.

    Nothing that exists is overwritten. A bot for an application gets the keywords for it, and a program to practise
    with, where the folder lacks them.
    """
    from referee.project.new_bot import make_bot
    from referee.project.robot_yaml import project_folder

    made = make_bot(
        project_folder(folder) or folder.resolve(),
        name,
        kind,
        author=owner or _user(),
        day=datetime.date.today(),
    )
    places = [path for path in made.made if path.parts[0] != "resources"]
    for path in places:
        click.echo(path)
    if copied := len(made.made) - len(places):
        click.echo(
            f"resources: {copied} files, the keywords for the application and a program to practise with"
        )
    click.echo("")
    click.echo(f"  referee run {made.name}")
    click.echo(f"  referee run {made.name}_test")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a computer that doesn't know its user
        return "unknown"


def _quoted(path: Path) -> str:
    return f'"{path}"' if " " in str(path) else str(path)
