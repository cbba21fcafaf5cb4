"""The values at which tables change their mind: the limits in cells, and what lies beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

from referee.feel import (
    NOT_CONSTANT,
    FeelSyntaxError,
    Names,
    UnaryTests,
    compile_unary_tests,
    constant,
    parse_expression,
    parse_unary_tests,
    syntax,
)
from referee.feel.fault import Fault
from referee.feel.values import DaysTimeDuration, FeelDate, FeelDateTime, FeelTime, YearsMonthsDuration
from referee.feel.values.operators import add, subtract
from referee.tables import CellText, DecisionTable
from referee.tables.literal_cell import literal_cell
from referee.workbook import DecisionWorkbook
from referee.workbook.samples import samples

OTHER_TEXT = "any other text"
"""Stands for every string that no cell names."""

_DAY = DaysTimeDuration.of_seconds(86_400)
_MINUTE = DaysTimeDuration.of_seconds(60)
_SECOND = DaysTimeDuration.of_seconds(1)
_MONTH = YearsMonthsDuration(1)


@dataclass(frozen=True, slots=True)
class Source:
    """What a case brings and a column may test directly: a fact, or a part of a model's score.

    ``name`` is written as in the column: ``amount``, ``review model.probabilities.touch``. ``node`` is the model, empty
    for a fact. ``limits`` are the values that cells compare with, ``values`` those and their neighbours, as far as they
    are allowed; null is among them where the fact may be missing.
    """

    name: str
    type: str
    node: str
    limits: tuple[Any, ...]
    values: tuple[Any, ...]
    _allowed: UnaryTests | None = field(default=None, compare=False)

    @property
    def step(self) -> Decimal:
        """The difference between a limit and the number beside it: one unit of the last digit written in any limit."""
        return min((unit(limit) for limit in self.limits if isinstance(limit, Decimal)), default=Decimal(1))

    def allows(self, value: Any) -> bool:
        """Whether a value of the right type is among the allowed ones."""
        return self._allowed is None or self._allowed(value, {}, []) is True


def scope_names(workbook: DecisionWorkbook) -> Names:
    """The names that cells may use: open facts, models and tables."""
    return Names(
        [
            *workbook.dictionary.open_names,
            *(model.node for model in workbook.models),
            *(table.name for table in workbook.tables),
        ]
    )


def source_name(cell: CellText, workbook: DecisionWorkbook, names: Names) -> str:
    """The fact or the part of a score that an input expression is; empty for any other expression."""
    try:
        node = parse_expression(cell.text, names)
    except FeelSyntaxError:  # not with a workbook that was read; then there is nothing to try either
        return ""
    path: list[str] = []
    while isinstance(node, syntax.Path):
        path.insert(0, node.name)
        node = node.source
    if not isinstance(node, syntax.Name):
        return ""
    if path and any(model.node == node.name for model in workbook.models):
        return ".".join([node.name, *path])
    return node.name if not path and node.name in workbook.dictionary.open_names else ""


def sources(workbook: DecisionWorkbook) -> dict[str, Source]:
    """Every open fact, and every part of a score that a column tests, by name."""
    names = scope_names(workbook)
    nodes = {model.node for model in workbook.models}
    compared: dict[str, list[Any]] = {name: [] for name in workbook.dictionary.open_names}
    for table in workbook.tables:
        for position, clause in enumerate(table.inputs):
            name = source_name(clause.expression, workbook, names)
            if not name:
                continue
            found = compared.setdefault(name, [])
            for rule in table.rules:
                if not rule.inputs[position].is_irrelevant:
                    found.extend(_compared(rule.inputs[position], names, workbook.tables))
    return {name: _source(workbook, name, values, nodes) for name, values in compared.items()}


def neighbours(value: Any, step: Decimal = Decimal(1)) -> Iterator[Any]:
    """The values just below and just above one of an ordered type; nothing for other values."""
    width: Any = None
    if isinstance(value, Decimal):
        width = step
    elif isinstance(value, FeelDate | DaysTimeDuration):
        width = _DAY
    elif isinstance(value, FeelDateTime):
        width = _MINUTE
    elif isinstance(value, FeelTime):
        width = _SECOND
    elif isinstance(value, YearsMonthsDuration):
        width = _MONTH
    if width is not None:
        for operation in (subtract, add):
            try:
                yield operation(value, width)
            except Fault:  # the first or last value there is
                continue


def literal_outputs(table: DecisionTable) -> Iterator[Any]:
    """The values that the cells of a table's only output state as literals."""
    if len(table.outputs) == 1:
        for rule in table.rules:
            value = _literal(rule.outputs[0])
            if value is not None:
                yield value


def _compared(cell: CellText, names: Names, tables: Iterable[DecisionTable]) -> Iterator[Any]:
    """The values a cell compares with: its literals, or what the tables that it names may give."""
    literal = literal_cell(parse_unary_tests(cell.text, names))
    if literal is not None:
        yield from literal.values()
        return
    tests = compile_unary_tests(cell.text, names)
    for table in tables:
        if table.name in tests.names:
            yield from literal_outputs(table)


def _literal(cell: CellText) -> Any:
    if cell.is_blank:
        return None
    try:
        value = constant(parse_expression(cell.text))
    except FeelSyntaxError:  # names with spaces need the scope to be parsed; they are no literals
        return None
    return None if value is NOT_CONSTANT else value


def _source(workbook: DecisionWorkbook, name: str, compared: list[Any], nodes: Iterable[str]) -> Source:
    fact = workbook.dictionary.fact(name)
    if fact is None:
        node = next(node for node in nodes if name.startswith(f"{node}."))
        kind = "string" if name == f"{node}.label" else "number"
        limits = _distinct(value for value in compared if value is not None)
        allowed = None if kind == "string" else compile_unary_tests("[0..1]")
        return Source(name, kind, node, limits, _allowed(_around(limits, kind), allowed), allowed)
    tests = compile_unary_tests(fact.allowed_values) if fact.allowed_values else None
    own = list(_compared(CellText(fact.allowed_values), Names(), ())) if fact.allowed_values else []
    limits = _distinct(value for value in compared if value is not None)
    around = _around(_distinct(value for value in (*limits, *own) if value is not None), fact.type)
    values = _allowed(around or samples(fact.type), tests)
    if not fact.required:
        values = (*values, None)
    return Source(name, fact.type, "", limits, values, tests)


def _around(limits: tuple[Any, ...], kind: str) -> tuple[Any, ...]:
    """The values that stand for all: each limit, its neighbours, and one beyond all texts that are named."""
    if kind == "boolean":
        return (True, False)
    if kind == "string":
        return (*limits, OTHER_TEXT)
    step = min((unit(limit) for limit in limits if isinstance(limit, Decimal)), default=Decimal(1))
    ordered = sorted(limit for limit in limits if isinstance(limit, Decimal))
    between = [(low + high) / 2 for low, high in pairwise(ordered) if high - low <= step]
    return _distinct([*(value for limit in limits for value in (limit, *neighbours(limit, step))), *between])


def unit(number: Decimal) -> Decimal:
    """One unit of the last digit written, and never more than one."""
    exponent = number.normalize().as_tuple().exponent
    return Decimal(1).scaleb(min(int(exponent), 0))


def _allowed(values: Iterable[Any], tests: UnaryTests | None) -> tuple[Any, ...]:
    return tuple(value for value in values if tests is None or tests(value, {}, []) is True)


def _distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    found: list[Any] = []
    for value in values:
        if not any(type(value) is type(other) and value == other for other in found):
            found.append(value)
    return tuple(found)
