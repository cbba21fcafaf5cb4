"""A DMN file as lines of text, as JSON, and with its requirements graph as a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from referee.cli.workbook_text import hit_policy_text, table_lines

if TYPE_CHECKING:
    from referee.cli.requirements_graph import Drawing
    from referee.dmn import Definitions, Logic
    from referee.tables import DecisionTable


@dataclass(frozen=True, slots=True)
class ShownElement:
    """A decision or knowledge model: its decision table, or else its logic as FEEL text; and what it needs.

    ``note`` says where the logic is none that one text can say.
    """

    name: str
    type: str
    is_decision: bool
    needs: tuple[str, ...]
    table: DecisionTable | None = None
    text: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ShownModel:
    """What people see of a DMN file: its inputs by name with their types, and its decisions and knowledge models."""

    name: str
    description: str
    inputs: tuple[tuple[str, str], ...]
    elements: tuple[ShownElement, ...]
    faults: tuple[str, ...]

    @property
    def tables(self) -> list[DecisionTable]:
        return [each.table for each in self.elements if each.table is not None]


def read_shown(path: Path) -> ShownModel:
    """The model in a DMN file. Raises InputError where the file is none."""
    from referee.dmn import read_definitions
    from referee.workbook.excel_file import read_bytes

    read_bytes(path)
    definitions = read_definitions(path)
    return ShownModel(
        definitions.name,
        " ".join(definitions.notes.description.split()),
        tuple(_inputs(definitions)),
        tuple(_elements(definitions)),
        tuple(str(fault) for fault in definitions.faults),
    )


def model_lines(model: ShownModel) -> Iterator[str]:
    """The whole model, one thing a line."""
    yield f"model {model.name}"
    if model.description:
        yield f"  purpose: {model.description}"
    yield from (f"  fault: {fault}" for fault in model.faults)
    if model.inputs:
        yield from ("", "inputs", *(f"  {name}: {kind or 'any type'}" for name, kind in model.inputs))
    for element in model.elements:
        yield ""
        if element.table is not None:
            yield from table_lines(element.table)
        else:
            what = "decision" if element.is_decision else "knowledge model"
            yield f"{what} {element.name}: {element.type or 'any type'}"
            yield f"  {element.text or element.note}"
        if element.needs:
            yield f"  needs {', '.join(element.needs)}"


def as_record(model: ShownModel) -> dict[str, Any]:
    """The model for machines."""
    from referee.cli.show import table_record

    return {
        "model": model.name,
        "description": model.description,
        "faults": model.faults,
        "inputs": [{"name": name, "type": kind} for name, kind in model.inputs],
        "elements": [
            {
                "name": each.name,
                "kind": "decision" if each.is_decision else "knowledge model",
                "type": each.type,
                "needs": each.needs,
                "text": each.text,
                "note": each.note,
                "table": None if each.table is None else table_record(each.table),
            }
            for each in model.elements
        ],
    }


def write_page(target: Path, model: ShownModel, source: Path) -> None:
    """The model as a page for a meeting."""
    from referee.cli.html_report import write_report

    write_report(
        target,
        model.name,
        "show_dmn.html",
        model=model,
        source=source.name,
        drawing=_drawing(model),
        policy=hit_policy_text,
    )


def _drawing(model: ShownModel) -> Drawing:
    from referee.cli.requirements_graph import drawn
    from referee.engine.requirements import NodeKind, Requirements

    nodes = [
        Requirements(each.name, NodeKind.TABLE if each.is_decision else NodeKind.MODEL, each.needs)
        for each in model.elements
    ]
    return drawn(nodes, [name for name, _ in model.inputs])


def _inputs(definitions: Definitions) -> Iterator[tuple[str, str]]:
    """What a case brings: input data, and decisions whose value must be supplied."""
    from referee.dmn import DecisionNode, InputData

    for element in definitions.elements.values():
        if isinstance(element, InputData) or (isinstance(element, DecisionNode) and element.logic is None):
            yield element.name, element.type


def _elements(definitions: Definitions) -> Iterator[ShownElement]:
    from referee.dmn import DecisionNode, DecisionService, InputData, KnowledgeModel, TableLogic
    from referee.dmn.literal_form import LiteralForm
    from referee.feel.fault import Fault

    names = frozenset(element.name for element in definitions.elements.values())
    for element in definitions.elements.values():
        if isinstance(element, InputData):
            continue
        if isinstance(element, DecisionService):
            needs = _names(definitions, (*element.outputs, *element.inputs))
            yield ShownElement(element.name, element.type, False, needs, note="a decision service")
            continue
        is_decision = isinstance(element, DecisionNode)
        logic: Logic | None = element.function if isinstance(element, KnowledgeModel) else element.logic
        if logic is None:
            continue
        needs = _names(definitions, [need.key for need in element.requirements or ()])
        shown = ShownElement(element.name, element.type, is_decision, needs)
        inner = element.function.body if isinstance(element, KnowledgeModel) else logic
        if isinstance(inner, TableLogic):
            outputs = tuple(replace(each, name=each.name or element.name) for each in inner.table.outputs)
            yield replace(shown, table=replace(inner.table, name=element.name, outputs=outputs))
            continue
        try:
            form = LiteralForm(frozenset(), frozenset(), drops_types=True)
            yield replace(shown, text=" ".join(form.literal(logic, names).text.split()))
        except Fault as fault:
            yield replace(shown, note=f"a boxed expression that no one text says: {fault.message}")


def _names(definitions: Definitions, keys: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """The names of elements of the file; those of other files are left out."""
    return tuple(definitions.elements[key].name for key in keys if key in definitions.elements)
