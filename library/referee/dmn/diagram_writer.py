"""The diagram of a model in a DMN file: a shape for each element, a straight line for each requirement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from xml.etree.ElementTree import Element

from referee.dmn.diagram import Shape, arrange
from referee.dmn.elements import DecisionNode, DecisionService, Definitions, InputData, KnowledgeModel
from referee.dmn.logic_writer import child
from referee.dmn.xml_ids import XmlIds

_SIZES: Final = MappingProxyType(
    {
        InputData: (125, 45),
        DecisionNode: (180, 80),
        KnowledgeModel: (135, 46),
        DecisionService: (180, 80),
    }
)
_PASSAGE_SIZES: Final = MappingProxyType({"knowledgeSource": (100, 63), "textAnnotation": (180, 45)})


@dataclass(frozen=True, slots=True)
class Link:
    """A line from what is needed to what needs it, drawn for an element with an id of its own; all by XML id."""

    element_id: str
    needed: str
    owner: str


def write_diagram(
    root: Element, definitions: Definitions, ids_by_key: Mapping[str, str], links: Sequence[Link], ids: XmlIds
) -> None:
    """Adds the diagram. Elements stand where they stood when they were read; services are drawn closed."""
    needs: dict[str, list[str]] = {}
    for link in links:
        needs.setdefault(link.owner, []).append(link.needed)
    sizes: dict[str, tuple[int, int]] = {}
    services = set()
    for key, element in definitions.elements.items():
        own_id = ids_by_key[key]
        sizes[own_id] = _SIZES[type(element)]
        if isinstance(element, DecisionService):
            services.add(own_id)
            needs[own_id] = [ids_by_key[each] for each in element.outputs if each in ids_by_key]
    for passage in definitions.notes.passages:
        if passage.tag in _PASSAGE_SIZES and passage.get("id"):
            sizes[passage.get("id")] = _PASSAGE_SIZES[passage.tag]
    shapes = [
        Shape(each, width, height, tuple(needs.get(each, ()))) for each, (width, height) in sizes.items()
    ]
    bounds = arrange(shapes, definitions.shapes)
    diagram_id = ids.new("diagram")
    diagram = child(child(root, "dmndi:DMNDI"), "dmndi:DMNDiagram", id=diagram_id)
    for each in sizes:
        shape = child(
            diagram,
            "dmndi:DMNShape",
            id=ids.new(f"{diagram_id}_{each}"),
            dmnElementRef=each,
            isCollapsed="true" if each in services else "",
        )
        place = bounds[each]
        numbers = {"x": place.x, "y": place.y, "width": place.width, "height": place.height}
        child(shape, "dc:Bounds", **{name: _number(number) for name, number in numbers.items()})
    for link in links:
        if link.element_id and link.needed in bounds and link.owner in bounds:
            line_id = ids.new(f"{diagram_id}_{link.element_id}")
            line = child(diagram, "dmndi:DMNEdge", id=line_id, dmnElementRef=link.element_id)
            for x, y in (bounds[link.needed].top, bounds[link.owner].bottom):
                child(line, "di:waypoint", x=_number(x), y=_number(y))


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
