"""The decisions of a log as a table of polars, of pandas, or in a Parquet file: one row for each decision.

Both packages are optional; Parquet is written by polars.

Numbers stay exact: as ``Decimal`` in pandas, as decimal columns in polars and Parquet as long as those hold them, and
as text where a column mixes kinds. Times are moments in UTC.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from referee.audit.decision_rows import MOST_DIGITS, Column, columns_of, decision_rows
from referee.audit.finding import Query
from referee.audit.index import Index, up_to_date
from referee.domain import AuditError

TIMES = ("time", "since")
_ROWS = 5_000


def to_pandas(folder: str | os.PathLike[str], query: Query = Query()) -> Any:  # noqa: B008 - frozen
    """A ``pandas.DataFrame`` of the decisions that a query finds, by default all. Needs pandas.

    Raises AuditError when pandas isn't there, and when the log isn't what was written.
    """
    pandas = _package("pandas")
    with up_to_date(Path(folder), is_searched=True) as index:
        columns = columns_of(index, query)
        rows = list(_values(index, query, columns))
    frame = pandas.DataFrame.from_records(rows, columns=[column.name for column in columns])
    for name in TIMES:
        frame[name] = pandas.to_datetime(frame[name], utc=True)
    return frame.astype({"record": "int64"})


def to_polars(folder: str | os.PathLike[str], query: Query = Query()) -> Any:  # noqa: B008 - frozen
    """A ``polars.DataFrame`` of the decisions that a query finds, by default all. Needs polars.

    Raises AuditError when polars isn't there, and when the log isn't what was written.
    """
    polars = _package("polars")
    with up_to_date(Path(folder), is_searched=True) as index:
        columns = columns_of(index, query)
        schema = _schema(polars, columns)
        parts = [
            polars.DataFrame(rows, schema=schema, orient="row") for rows in _batches(index, query, columns)
        ]
    return polars.concat(parts) if parts else polars.DataFrame(schema=schema)


def write_parquet(
    file: BinaryIO,
    index: Index,
    query: Query,
    columns: Sequence[Column],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Writes the rows of the decisions to a Parquet file, some at a time, and gives their number. Needs polars."""
    polars = _package("polars")
    schema = _schema(polars, columns)
    count = 0
    with TemporaryDirectory() as folder, _as_faults_of_the_system(polars):
        parts = [Path(folder) / "0.parquet"]
        polars.DataFrame(schema=schema).write_parquet(parts[0])
        for rows in _batches(index, query, columns, progress):
            parts.append(Path(folder) / f"{len(parts)}.parquet")
            polars.DataFrame(rows, schema=schema, orient="row").write_parquet(parts[-1])
            count += len(rows)
        polars.scan_parquet(parts).sink_parquet(file)
    return count


@contextmanager
def _as_faults_of_the_system(polars: Any) -> Iterator[None]:
    """polars tells a full disk by errors of its own."""
    try:
        yield
    except polars.exceptions.PolarsError as fault:
        number = re.search(r"os error (\d+)", str(fault))
        if number is None:
            raise
        code = int(number[1])
        raise OSError(code, os.strerror(code)) from fault


def require_parquet() -> None:
    """Raises AuditError when there is nothing to write Parquet with."""
    _package("polars")


def _schema(polars: Any, columns: Sequence[Column]) -> dict[str, Any]:
    def kind(column: Column) -> Any:
        if column.name in TIMES:
            return polars.Datetime("us", "UTC")
        if column.name == "record":
            return polars.Int64
        if column.holds == "decimal":
            return polars.Decimal(MOST_DIGITS, column.scale)
        return polars.Boolean if column.holds == "bool" else polars.String

    return {column.name: kind(column) for column in columns}


def _batches(
    index: Index,
    query: Query,
    columns: Sequence[Column],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[list[tuple[Any, ...]]]:
    rows = _values(index, query, columns, progress)
    while batch := list(islice(rows, _ROWS)):
        yield batch


def _values(
    index: Index,
    query: Query,
    columns: Sequence[Column],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[tuple[Any, ...]]:
    for row in decision_rows(index, query, progress):
        yield tuple(_value(column, row.get(column.name)) for column in columns)


def _value(column: Column, value: Any) -> Any:
    if column.name in TIMES:
        return datetime.fromisoformat(value)
    return int(value) if column.name == "record" else column.fit(value)


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as fault:
        package = name.partition(".")[0]
        raise AuditError(
            f"{package} isn't installed here ({fault}); install it: pip install {package}"
        ) from None
