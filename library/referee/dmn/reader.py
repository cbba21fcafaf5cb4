"""Definitions out of DMN files, with the files they import."""

from __future__ import annotations

from dataclasses import replace
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
_MAX_IMPORTED = 1_000  # imports are followed on every way that leads to them
_MAX_IMPORT_DEPTH = 20
_ABOUT_ELEMENTS = frozenset(
    {
        "authorityRequirement",
        "supportedObjective",
        "impactedPerformanceIndicator",
        "decisionMaker",
        "decisionOwner",
        "usingProcess",
        "usingTask",
    }
)
_ABOUT_DEFINITIONS = frozenset(
    {
        "knowledgeSource",
        "textAnnotation",
        "association",
        "group",
        "elementCollection",
        "performanceIndicator",
        "organizationUnit",
    }
)
_NOTHING: frozenset[str] = frozenset()


def read_definitions(path: Path | str) -> Definitions:
    """What a DMN file and the files it imports define. Imported models are found by namespace in the same folder.

    Texts for people and the places in the diagram are kept with the elements. Raises ``RulesError`` when the file is
    no DMN model; faults within it are kept in the result.
    """
    path = Path(path)
    return _Reader(path.parent).definitions(path, read_xml(path), ())


class _Reader:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by_namespace: dict[str, tuple[Path, XmlElement]] | None = None
        self._read: dict[str, Definitions] = {}
        self._met: dict[str, int] = {}

    def definitions(self, path: Path, root: XmlElement, importing: tuple[str, ...]) -> Definitions:
        namespace = root.get("namespace")
        imports: dict[str, Definitions] = {}
        imported_as: dict[str, str] = {}
        logic = LogicReader(root.get("expressionLanguage"))
        foreign = []
        met = 0
        for element in root.children("import"):
            wanted, name = element.get("namespace"), element.get("name")
            if "dmn" not in element.get("importType").lower():
                foreign.append(element.passage())
                continue
            reason = self._unimportable(wanted, (*importing, namespace))
            imported = None if reason else self._imported(wanted, (*importing, namespace))
            if imported is not None:
                met += self._met[wanted]
            if met > _MAX_IMPORTED:
                reason = (
                    f"the imports meet more than {_MAX_IMPORTED:,} models on all their ways; import fewer"
                )
            elif name in imports:
                reason = f"two imports have the name `{name}`; give each its own"
            if reason:
                logic.faults.append(Diagnostic("no-import", reason, place=element.place))
            elif imported is not None:
                imports[name] = imported
                imported_as[wanted] = name
        self._met[namespace] = 1 + met
        elements = _Elements(namespace, imported_as, logic).read(root)
        notes = root.notes(_ABOUT_DEFINITIONS)
        return Definitions(
            root.get("name") or path.stem,
            elements,
            tuple(_item_definition(item) for item in root.children("itemDefinition")),
            imports,
            tuple(logic.faults),
            root.place,
            namespace,
            replace(notes, passages=(*foreign, *notes.passages)),
            root.shapes(),
        )

    def _unimportable(self, namespace: str, importing: tuple[str, ...]) -> str:
        """Why the model with a namespace can't be imported; empty if it can."""
        if namespace in importing:
            return f"the models import each other in a circle through {namespace}"
        if len(importing) > _MAX_IMPORT_DEPTH:
            return (
                f"more than {_MAX_IMPORT_DEPTH} models import one another in a row; import them more directly"
            )
        if namespace not in self._models():
            return (
                f"the model imports {namespace}, but no DMN file with that namespace lies beside it; "
                "put the imported file into the same folder"
            )
        return ""

    def _imported(self, namespace: str, importing: tuple[str, ...]) -> Definitions:
        if namespace not in self._read:
            path, root = self._models()[namespace]
            self._read[namespace] = self.definitions(path, root, importing)
        return self._read[namespace]

    def _models(self) -> dict[str, tuple[Path, XmlElement]]:
        if self._by_namespace is None:
            self._by_namespace = _models_in(self._folder)
        return self._by_namespace


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
            if read is None:
                continue
            key = self._key(f"#{element.get('id') or element.get('name')}")
            if key in elements:
                message = (
                    f"two elements have the id {element.get('id')}: {elements[key].name} and {read.name}"
                )
                self._logic.faults.append(Diagnostic("id-clash", message, place=element.place))
            elements[key] = read
        return elements

    def _element(self, element: XmlElement) -> Element | None:
        name = element.get("name")
        variable = element.child("variable")
        type_name = type_of(variable) if variable is not None else type_of(element)
        place, notes = element.place, element.notes(_ABOUT_ELEMENTS)
        if element.tag == "inputData":
            return InputData(name, type_name, place, notes)
        if element.tag == "decision":
            logic, requirements = self._logic.within(element, name), self._requirements(element)
            return DecisionNode(name, logic, type_name, requirements, place, notes)
        if element.tag == "businessKnowledgeModel":
            encapsulated = element.child("encapsulatedLogic")
            if encapsulated is None:
                function = FunctionLogic((), None, place=element.place)
            else:
                function = self._logic.function(encapsulated, name)
            return KnowledgeModel(name, function, type_name, self._requirements(element), place, notes)
        if element.tag == "decisionService":
            inputs = self._keys(element, "inputData") + self._keys(element, "inputDecision")
            outputs, inside = (
                self._keys(element, "outputDecision"),
                self._keys(element, "encapsulatedDecision"),
            )
            return DecisionService(name, inputs, outputs, type_name, place, notes, inside)
        return None

    def _requirements(self, element: XmlElement) -> tuple[Requirement, ...]:
        found = []
        for kind, tags in _REQUIREMENTS.items():
            for requirement in element.children(kind):
                for reference in (each for tag in tags for each in requirement.children(tag)):
                    href = reference.get("href")
                    imported_as = self._imported_as.get(href.partition("#")[0], "")
                    found.append(Requirement(self._key(href), imported_as, requirement.get("id")))
        return tuple(found)

    def _keys(self, element: XmlElement, tag: str) -> tuple[str, ...]:
        return tuple(self._key(reference.get("href")) for reference in element.children(tag))

    def _key(self, href: str) -> str:
        namespace, _, element_id = href.partition("#")
        return f"{namespace or self._namespace}#{element_id}"


def _models_in(folder: Path) -> dict[str, tuple[Path, XmlElement]]:
    """The DMN files of a folder by namespace; files that are no DMN model are nobody's import.

    A link to a file in another folder is not followed: what decides lies in one place.
    """
    found: dict[str, tuple[Path, XmlElement]] = {}
    home = folder.resolve()
    for path in sorted(folder.glob("*.dmn")):
        if path.resolve().parent != home:
            continue
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
            type_of(function, "outputTypeRef"),
        ),
        element.place,
        element.notes(_NOTHING),
    )
