"""A decision model, ready to evaluate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from referee.dmn.batch import Batch
from referee.dmn.elements import DecisionNode, Definitions, Element, InputData, KnowledgeModel
from referee.dmn.item_definition import ItemDefinition
from referee.dmn.linker import link
from referee.dmn.logic_compiler import called
from referee.dmn.nodes import Decision, InputNode, Knowledge, Service
from referee.dmn.run import Run
from referee.domain import Diagnostic, Evaluation, InputError, RulesError, Severity
from referee.feel.expression import bounded
from referee.feel.fault import Fault
from referee.feel.values import to_feel
from referee.tables.usual_case import RETREATS


class Model:
    """A decision requirements graph that decides on demand: an element is evaluated only when its value is asked for.

    ``faults`` lists what is wrong with the model itself. An element with a fault gives null and the fault; a model
    that has any must not decide about cases: ``check()`` raises them. A model keeps no state between evaluations.
    """

    def __init__(self, definitions: Definitions) -> None:
        graph = link(definitions)
        self.name = definitions.name
        self.faults = graph.faults
        self._decisions = {name: node for name, node in graph.named.items() if isinstance(node, Decision)}
        self._functions = {
            name: node for name, node in graph.named.items() if isinstance(node, Knowledge | Service)
        }
        self._inputs = {name: node for name, node in graph.named.items() if isinstance(node, InputNode)}

    @classmethod
    def build(
        cls,
        name: str,
        inputs: Iterable[InputData] = (),
        decisions: Iterable[DecisionNode] = (),
        knowledge: Iterable[KnowledgeModel] = (),
        types: Iterable[ItemDefinition] = (),
    ) -> Model:
        """A model out of its parts; what a decision requires follows from the names its logic uses.

        Raises ``RulesError`` with every fault, each with its place; names must differ from each other.
        """
        elements: dict[str, Element] = {}
        clashes: list[Diagnostic] = []
        parts: list[Element] = [*inputs, *decisions, *knowledge]
        for element in parts:
            if element.name in elements:
                message = f"the name {element.name} stands for two things; give each its own"
                clashes.append(Diagnostic("name-clash", message, place=element.place))
            elements[element.name] = element
        model = cls(Definitions(name, elements, tuple(types), faults=tuple(clashes)))
        model.check()
        return model

    @property
    def decisions(self) -> tuple[str, ...]:
        """The names of the decisions; imported ones by their qualified names."""
        return tuple(self._decisions)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the input data."""
        return tuple(self._inputs)

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of the decision services and business knowledge models."""
        return tuple(self._functions)

    def check(self) -> None:
        """Raises ``RulesError`` with every fault of the model, if it has any."""
        if self.faults:
            raise RulesError(self.name, self.faults)

    def evaluate(self, decision: str, inputs: Mapping[str, Any]) -> Evaluation:
        """The value of a decision for plain Python (or FEEL) inputs by name, with every node evaluated on the way.

        Bad inputs never raise: they are null and a diagnostic. Raises ``InputError`` for an unknown decision.
        """
        node = self._decisions.get(decision)
        if node is None:
            raise InputError(_no_such("decision", decision, self.name, self._decisions))
        if node.usual is not None and type(inputs) is dict:
            try:
                evaluation = node.usual.evaluate(inputs)
            except RETREATS:
                evaluation = None
            if evaluation is not None:
                return evaluation
        return node.evaluate(Run(inputs))

    def evaluate_many(
        self,
        decision: str,
        columns: Mapping[str, Sequence[Any]],
        doubts: dict[int, tuple[Diagnostic, ...]] | None = None,
    ) -> list[Any]:
        """What `evaluate` gives for each of many cases, given as columns (lists, arrays) of equal length.

        ``doubts``, if given, receives the diagnostics of every row that has any, by its position from 0. Who acts on
        the values must look at them. Tables of literals under hit policy unique or first decide whole columns at once
        where numpy is installed. Raises ``InputError`` for an unknown decision or columns of unequal length.
        """
        node = self._decisions.get(decision)
        if node is None:
            raise InputError(_no_such("decision", decision, self.name, self._decisions))
        return Batch(node, columns).values(lambda inputs: self.evaluate(decision, inputs), doubts)

    def invoke(self, name: str, parameters: Mapping[str, Any] | Sequence[Any]) -> Evaluation:
        """What a decision service or business knowledge model returns, its parameters by name or in order.

        A parameter left out is null and a diagnostic. Raises ``InputError`` for an unknown name.
        """
        node = self._functions.get(name)
        if node is None:
            raise InputError(
                _no_such("decision service or knowledge model", name, self.name, self._functions)
            )
        run = Run({})
        noticed = run.diagnostics

        def call() -> Any:
            function = node.value(run)
            if function is None:
                return None
            given = parameters
            if not isinstance(given, Mapping):
                given = dict(zip(function.parameters, given, strict=False))
            arguments = dict.fromkeys(function.parameters) | _as_feel(given, noticed)
            for missing in function.parameters:
                if missing not in given:
                    message = f"no value was given for the parameter {missing} of {name}"
                    noticed.append(Diagnostic("input-missing", message, Severity.WARNING, node.place))
            return called(function, arguments, noticed, node.place)

        value = bounded(call, noticed, name)
        return Evaluation(value, tuple(dict.fromkeys(noticed)), tuple(run.trace))


def read_model(path: Path | str) -> Model:
    """The model in a DMN 1.1 to 1.5 file, with what it imports from the same folder.

    Raises ``RulesError`` when the file is no DMN model. Faults within a model are in its ``faults``.
    """
    from referee.dmn.reader import read_definitions

    return Model(read_definitions(Path(path)))


def _as_feel(values: Mapping[str, Any], sink: list[Diagnostic]) -> dict[str, Any]:
    converted: dict[str, Any] = {}
    for name, value in values.items():
        try:
            converted[name] = to_feel(value)
        except Fault as fault:
            converted[name] = None
            sink.append(Diagnostic(fault.code, f"{name}: {fault.message}"))
    return converted


def _no_such(kind: str, name: str, model: str, known: Iterable[str]) -> str:
    return f"the model {model} has no {kind} {name}; it has {', '.join(known) or 'none'}"
