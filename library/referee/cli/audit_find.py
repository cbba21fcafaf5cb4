"""``referee audit find`` and ``referee audit tail``: records by what they say, and the newest ones."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from referee.cli.audit_options import audit_option, opened_index, query_of, query_options, whole_option
from referee.cli.output import json_option, print_json, print_table, progress_of_items
from referee.cli.told_record import sentence, told_as_json
from referee.files.plain_csv import harmless

if TYPE_CHECKING:
    from referee.audit import Record

COLUMNS = ("record", "time (UTC)", "kind", "case", "decision", "what", "why", "host", "log")
_SHOWN = [COLUMNS.index(name) for name in ("record", "time (UTC)", "case", "what", "why")]
KINDS = (
    "decision",
    "action",
    "handoff",
    "answer",
    "exception",
    "erasure",
    "run",
    "release",
    "recovery",
    "segment",
)
_PAUSE_SECONDS = 0.5


@click.command(
    "find",
    epilog="""Examples:

    referee audit find --route human --reason limit --from 2026-11-01

    referee audit find --rule Limits:7 --fact country=CH --count

    referee audit find --kind action --status "in doubt" --json""",
)
@query_options
@click.option("--case", default="", help="About this case.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(KINDS),
    help="Records of this kind instead of decisions; may be repeated.",
)
@click.option("--count", "only_count", is_flag=True, help="Only say how many there are.")
@click.option(
    "--limit",
    default=100,
    show_default=True,
    type=click.IntRange(min=0),
    help="At most so many, the newest; 0 for all.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@audit_option
@whole_option
@json_option
@click.pass_context
def find_records(
    context: click.Context,
    /,
    folder: Path,
    kinds: Sequence[str],
    only_count: bool,
    limit: int,
    as_csv: bool,
    is_whole: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Find decisions, or other records, by what they say; all that is asked must hold.

    Ends with 1 when there are none.
    """
    from referee.audit.finding import count, find

    query = query_of({**given, "kinds": kinds or ("decision",)})
    with (
        opened_index(folder, is_whole=is_whole, is_searched=True) as index,
        progress_of_items("searching") as progress,
    ):
        if only_count:
            number = count(index, query, progress)
            records: list[Record] = []
        else:
            found = find(index, query, newest_first=limit > 0, progress=progress)
            records = list(islice(found, limit + 1)) if limit else list(found)
            number = len(records)
    is_cut = 0 < limit < len(records)
    if limit:
        records = records[:limit][::-1]
    if only_count:
        print_json({"count": number}) if as_json else click.echo(number)
    elif as_json:
        print_json([told_as_json(record) for record in records])
    elif as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(COLUMNS)
        writer.writerows([harmless(cell) for cell in _row(record)] for record in records)
    elif records:
        rows = [[_row(record)[at] for at in _SHOWN] for record in records]
        print_table(
            [COLUMNS[at] for at in _SHOWN], rows, title=f"{len(records)} record{'s' * (len(records) != 1)}"
        )
    else:
        click.echo("no record says that")
    if not number and query.table_in_doubt:
        click.echo(
            f"{query.table_in_doubt} was taken for the name of a table; a rule is written Limits:7, a cell Limits!A19",
            err=True,
        )
    if is_cut:
        click.echo(f"these are the newest {limit}; --limit 0 shows all, --count counts them", err=True)
    context.exit(0 if number else 1)


@click.command(
    "tail",
    epilog="""Example:

    referee audit tail -f""",
)
@click.option(
    "-n", "count", default=10, show_default=True, type=click.IntRange(min=0), help="So many records."
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is appended, until stopped.")
@audit_option
@json_option
def tail(count: int, follow: bool, folder: Path, as_json: bool) -> None:
    """Print the newest records, a line each."""
    from referee.audit import has_log
    from referee.audit.log_tail import newest_lines
    from referee.audit.reading import read_lines, record_of
    from referee.domain import InputError

    if not has_log(folder):
        raise InputError(f"there is no audit log in {folder}; name its folder with --audit")
    lines, known = newest_lines(folder, max(count, 1))
    _print_lines((record_of(line, folder, at.position - 1) for line, at in lines[:count]), as_json)
    while follow:
        for line, known in read_lines(folder, known):  # noqa: B020 - it goes on from the place it was told first
            _print_lines([record_of(line, folder, known.position - 1)], as_json)
        time.sleep(_PAUSE_SECONDS)


def _print_lines(records: Iterable[Record], as_json: bool) -> None:
    for record in records:
        if as_json:
            print_json(told_as_json(record))
        else:
            position, moment, _, case, _, what, *_ = _row(record)
            click.echo(f"{position}  {moment}  {case + ': ' if case else ''}{what}")


def _row(record: Record) -> tuple[str, ...]:
    from referee.audit.decision_rows import host_of, source, when_and_who

    writer, time = when_and_who(record)
    payload = record.payload
    return (
        str(record.position),
        time[:19].replace("T", " "),
        record.kind,
        str(payload.get("case") or ""),
        str(payload.get("decision") or ""),
        sentence(record),
        "; ".join(map(str, payload.get("reasons") or ())),
        host_of(writer),
        source(record)[0],
    )
