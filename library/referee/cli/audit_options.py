"""What the commands that read the audit log have in common: which log, and which records of it."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from referee.cli.output import progress_of_bytes

if TYPE_CHECKING:
    from referee.audit.finding import Query
    from referee.audit.index import Index

Command = Callable[..., Any]

audit_option = click.option(
    "--audit",
    "folder",
    default="output/audit",
    type=click.Path(path_type=Path),
    show_default=True,
    help="The log.",
)

_MONTH = re.compile(r"\d{4}-\d\d")
_DAY = re.compile(r"(?P<month>\d{4}-\d\d)(?P<day>-\d\d)?")


class Moment(click.ParamType[str]):
    """A month, a day or a moment in UTC, as the log writes it. The end of a stretch that is a day or a month means the
    whole of it.
    """

    name = "TIME"

    def __init__(self, *, is_end: bool = False) -> None:
        self._is_end = is_end

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if not text:
            return ""
        day = _DAY.fullmatch(text)
        try:
            moment = datetime.fromisoformat(f"{text}-01" if day and not day["day"] else text)
        except ValueError:
            self.fail(f"{text!r} is no time; write 2026-11, 2026-11-21 or 2026-11-21T14:30 (UTC)", param, ctx)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        if self._is_end and day:
            moment += timedelta(days=1 if day["day"] else monthrange(moment.year, moment.month)[1])
        return moment.isoformat(timespec="microseconds")[:-6] + "Z"


class _Fact(click.ParamType[tuple[str, str]]):
    name = "NAME=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        name, found, text = str(value).partition("=")
        if not found or not name.strip():
            self.fail(f"{value!r} names no fact and value; write amount=1200", param, ctx)
        return name.strip(), text.strip()


whole_option = click.option(
    "--whole", "is_whole", is_flag=True, help="Read and check the whole log, without its index."
)

_OPTIONS = (
    click.option("--decision", default="", help="Only records of this decision."),
    click.option(
        "--route",
        default="",
        help="Decided to go this way: auto, exception, human.",
    ),
    click.option("--action", default="", help="With this action."),
    click.option("--queue", default="", help="For this queue."),
    click.option(
        "--rule", default="", help="By this rule: TABLE:NUMBER, a cell (SHEET!A19 or A19), or a TABLE."
    ),
    click.option("--reason", default="", help="With a reason that holds this text."),
    click.option("--workbook-version", default="", help="By this version of the workbook."),
    click.option("--model", default="", help="With this model at hand: NODE or NODE:VERSION."),
    click.option(
        "--status",
        default="",
        help="Whose case stands there now: done, handed over, answered, ...",
    ),
    click.option("--bot", default="", help="Written in runs of this bot."),
    click.option(
        "--from", "start", default="", type=Moment(), help="Not before this day, month or time (UTC)."
    ),
    click.option(
        "--to",
        "end",
        default="",
        type=Moment(is_end=True),
        help="Up to this day or month, or before this time.",
    ),
    click.option("--fact", "facts", multiple=True, type=_Fact(), help="With this fact; may be repeated."),
)


def query_options(command: Command) -> Command:
    """The options that say which decisions are wanted; the command gets them by name (see ``query_of``)."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def query_of(given: dict[str, Any]) -> Query:
    """What is asked for by ``query_options``, and by further options that are named like fields of the query.

    Raises InputError for a route or status that there isn't.
    """
    from referee.audit.finding import Query

    return Query(**given)


@contextmanager
def opened_index(folder: Path, *, is_whole: bool = False, is_searched: bool = False) -> Iterator[Index]:
    """The index of the log, up to date; a bar shows when it takes long. Raises InputError where there is no log.

    With ``is_whole`` it is made from the log there and then; ``is_searched`` is that of ``up_to_date``.
    """
    from referee.audit import has_log
    from referee.audit.index import up_to_date
    from referee.domain import InputError

    if not has_log(folder):
        raise InputError(f"there is no audit log in {folder}; name its folder with --audit")
    with (
        progress_of_bytes("indexing the log") as progress,
        up_to_date(folder, progress, in_memory=is_whole, is_searched=is_searched) as index,
    ):
        progress(1, 1)
        if index.note:
            click.echo(index.note, err=True)
        yield index
