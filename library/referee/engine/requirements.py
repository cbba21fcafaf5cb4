"""What the tables and models of a workbook need: the requirements graph, for people to look at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from referee.engine.tested_values import scope_names
from referee.tables import compile_table
from referee.workbook import DecisionWorkbook


class NodeKind(StrEnum):
    """What a node of the graph is."""

    TABLE = "table"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Requirements:
    """A table or model, and the facts, tables and models it needs, in the order of the workbook."""

    name: str
    kind: NodeKind
    needs: tuple[str, ...]


def requirements(workbook: DecisionWorkbook) -> tuple[Requirements, ...]:
    """What every model and table of the workbook needs."""
    names = scope_names(workbook)
    found = [Requirements(model.node, NodeKind.MODEL, model.facts) for model in workbook.models]
    for table in workbook.tables:
        used = compile_table(table, names).names
        found.append(
            Requirements(
                table.name, NodeKind.TABLE, tuple(name for name in _ordered(workbook) if name in used)
            )
        )
    return tuple(found)


def _ordered(workbook: DecisionWorkbook) -> list[str]:
    return [
        *workbook.dictionary.open_names,
        *(model.node for model in workbook.models),
        *(table.name for table in workbook.tables),
    ]
