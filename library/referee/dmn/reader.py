"""Definitions out of DMN files, with the files they import."""

from __future__ import annotations

from pathlib import Path

from referee.dmn.document import XmlElement, read_xml
from referee.dmn.elements import (
    DecisionNode,
    DecisionService,
    Definitions,
    Element,
    InputData,
    KnowledgeModel,
    Requirement,
)
from referee.dmn.item_definition import FunctionItem, ItemDefinition
from referee.dmn.logic import FunctionLogic
from referee.dmn.logic_reader import LogicReader, text_of, type_of
from referee.domain import Diagnostic, RulesError

_REQUIREMENTS = {
    "informationRequirement": ("requiredDecision", "requiredInput"),
    "knowledgeRequirement": ("requiredKnowledge",),
}


def read_definitions(path: Path) -> Definitions:
    """What a DMN file and the files it imports define. Imported models are found by namespace in the same folder.

    Raises ``RulesError`` when the file is no DMN model; faults within it are kept in the result.
    """
    return _Reader(path.parent).definitions(path, read_xml(path), ())


class _Reader:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by_namespace: dict[str, tuple[Path, XmlElement]] | None = None
        self._read: dict[str, Definitions] = {}

    def definitions(self, path: Path, root: XmlElement, importing: tuple[str, ...]) -> Definitions:
        namespace = root.get("namespace")
        imports: dict[str, Definitions] = {}
        imported_as: dict[str, str] = {}
        logic = LogicReader()
        for element in root.children("import"):
            wanted = element.get("namespace")
            if "DMN" not in element.get("importType") and "dmn" not in element.get("importType"):
                continue
            imported = self._imported(wanted, (*importing, namespace))
            if imported is None:
                message = (
                    f"the model imports {wanted}, but no DMN file with that namespace lies beside it; "
                    "put the imported file into the same folder"
                    if wanted not in (*importing, namespace)
                    else f"the models import each other in a circle through {wanted}"
                )
                logic.faults.append(Diagnostic("no-import", message, place=element.place))
                continue
            imports[element.get("name")] = imported
            imported_as[wanted] = element.get("name")
        elements = _Elements(namespace, imported_as, logic).read(root)
        return Definitions(
            root.get("name") or path.stem,
            elements,
            tuple(_item_definition(item) for item in root.children("itemDefinition")),
            imports,
            tuple(logic.faults),
            root.place,
        )

    def _imported(self, namespace: str, importing: tuple[str, ...]) -> Definitions | None:
        if namespace in importing:
            return None
        if namespace not in self._read:
            if self._by_namespace is None:
                self._by_namespace = _models_in(self._folder)
            if namespace not in self._by_namespace:
                return None
            path, root = self._by_namespace[namespace]
            self._read[namespace] = self.definitions(path, root, importing)
        return self._read[namespace]


class _Elements:
    """The elements of one file by key: namespace and id."""

    def __init__(self, namespace: str, imported_as: dict[str, str], logic: LogicReader) -> None:
        self._namespace = namespace
        self._imported_as = imported_as
        self._logic = logic

    def read(self, root: XmlElement) -> dict[str, Element]:
        elements: dict[str, Element] = {}
        for element in root:
            read = self._element(element)
            if read is not None:
                elements[self._key(f"#{element.get('id') or element.get('name')}")] = read
        return elements

    def _element(self, element: XmlElement) -> Element | None:
        name = element.get("name")
        variable = element.child("variable")
        type_name = type_of(variable) if variable is not None else type_of(element)
        if element.tag == "inputData":
            return InputData(name, type_name, element.place)
        if element.tag == "decision":
            requirements = self._requirements(element)
            return DecisionNode(
                name, self._logic.within(element, name), type_name, requirements, element.place
            )
        if element.tag == "businessKnowledgeModel":
            encapsulated = element.child("encapsulatedLogic")
            if encapsulated is None:
                function = FunctionLogic((), None, place=element.place)
            else:
                function = self._logic.function(encapsulated, name)
            return KnowledgeModel(name, function, type_name, self._requirements(element), element.place)
        if element.tag == "decisionService":
            inputs = [
                self._key(reference.get("href"))
                for tag in ("inputData", "inputDecision")
                for reference in element.children(tag)
            ]
            outputs = [self._key(reference.get("href")) for reference in element.children("outputDecision")]
            return DecisionService(name, tuple(inputs), tuple(outputs), type_name, element.place)
        return None

    def _requirements(self, element: XmlElement) -> tuple[Requirement, ...]:
        found = []
        for requirement in element:
            for tag in _REQUIREMENTS.get(requirement.tag, ()):
                for reference in requirement.children(tag):
                    href = reference.get("href")
                    namespace = href.partition("#")[0]
                    found.append(Requirement(self._key(href), self._imported_as.get(namespace, "")))
        return tuple(found)

    def _key(self, href: str) -> str:
        namespace, _, element_id = href.partition("#")
        return f"{namespace or self._namespace}#{element_id}"


def _models_in(folder: Path) -> dict[str, tuple[Path, XmlElement]]:
    """The DMN files of a folder by namespace; files that are no DMN model are nobody's import."""
    found: dict[str, tuple[Path, XmlElement]] = {}
    for path in sorted(folder.glob("*.dmn")):
        try:
            root = read_xml(path)
        except RulesError:
            continue
        found.setdefault(root.get("namespace"), (path, root))
    return found


def _item_definition(element: XmlElement) -> ItemDefinition:
    function = element.child("functionItem")
    return ItemDefinition(
        element.get("name"),
        type_of(element),
        tuple(_item_definition(component) for component in element.children("itemComponent")),
        element.is_set("isCollection"),
        text_of(element, "allowedValues"),
        text_of(element, "typeConstraint"),
        None
        if function is None
        else FunctionItem(
            tuple(
                (parameter.get("name"), type_of(parameter)) for parameter in function.children("parameters")
            ),
            function.get("outputTypeRef").rpartition(":")[2],
        ),
        element.place,
    )
