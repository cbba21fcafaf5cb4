"""``referee audit export``: decisions as a table for other programs."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from referee.cli.audit_options import audit_option, opened_index, query_of, query_options, whole_option
from referee.cli.output import json_option, print_json, progress_of_items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from referee.audit.finding import Query
    from referee.audit.index import Index

ENDINGS = (".csv", ".xlsx", ".parquet")


@click.command(
    "export",
    epilog="""Example:

    referee audit export november.xlsx --from 2026-11-01 --to 2026-11-30""",
)
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@query_options
@audit_option
@whole_option
@json_option
def export_decisions(path: Path, folder: Path, is_whole: bool, as_json: bool, **given: Any) -> None:
    """Write a row for each decision to PATH (.csv, .xlsx or .parquet): facts, outputs, rules, and what became of it.

    Numbers keep every digit. Parquet needs the package polars.
    """
    from referee.domain import InputError

    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise InputError(f"{path}: name a file that ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    if not path.parent.is_dir():
        raise InputError(
            f"{path}: the file can't be written, there is no folder {path.parent}; make it, or name another file"
        )
    if ending == ".parquet":
        from referee.audit.frames import require_parquet

        require_parquet()
    query = query_of(given)
    with opened_index(folder, is_whole=is_whole, is_searched=True) as index:
        count = _WRITERS[ending](path, index, query)
    if as_json:
        print_json({"path": str(path), "decisions": count})
    else:
        click.echo(f"{path}: {count} decision{'s' * (count != 1)}")


def _write_csv(path: Path, index: Index, query: Query) -> int:
    from referee.files.plain_csv import write_csv

    names = _names(index, query)
    with _told_faults(path), progress_of_items("exporting") as progress:
        return write_csv(path, names, _rows(index, query, names, progress))


def _write_excel(path: Path, index: Index, query: Query) -> int:
    from referee.workbook.long_table import write_long_table

    names = _names(index, query)
    with progress_of_items("exporting") as progress:
        return write_long_table(path, names, _rows(index, query, names, progress), sheet="Decisions")


def _write_parquet(path: Path, index: Index, query: Query) -> int:
    from referee.audit.decision_rows import columns_of
    from referee.audit.frames import write_parquet
    from referee.files import written_whole

    with progress_of_items("looking for columns") as progress:
        columns = columns_of(index, query, progress)
    with (
        _told_faults(path),
        written_whole(path) as file,
        progress_of_items("exporting") as progress,
    ):
        return write_parquet(file, index, query, columns, progress)


def _names(index: Index, query: Query) -> list[str]:
    from referee.audit.decision_rows import column_names

    with progress_of_items("looking for columns") as progress:
        return column_names(index, query, progress)


@contextmanager
def _told_faults(path: Path) -> Iterator[None]:
    from referee.domain import InputError
    from referee.files import refused_write

    try:
        yield
    except OSError as error:
        raise InputError(refused_write(path, error)) from error


_WRITERS = {".csv": _write_csv, ".xlsx": _write_excel, ".parquet": _write_parquet}


def _rows(
    index: Index, query: Query, names: Sequence[str], progress: Callable[[int, int], None]
) -> Iterator[list[Any]]:
    from referee.audit.decision_rows import decision_rows

    for row in decision_rows(index, query, progress):
        yield [row.get(name) for name in names]
