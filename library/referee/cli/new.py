"""``referee new``: a workbook to start from."""

from __future__ import annotations

import datetime
import getpass
import re
from pathlib import Path

import click

_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


@click.group(
    epilog="""Example:

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


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a computer that doesn't know its user
        return "unknown"


def _quoted(path: Path) -> str:
    return f'"{path}"' if " " in str(path) else str(path)
