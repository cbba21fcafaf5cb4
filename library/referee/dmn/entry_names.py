"""The names that boxed expressions give to the entries of contexts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from referee.dmn.logic import Entry, RelationLogic, TableLogic


def entry_names(part: object) -> Iterator[str]:
    """The names of context entries, columns of relations and outputs of tables anywhere in an element's logic.

    A name with symbols can't be read after a dot, as in ``limits.max-age``, unless it is known.
    """
    if isinstance(part, tuple):
        for each in part:
            yield from entry_names(each)
    elif isinstance(part, TableLogic):
        yield from (clause.name for clause in part.table.outputs)
    elif is_dataclass(part):
        if isinstance(part, Entry):
            yield part.name
        if isinstance(part, RelationLogic):
            yield from (column.name for column in part.columns)
        for field in fields(part):
            yield from entry_names(getattr(part, field.name))
