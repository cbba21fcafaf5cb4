"""The decision tables of a DMN file, and what their inputs may hold by the file's own types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from referee.feel.types import NAMED_TYPES

if TYPE_CHECKING:
    from referee.checks import InputValues
    from referee.dmn.elements import Definitions, InputData
    from referee.dmn.item_definition import ItemDefinition
    from referee.tables import CellText, DecisionTable, InputClause, OutputClause

Clause = TypeVar("Clause", "InputClause", "OutputClause")


@dataclass(frozen=True, slots=True)
class ModelTable:
    """A table of a decision or knowledge model, its types resolved to FEEL's own, with all names it may use.

    It ``is_decision`` where other decisions may ask for its result by the table's name.
    """

    table: DecisionTable
    inputs: Mapping[str, InputValues]
    names: tuple[str, ...]
    is_decision: bool = False


def model_tables(definitions: Definitions) -> list[ModelTable]:
    """The tables that are the whole logic of a decision or of a knowledge model's function.

    Any input of a DMN file may be null, whatever the allowed values of its type are, unless its description marks it as
    required, as an exported workbook does.
    """
    from referee.cli.table_inputs import result_values
    from referee.dmn import DecisionNode, InputData, KnowledgeModel, TableLogic

    types = {each.name: each for each in definitions.types}
    shared: dict[str, InputValues] = {}
    for element in definitions.elements.values():
        if isinstance(element, InputData):
            is_required = _is_required(element)
            for path, values in _values(element.name, element.type, types):
                shared[path] = replace(values, may_be_null=not is_required)
        if isinstance(element, DecisionNode):
            declared = dict(_values(element.name, element.type, types))
            if isinstance(element.logic, TableLogic):
                given = result_values(_resolved(replace(element.logic.table, name=element.name), types))
                declared |= {
                    path: values
                    for path, values in given.items()
                    if path not in declared or not declared[path].allowed_values
                }
            shared.update(declared)
    names = tuple(element.name for element in definitions.elements.values())
    found = []
    for element in definitions.elements.values():
        if isinstance(element, DecisionNode) and isinstance(element.logic, TableLogic):
            table = replace(element.logic.table, name=element.name)
            inputs = _with_column_types(table, shared, types)
            found.append(ModelTable(_resolved(table, types), inputs, names, is_decision=True))
        if isinstance(element, KnowledgeModel) and isinstance(element.function.body, TableLogic):
            own = {
                path: replace(values, may_be_null=True)
                for parameter in element.function.parameters
                for path, values in _values(parameter.name, parameter.type, types)
            }
            parameters = tuple(parameter.name for parameter in element.function.parameters)
            table = element.function.body.table
            inputs = _with_column_types(table, {**shared, **own}, types)
            found.append(ModelTable(_resolved(table, types), inputs, (*names, *parameters)))
    return found


def _is_required(element: InputData) -> bool:
    from referee.workbook.definitions_of_workbook import marks_in

    _, marks = marks_in(element.notes.description)
    return marks is not None and "required" in marks


def _values(
    name: str, type_name: str, types: Mapping[str, ItemDefinition], depth: int = 0
) -> Iterator[tuple[str, InputValues]]:
    """What a name holds, and what the components of its type hold, by their paths."""
    from referee.checks import InputValues

    base, allowed = _base(type_name, types)
    yield name, InputValues(base, allowed[0].text if len(allowed) == 1 else "")
    item = types.get(type_name)
    for component in item.components if item is not None and not item.is_collection and depth < 8 else ():
        own = {**types, component.name: component} if component.components else types
        kind = component.name if component.components else component.type
        for path, values in _values(f"{name}.{component.name}", kind, own, depth + 1):
            if component.allowed_values is not None and path == f"{name}.{component.name}":
                values = InputValues(values.type, component.allowed_values.text)
            yield path, values


def _base(type_name: str, types: Mapping[str, ItemDefinition]) -> tuple[str, list[CellText]]:
    """FEEL's own type under a name, and the allowed values met on the way. A type with parts is a context or list."""
    allowed: list[CellText] = []
    seen: set[str] = set()
    while type_name not in NAMED_TYPES and type_name in types and type_name not in seen:
        seen.add(type_name)
        item = types[type_name]
        if item.is_collection:
            return "list", []
        if item.components or item.function is not None:
            return "context", []
        allowed += [text for text in (item.allowed_values, item.constraint) if text is not None]
        type_name = item.type
    return (type_name if type_name in NAMED_TYPES else ""), allowed


def _resolved(table: DecisionTable, types: Mapping[str, ItemDefinition]) -> DecisionTable:
    return replace(
        table,
        inputs=tuple(_with_type(table.inputs, types)),
        outputs=tuple(_with_type(table.outputs, types, are_outputs=True)),
    )


def _with_column_types(
    table: DecisionTable, inputs: Mapping[str, InputValues], types: Mapping[str, ItemDefinition]
) -> dict[str, InputValues]:
    """What inputs may hold, also by the types of the table's columns; these take null whatever values they allow."""
    from referee.checks import InputValues

    found = dict(inputs)
    for clause in table.inputs:
        name = " ".join(clause.expression.text.split())
        base, allowed = _base(clause.type, types)
        known = found.get(name, InputValues())
        if len(allowed) == 1 and not known.allowed_values:
            found[name] = replace(known, type=known.type or base, allowed_values=allowed[0].text)
    return found


def _with_type(
    clauses: Sequence[Clause], types: Mapping[str, ItemDefinition], *, are_outputs: bool = False
) -> Iterable[Clause]:
    for clause in clauses:
        base, allowed = _base(clause.type, types)
        given = allowed[0] if are_outputs and len(allowed) == 1 else None
        yield replace(clause, type=base, allowed_values=clause.allowed_values or given)
