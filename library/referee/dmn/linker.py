"""From definitions to a linked graph of compiled nodes, with every fault on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from referee.dmn.elements import (
    DecisionNode,
    DecisionService,
    Definitions,
    Element,
    InputData,
    KnowledgeModel,
    Requirement,
)
from referee.dmn.entry_names import entry_names
from referee.dmn.item_types import ItemTypes
from referee.dmn.logic import External, Logic, TableLogic
from referee.dmn.logic_compiler import Conversion, LogicCompiler
from referee.dmn.nodes import Decision, InputNode, Knowledge, Node, Service, imported
from referee.dmn.run import Provider, Run
from referee.dmn.usual_decision import UsualDecision, usual_decision, usual_input
from referee.domain import Diagnostic, Place
from referee.feel.fault import Fault
from referee.feel.types import ANY, FeelType, FunctionType
from referee.tables import CompiledTable


@dataclass(slots=True)
class Graph:
    """A linked graph. ``named`` are the main file's own elements, and imported ones by their qualified names."""

    named: dict[str, Node]
    faults: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class _Site:
    """An element with what it was read from and the types it may name."""

    element: Element
    definitions: Definitions
    types: ItemTypes


def link(definitions: Definitions) -> Graph:
    """The graph of a file and its imports."""
    return _Linker(definitions).graph()


class _Linker:
    def __init__(self, definitions: Definitions) -> None:
        self._faults: list[Diagnostic] = []
        self._types: dict[int, ItemTypes] = {}
        self._sites: dict[str, _Site] = {}
        self._aliases: dict[str, list[str]] = {}
        self._collect(definitions, "")
        self._entries = frozenset(
            name
            for site in self._sites.values()
            for name in entry_names(site.element)
            if not name.isidentifier()
        )
        self._nodes = {key: self._node(key, site) for key, site in self._sites.items()}
        self._tables: dict[str, tuple[CompiledTable, tuple[Requirement, ...]]] = {}

    def graph(self) -> Graph:
        needs: dict[str, tuple[Requirement, ...]] = {}
        for key, site in self._sites.items():
            needs[key] = self._link(key, site, frozenset())
        costly = self._costly(needs)
        if costly:
            for key, site in self._sites.items():
                element = site.element
                if isinstance(element, DecisionNode) and isinstance(element.logic, TableLogic):
                    names = {self._sites[need.key].element.name for need in needs[key] if need.key in costly}
                    if names:
                        self._link(key, site, frozenset(names), report=False)
        self._check_cycles(needs)
        for key, (table, requirements) in self._tables.items():
            node = self._nodes[key]
            assert isinstance(node, Decision), "made from a decision"
            node.usual = self._usual(node, self._sites[key], table, requirements)
        named: dict[str, Node] = {}
        for key, aliases in self._aliases.items():
            for alias in aliases:
                named.setdefault(alias, self._nodes[key])
        return Graph(named, tuple(dict.fromkeys(self._faults)))

    def _collect(self, definitions: Definitions, prefix: str) -> ItemTypes:
        """Gathers elements and types of a file and its imports; one imported twice is gathered once."""
        imports = {
            name: self._collect(each, f"{prefix}{name}." if name else prefix)
            for name, each in definitions.imports.items()
        }
        for key, element in definitions.elements.items():
            self._aliases.setdefault(key, []).append(f"{prefix}{element.name}")
        types = self._types.get(id(definitions))
        if types is None:
            types = self._types[id(definitions)] = ItemTypes(definitions.types, imports)
            self._faults += definitions.faults
            self._faults += types.faults
            for key, element in definitions.elements.items():
                self._sites[key] = _Site(element, definitions, types)
        return types

    def _node(self, key: str, site: _Site) -> Node:
        element = site.element
        aliases = tuple(dict.fromkeys((*self._aliases[key], element.name)))
        if isinstance(element, InputData):
            return InputNode(key, element.name, aliases, self._conversion(site), element.place)
        if isinstance(element, DecisionNode):
            return Decision(key, element.name, aliases, element.place, self._conversion(site))
        if isinstance(element, KnowledgeModel):
            return Knowledge(key, element.name, element.place)
        return Service(key, element.name, element.place)

    def _link(
        self, key: str, site: _Site, costly: frozenset[str], *, report: bool = True
    ) -> tuple[Requirement, ...]:
        """Compiles an element and connects it to what it requires, which is returned."""
        element, node = site.element, self._nodes[key]
        if isinstance(element, InputData):
            return ()
        if isinstance(element, DecisionService):
            assert isinstance(node, Service), "made from a decision service"
            self._link_service(element, node, site)
            return ()
        assert isinstance(node, Decision | Knowledge), "made from a decision or knowledge model"
        inferred = element.requirements is None
        requirements = (
            self._siblings(key, site) if inferred else self._known(element, element.requirements or ())
        )
        providers, members = self._providers(requirements)
        compiler = LogicCompiler(site.types, members | self._entries, costly)
        names = frozenset(providers)
        if isinstance(element, KnowledgeModel):
            result = self._result_type(site)
            node.code = compiler.function(element.function, names, element.name, result)
        elif element.logic is not None:
            code = compiler.compile(element.logic, names)
            node.code = compiler.converted(code, element.type, element.name, element.place)
            if isinstance(element.logic, TableLogic) and compiler.tables:
                self._tables[key] = (compiler.tables[0], requirements)
        node.providers = {name: provider for name, provider in providers.items() if name in compiler.used}
        if report:
            self._faults += compiler.faults
        if not inferred:
            return requirements
        return tuple(need for need in requirements if self._sites[need.key].element.name in compiler.used)

    def _usual(
        self, node: Decision, site: _Site, table: CompiledTable, requirements: tuple[Requirement, ...]
    ) -> UsualDecision | None:
        """The short way through a table of literals over input data of plain types; None for any other table."""
        if not table.is_literal:
            return None
        sources = {self._nodes[need.key].name: need.key for need in requirements if not need.imported_as}
        inputs = []
        for column in table.columns:
            name = next(iter(column.expression.names))
            source = self._sites.get(sources.get(name, ""))
            if source is None or not isinstance(source.element, InputData):
                return None
            usual = usual_input(
                name, column, source.types.plain(source.element.type), site.types.plain(column.type)
            )
            if usual is None or self._aliases[sources[name]] != [name]:
                return None
            inputs.append(usual)
        return usual_decision(
            inputs,
            table.table.hit_policy,
            len(table.cells),
            lambda true: node.evaluate(Run({}, true_rules=true)),
        )

    def _link_service(self, element: DecisionService, node: Service, site: _Site) -> None:
        inputs, outputs = [], []
        for key in element.inputs:
            each = self._nodes.get(key)
            if isinstance(each, InputNode | Decision):
                inputs.append(each)
            else:
                self._unknown(element.name, key, element.place)
        for key in element.outputs:
            each = self._nodes.get(key)
            if isinstance(each, Decision):
                outputs.append(each)
            else:
                self._unknown(element.name, key, element.place)
        node.inputs, node.outputs = tuple(inputs), tuple(outputs)
        result = self._result_type(site)
        node.convert = self._conversion(site, result)
        declared = site.types.known_type(result)
        if declared == ANY and len(outputs) == 1:
            declared = self._declared(outputs[0].key)
        node.type = FunctionType(tuple(self._declared(each.key) for each in inputs), declared)

    def _declared(self, key: str) -> FeelType:
        """The type that an element's variable declares."""
        site = self._sites[key]
        return site.types.known_type(site.element.type)

    def _siblings(self, key: str, site: _Site) -> tuple[Requirement, ...]:
        """Everything the file defines, for elements whose requirements follow from the names they use."""
        return tuple(Requirement(each) for each in site.definitions.elements if each != key)

    def _known(self, element: Element, requirements: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
        for requirement in requirements:
            if requirement.key not in self._nodes:
                self._unknown(element.name, requirement.key, element.place)
        return tuple(requirement for requirement in requirements if requirement.key in self._nodes)

    def _unknown(self, name: str, key: str, place: Place | None) -> None:
        message = f"{name} requires an element that is not there: {key}"
        self._faults.append(Diagnostic("unknown-element", message, place=place))

    def _providers(self, requirements: tuple[Requirement, ...]) -> tuple[dict[str, Provider], frozenset[str]]:
        """What gives each visible name its value, and the names that are reached through an import's name."""
        providers: dict[str, Provider] = {}
        by_import: dict[str, dict[str, Node]] = {}
        for requirement in requirements:
            node = self._nodes[requirement.key]
            if requirement.imported_as:
                by_import.setdefault(requirement.imported_as, {})[node.name] = node
            else:
                providers[node.name] = node.value
        for name, nodes in by_import.items():
            providers[name] = imported(nodes)
        return providers, frozenset(name for nodes in by_import.values() for name in nodes)

    def _result_type(self, site: _Site) -> str:
        """The type of what a knowledge model or service returns; its variable has that type or a function type."""
        element = site.element
        for definition in site.definitions.types:
            if definition.name == element.type and definition.function is not None:
                return definition.function.result
        try:
            return "" if isinstance(site.types.feel_type(element.type), FunctionType) else element.type
        except Fault:
            return element.type

    def _conversion(self, site: _Site, type_name: str | None = None) -> Conversion | None:
        try:
            return site.types.conversion(site.element.type if type_name is None else type_name)
        except Fault as fault:
            message = f"{site.element.name}: {fault.message}"
            self._faults.append(Diagnostic(fault.code, message, place=site.element.place))
            return None

    def _costly(self, needs: Mapping[str, tuple[Requirement, ...]]) -> frozenset[str]:
        """The elements that ask something outside DMN, directly or through what they require."""
        costly = {key for key, site in self._sites.items() if _is_external(site.element)}
        grown = bool(costly)
        while grown:
            more = {
                key for key, each in needs.items() if key not in costly and any(n.key in costly for n in each)
            }
            costly |= more
            grown = bool(more)
        return frozenset(costly)

    def _check_cycles(self, needs: Mapping[str, tuple[Requirement, ...]]) -> None:
        """Finds decisions that need their own value. Functions may call themselves, so knowledge is left out."""
        decisions = {key for key, site in self._sites.items() if isinstance(site.element, DecisionNode)}
        done: set[str] = set()
        for start in decisions:
            for cycle in _cycles(start, needs, decisions, done):
                names = " → ".join(self._sites[key].element.name for key in (*cycle, cycle[0]))
                message = f"these decisions need each other in a circle: {names}; remove one requirement"
                place = self._sites[cycle[0]].element.place
                self._faults.append(Diagnostic("requirements-cycle", message, place=place))


def _is_external(element: Element) -> bool:
    logic: Logic | None = element.logic if isinstance(element, DecisionNode) else None
    return isinstance(logic, External)


def _cycles(
    start: str, needs: Mapping[str, tuple[Requirement, ...]], decisions: set[str], done: set[str]
) -> Iterator[list[str]]:
    """The circles met on a walk from one decision; each decision is walked from once over all calls."""
    if start in done:
        return
    path, on_path = [start], {start}
    stack = [(start, iter(needs[start]))]
    while stack:
        key, remaining = stack[-1]
        need = next(remaining, None)
        if need is None:
            stack.pop()
            path.pop()
            on_path.discard(key)
            done.add(key)
        elif need.key in on_path:
            yield path[path.index(need.key) :]
        elif need.key in decisions and need.key not in done:
            stack.append((need.key, iter(needs[need.key])))
            path.append(need.key)
            on_path.add(need.key)
