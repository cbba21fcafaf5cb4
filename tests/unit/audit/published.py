"""What of a log the published schema doesn't say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel

from referee.audit.schema import checked
from referee.audit.segments import segment_names


def lines_of(folder: Path) -> Iterator[bytes]:
    for name in segment_names(folder):
        yield from (folder / name).read_bytes().splitlines(keepends=True)


def unpublished(record: BaseModel, path: str = "") -> list[str]:
    """The fields of a record that the schema doesn't say, by their path."""
    found = [f"{path}{name}" for name in record.model_extra or {}]
    for name in type(record).model_fields:
        value = getattr(record, name)
        each = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else [value]
        for inner in each:
            if isinstance(inner, BaseModel):
                found += unpublished(inner, f"{path}{name}.")
    return found


def unpublished_in(folder: Path) -> set[str]:
    """The kinds and fields of all records of a log that the schema doesn't say. Raises ValueError for a record
    that is against it.
    """
    found = set()
    for line in lines_of(folder):
        record = checked(line)
        found |= {f"{getattr(record, 'kind', '')}: {field}" for field in unpublished(record)}
    return found
