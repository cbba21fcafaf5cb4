"""What commands print: tables for people, JSON for machines, progress for those who watch."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import click

Item = TypeVar("Item")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def print_json(value: Any) -> None:
    """One line of JSON, written as in the audit log: every number digit by digit, FEEL values as FEEL writes them."""
    from referee.audit.canonical_json import exact_json

    click.echo(exact_json(value).decode("utf-8"))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> None:
    """A table as wide as the terminal, in which nothing is cut off; where the output is a file, without colours."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(soft_wrap=False).print(table, markup=False) if not sys.stdout.isatty() else Console().print(table)


def say(text: str, indent: int = 0, hanging: int = 2) -> None:
    """A line for people. On a terminal it is broken between words, and what follows stands ``hanging`` further in.

    Where the output is a file or another program, a line stays one line, so that it can be searched.
    """
    width = terminal_width()
    if width is None:
        click.echo(" " * indent + text)
        return
    indent, text = indent + len(text) - len(text.lstrip(" ")), text.lstrip(" ")
    line, used = " " * indent, indent
    for at, word in enumerate(text.split(" ")):
        length = len(click.unstyle(word))
        if at and used + 1 + length > width and used > indent + hanging:
            click.echo(line)
            line, used = " " * (indent + hanging) + word, indent + hanging + length
        else:
            line, used = (f"{line} {word}", used + 1 + length) if at else (line + word, used + length)
    click.echo(line)


def terminal_width() -> int | None:
    """How many characters a line of the terminal holds; None where the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def with_progress(items: Iterable[Item], total: int, title: str) -> Iterator[Item]:
    """The items, with a bar on the terminal's error stream when somebody watches."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),  # turns while one item takes long
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield from progress.track(items, total=total, description=title)


@contextmanager
def while_busy(title: str) -> Iterator[None]:
    """Shows on the terminal's error stream, when somebody watches, that work of unknown length goes on."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(title):
        yield


@contextmanager
def progress_of_steps(title: str, total: int) -> Iterator[Callable[[str], None]]:
    """Gives a function to call with the name of each step that is done; a bar shows it when somebody watches."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=total)
        yield lambda step: progress.update(task, advance=1, description=step)


@contextmanager
def progress_of_bytes(title: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function to call with the bytes done and all bytes; a bar shows them when somebody watches."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def progress_of_items(title: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function to call with the items done and all items; a bar shows them when somebody watches."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title)
        yield lambda done, total: progress.update(task, completed=done, total=total)
