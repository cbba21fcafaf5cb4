"""Definitions into DMN files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final
from typing import Literal as Choice
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from referee.dmn.diagram_writer import Link, write_diagram
from referee.dmn.elements import (
    DecisionNode,
    DecisionService,
    Definitions,
    InputData,
    KnowledgeModel,
    Requirement,
)
from referee.dmn.elements import Element as DmnElement
from referee.dmn.item_definition import ItemDefinition
from referee.dmn.item_types import ItemTypes
from referee.dmn.literal_form import LiteralForm
from referee.dmn.logic import External, Logic
from referee.dmn.logic_compiler import LogicCompiler
from referee.dmn.logic_writer import LogicWriter, add_text, child, set_attributes
from referee.dmn.passage import Notes, Passage
from referee.dmn.xml_ids import XmlIds, element_ids, id_of_name
from referee.domain import Diagnostic, ElementAddress, LineAddress, RulesError
from referee.files import write_whole

Version = Choice["1.3", "1.5"]

_RELEASES: Final = MappingProxyType({"1.3": "20191111", "1.5": "20230324"})
_FIRST: Final = ("import",)
_GRAPH: Final = ("knowledgeSource",)
_ARTIFACTS: Final = ("textAnnotation", "association", "group")
_COLLECTIONS: Final = ("elementCollection",)
_BUSINESS: Final = ("performanceIndicator", "organizationUnit")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_definitions(definitions: Definitions, path: Path | str, version: Version = "1.3") -> None:
    """Writes a model as a DMN file: all that decides, the texts for people and a diagram. The old file, if there is
    one, is replaced at once or not at all.

    Ids the model was read with are kept, others are made up from names. Version 1.3 is what dmn-js opens; expressions
    it doesn't have (conditional, filter, iterator) become FEEL texts of the same meaning. A decision by logic outside
    DMN, such as a model's score, is written without logic: its value must then be supplied.

    Not written, because they are not read: extension elements and attributes of other vocabularies, ids of variables,
    parameters, columns and context entries, labels and descriptions inside boxed expressions (those of clauses and
    rules are kept), the lines of a diagram (they are drawn anew, straight), a decision table's name (it is the
    decision's) and orientation. Imported models are named, not written.

    Raises ``RulesError`` with every reason why the model can't be written so: faults found when it was read (writing
    it would lose what couldn't be read), characters XML doesn't have, what the version can't express.
    """
    path = Path(path)
    content = _Writer(definitions, version).content()
    try:
        write_whole(path, content)
    except OSError as error:
        message = f"the file can't be written: {error.strerror or error}"
        raise RulesError(
            path.name, [Diagnostic("not-written", message, place=LineAddress(path.name))]
        ) from None


class _Writer:
    def __init__(self, definitions: Definitions, version: Version) -> None:
        self._definitions = definitions
        self._version = version
        self._namespace = definitions.namespace or f"urn:dmn:{id_of_name(definitions.name)}"
        self._faults = list(definitions.faults)
        own = {key: _own_id(key, definitions.namespace) for key in definitions.elements}
        known = {*own.values(), *element_ids((tuple(definitions.elements.values()), definitions.types))}
        known.update(_passage_ids(definitions.notes.passages))
        self._ids = XmlIds(known)
        self._id = self._ids.of(definitions.place, "definitions")
        for passage_id in _passage_ids(definitions.notes.passages):
            self._ids.own(passage_id, passage_id)
        self._element_ids = {
            key: self._ids.own(own[key], id_of_name(element.name))
            for key, element in definitions.elements.items()
        }
        self._logic = LogicWriter(self._ids)
        self._types = _item_types(definitions)
        known_elements = dict(_with_imported(definitions))
        self._kinds = {key: type(element) for key, element in known_elements.items()}
        self._element_names = {key: element.name for key, element in known_elements.items()}
        self._needs = {key: self._requirements(key) for key in definitions.elements}
        self._links: list[Link] = []

    def content(self) -> bytes:
        root = self._document()
        if self._faults:
            raise RulesError(self._definitions.name, tuple(dict.fromkeys(self._faults)))
        indent(root)
        text = tostring(root, encoding="unicode").replace("\r", "&#13;")
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()

    def _document(self) -> Element:
        definitions = self._definitions
        release = _RELEASES[self._version]
        model = f"https://www.omg.org/spec/DMN/{release}/MODEL/"
        root = Element("definitions")
        namespaces = {
            "xmlns": model,
            "xmlns:dmndi": f"https://www.omg.org/spec/DMN/{release}/DMNDI/",
            "xmlns:dc": "http://www.omg.org/spec/DMN/20180521/DC/",
            "xmlns:di": "http://www.omg.org/spec/DMN/20180521/DI/",
        }
        set_attributes(root, **namespaces, id=self._id)
        set_attributes(root, name=(definitions.name,), namespace=(self._namespace,), exporter="Referee")
        self._note(root, definitions.notes)
        for name, imported in definitions.imports.items():
            place = imported.place
            location = place.file if isinstance(place, ElementAddress | LineAddress) else ""
            child(
                root,
                "import",
                id=self._ids.new(f"import_{id_of_name(name)}"),
                name=(name,),
                namespace=(imported.namespace,),
                locationURI=location,
                importType=model,
            )
        self._passages(root, definitions.notes, _FIRST)
        for definition in definitions.types:
            self._item_definition(root, "itemDefinition", definition, "type")
        for key, element in definitions.elements.items():
            self._element(root, key, element)
        for tags in (_GRAPH, _ARTIFACTS, _COLLECTIONS, _BUSINESS):
            self._passages(root, definitions.notes, tags)
        self._check_characters(root)
        write_diagram(root, definitions, self._element_ids, self._links, self._ids)
        return root

    # Elements

    def _element(self, root: Element, key: str, element: DmnElement) -> None:
        own_id = self._element_ids[key]
        if isinstance(element, InputData):
            self._variable(self._start(root, "inputData", own_id, element), own_id, element)
        elif isinstance(element, DecisionNode):
            self._decision(root, key, own_id, element)
        elif isinstance(element, KnowledgeModel):
            part = self._start(root, "businessKnowledgeModel", own_id, element)
            self._variable(part, own_id, element)
            function = element.function
            if function.body is not None or function.parameters:
                logic_id = self._ids.of(function.place, f"{own_id}_encapsulatedLogic")
                box = child(part, "encapsulatedLogic", id=logic_id, typeRef=function.type)
                body = function.body
                if body is not None:
                    names = self._names(key) | {parameter.name for parameter in function.parameters}
                    body = self._in_version(body, names, key)
                self._logic.function(box, replace(function, body=body), logic_id)
            self._require(part, key, own_id)
            self._passages(part, element.notes)
        else:
            self._service(root, own_id, element)

    def _decision(self, root: Element, key: str, own_id: str, element: DecisionNode) -> None:
        part = self._start(root, "decision", own_id, element)
        add_text(part, "question", element.notes.question)
        add_text(part, "allowedAnswers", element.notes.allowed_answers)
        self._variable(part, own_id, element)
        self._require(part, key, own_id)
        self._passages(part, element.notes)
        if element.logic is not None and not isinstance(element.logic, External):
            logic = self._in_version(element.logic, self._names(key), key)
            self._logic.write(part, logic, own_id)

    def _service(self, root: Element, own_id: str, element: DecisionService) -> None:
        part = self._start(root, "decisionService", own_id, element)
        self._variable(part, own_id, element)
        data = [key for key in element.inputs if self._kinds.get(key) is InputData]
        decisions = [key for key in element.inputs if key not in data]
        if [*data, *decisions] != list(element.inputs):
            message = f"the service {element.name} has a decision before input data among its parameters; reorder them"
            self._faults.append(Diagnostic("not-in-version", message, place=element.place))
        inside = element.encapsulated
        if inside is None:
            inside = tuple(self._between(element))
        for tag, keys in (
            ("outputDecision", element.outputs),
            ("encapsulatedDecision", inside),
            ("inputDecision", decisions),
            ("inputData", data),
        ):
            for key in keys:
                child(part, tag, href=(self._href(key),))

    def _start(self, root: Element, tag: str, own_id: str, element: DmnElement) -> Element:
        part = child(root, tag, id=own_id, name=(element.name,))
        self._note(part, element.notes)
        return part

    def _note(self, part: Element, notes: Notes) -> None:
        set_attributes(part, label=notes.label)
        add_text(part, "description", notes.description)

    def _variable(self, part: Element, own_id: str, element: DmnElement) -> None:
        variable_id = self._ids.new(f"{own_id}_variable")
        child(part, "variable", id=variable_id, name=(element.name,), typeRef=element.type)

    def _require(self, part: Element, key: str, own_id: str) -> None:
        for is_knowledge in (False, True):
            for requirement in self._needs[key]:
                kind = self._kinds.get(requirement.key, DecisionNode)
                if (kind in (KnowledgeModel, DecisionService)) is not is_knowledge:
                    continue
                tag = "knowledgeRequirement" if is_knowledge else "informationRequirement"
                target = (
                    "requiredKnowledge"
                    if is_knowledge
                    else ("requiredInput" if kind is InputData else "requiredDecision")
                )
                needed = self._element_ids.get(requirement.key, id_of_name(requirement.key))
                requirement_id = self._ids.own(requirement.element_id, f"{own_id}_needs_{needed}")
                child(child(part, tag, id=requirement_id), target, href=(self._href(requirement.key),))
                if requirement.key in self._element_ids:
                    self._links.append(Link(requirement_id, needed, own_id))

    def _href(self, key: str) -> str:
        return f"#{self._element_ids[key]}" if key in self._element_ids else key

    def _passages(self, part: Element, notes: Notes, tags: tuple[str, ...] = ()) -> None:
        for passage in notes.passages:
            if not tags or passage.tag in tags:
                self._passage(part, passage)

    def _passage(self, parent: Element, passage: Passage) -> None:
        part = SubElement(parent, passage.tag, dict(passage.attributes))
        if passage.text.strip() or not passage.parts:
            part.text = passage.text
        for each in passage.parts:
            self._passage(part, each)
        self._link_of(passage, parent.get("id", ""))

    def _link_of(self, passage: Passage, owner: str) -> None:
        """Notes what a kept passage draws: a requirement of authority or an association."""
        ends = [
            each.get("href").removeprefix("#") for each in passage.parts if each.get("href").startswith("#")
        ]
        if passage.tag == "authorityRequirement" and len(ends) == 1:
            self._links.append(Link(passage.get("id"), ends[0], owner))
        elif passage.tag == "association" and len(ends) == 2:
            self._links.append(Link(passage.get("id"), ends[0], ends[1]))

    # Types

    def _item_definition(self, parent: Element, tag: str, definition: ItemDefinition, prefix: str) -> None:
        own_id = self._ids.of(definition.place, f"{prefix}_{id_of_name(definition.name)}")
        part = child(
            parent,
            tag,
            id=own_id,
            name=(definition.name,),
            isCollection="true" if definition.is_collection else "",
        )
        self._note(part, definition.notes)
        add_text(part, "typeRef", definition.type)
        allowed, constraint = definition.allowed_values, definition.constraint
        if self._version == "1.3" and constraint is not None:
            if allowed is not None or definition.is_collection:
                message = (
                    f"the type {definition.name} has a constraint on the whole value, which DMN 1.3 can't express; "
                    "write the model as DMN 1.5"
                )
                self._faults.append(Diagnostic("not-in-version", message, place=definition.place))
            allowed, constraint = constraint, None  # for a single value they mean the same
        self._logic.text(part, "allowedValues", allowed, own_id)
        self._logic.text(part, "typeConstraint", constraint, own_id)
        for component in definition.components:
            self._item_definition(part, "itemComponent", component, own_id)
        if definition.function is not None:
            item = child(
                part,
                "functionItem",
                id=self._ids.new(f"{own_id}_function"),
                outputTypeRef=definition.function.result,
            )
            for name, kind in definition.function.parameters:
                child(item, "parameters", name=(name,), typeRef=kind)

    # Requirements and names

    def _requirements(self, key: str) -> tuple[Requirement, ...]:
        """What an element requires: as it says, or what follows from the names its logic uses."""
        elements = self._definitions.elements
        element = elements[key]
        if not isinstance(element, DecisionNode | KnowledgeModel):
            return ()
        if element.requirements is not None:
            return element.requirements
        siblings = {other.name: other_key for other_key, other in elements.items() if other_key != key}
        compiler = LogicCompiler(self._types, frozenset(), frozenset())
        if isinstance(element, KnowledgeModel):
            compiler.function(element.function, frozenset(siblings))
            used = compiler.used - {parameter.name for parameter in element.function.parameters}
        elif element.logic is not None:
            compiler.compile(element.logic, frozenset(siblings))
            used = compiler.used
        else:
            used = set()
        self._faults += compiler.faults
        return tuple(Requirement(siblings[name]) for name in siblings if name in used)

    def _names(self, key: str) -> frozenset[str]:
        """The names that the logic of an element sees."""
        return frozenset(
            need.imported_as or self._definitions.elements[need.key].name
            for need in self._needs[key]
            if need.imported_as or need.key in self._definitions.elements
        )

    def _between(self, service: DecisionService) -> Iterator[str]:
        """The decisions between the outputs and the inputs of a service."""
        seen = {*service.inputs, *service.outputs}
        waiting = list(service.outputs)
        while waiting:
            for need in self._needs.get(waiting.pop(), ()):
                if need.key not in seen and self._kinds.get(need.key) is DecisionNode:
                    seen.add(need.key)
                    waiting.append(need.key)
                    yield need.key

    def _in_version(self, logic: Logic, names: frozenset[str], key: str) -> Logic:
        """The logic in terms that the version has; what can't be said in them is a fault."""
        if self._version != "1.3":
            return logic
        components = self._types.component_names
        members = frozenset(
            self._element_names[need.key]
            for need in self._needs[key]
            if need.imported_as and need.key in self._element_names
        )
        form = LiteralForm(members, components)
        written = form.without_newer(logic, names)
        for fault in form.faults:
            message = (
                f"{self._element_names[key]} holds a boxed expression that DMN 1.3 doesn't have and that no FEEL text "
                f"can replace: {fault.message}; write the model as DMN 1.5"
            )
            self._faults.append(replace(fault, message=message))
        return written

    def _check_characters(self, root: Element) -> None:
        for part in root.iter():
            for text in (part.text or "", *part.attrib.values()):
                found = _NOT_XML.search(text)
                if found:
                    message = f"`{ascii(text)[1:60]}` holds a character that no XML file can hold; remove it"
                    place = ElementAddress(self._definitions.name, part.get("id", ""))
                    self._faults.append(Diagnostic("not-xml", message, place=place))


def _own_id(key: str, namespace: str) -> str:
    """The XML id in the key of an element that was read from a file; empty for any other key."""
    prefix = f"{namespace}#"
    own_id = key.removeprefix(prefix)
    return own_id if key.startswith(prefix) and re.fullmatch(r"\S+", own_id) else ""


def _passage_ids(passages: Iterable[Passage]) -> Iterator[str]:
    for passage in passages:
        if passage.get("id"):
            yield passage.get("id")
        yield from _passage_ids(passage.parts)


def _with_imported(definitions: Definitions) -> Iterator[tuple[str, DmnElement]]:
    """All elements by key, imported ones too."""
    for imported in definitions.imports.values():
        yield from _with_imported(imported)
    yield from definitions.elements.items()


def _item_types(definitions: Definitions) -> ItemTypes:
    imports: Mapping[str, ItemTypes] = {
        name: _item_types(imported) for name, imported in definitions.imports.items()
    }
    return ItemTypes(definitions.types, imports)
