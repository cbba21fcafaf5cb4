"""The elements of a requirements graph, linked and compiled: each gives its value in a run, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from referee.dmn.logic_compiler import Code, Conversion, Sink
from referee.dmn.run import Provider, Run, Scope
from referee.dmn.usual_decision import UsualDecision
from referee.domain import Diagnostic, Evaluation, NodeTrace, Place, Severity
from referee.feel import FeelFunction, caller_sink
from referee.feel.expression import bounded
from referee.feel.fault import Fault
from referee.feel.types import FunctionType
from referee.feel.values import to_feel


@dataclass(slots=True)
class InputNode:
    """A fact the caller supplies, under its name or its qualified name. A missing one is null and a diagnostic."""

    key: str
    name: str
    aliases: tuple[str, ...]
    convert: Conversion | None
    place: Place | None

    def value(self, run: Run) -> Any:
        if self.key not in run.values:
            run.values[self.key] = supplied(run, self)
        return run.values[self.key]


@dataclass(slots=True)
class Decision:
    """A decision. Without code its value is supplied like a fact."""

    key: str
    name: str
    aliases: tuple[str, ...]
    place: Place | None
    convert: Conversion | None = None
    code: Code | None = None
    providers: dict[str, Provider] = field(default_factory=dict)
    usual: UsualDecision | None = None

    def evaluate(self, run: Run) -> Evaluation:
        """The decision's value in a run of its own, with what was noticed and evaluated on the way."""
        value = bounded(lambda: self.value(run), run.diagnostics, self.name)
        return Evaluation(value, tuple(dict.fromkeys(run.diagnostics)), tuple(run.trace))

    def value(self, run: Run) -> Any:
        """The decision's value, evaluated when first asked for and then part of the trace."""
        if self.key in run.values:
            return run.values[self.key]
        if self.code is None:
            value = run.values[self.key] = supplied(run, self)
            return value
        if self.key in run.pending:
            message = f"{self.name} needs its own value; break the circle of requirements"
            run.diagnostics.append(Diagnostic("requirements-cycle", message, place=self.place))
            return None
        noticed: Sink = []
        fired_around, run.fired = run.fired, []
        run.pending.add(self.key)
        try:
            value = self.code(Scope(run, self.providers), noticed)
            trace = NodeTrace(self.name, value, tuple(run.fired))
        finally:
            run.fired = fired_around
            run.pending.discard(self.key)
            run.diagnostics.extend(noticed)
        run.values[self.key] = value
        run.trace.append(trace)
        return value


@dataclass(slots=True)
class Knowledge:
    """A business knowledge model; its value is a function."""

    key: str
    name: str
    place: Place | None
    code: Code | None = None
    providers: dict[str, Provider] = field(default_factory=dict)

    def value(self, run: Run) -> Any:
        if self.key not in run.values:
            assert self.code is not None, "linked before it is evaluated"
            run.values[self.key] = self.code(Scope(run, self.providers), run.diagnostics)
        return run.values[self.key]


@dataclass(slots=True)
class Service:
    """A decision service; its value is a function of its inputs that evaluates its outputs with nothing else known.

    An argument of the wrong type is a diagnostic and null (DMN 1.5, 10.3.2.9.4).
    """

    key: str
    name: str
    place: Place | None
    inputs: tuple[InputNode | Decision, ...] = ()
    outputs: tuple[Decision, ...] = ()
    convert: Conversion | None = None
    type: FunctionType | None = None

    def value(self, run: Run) -> Any:
        def call(*arguments: Any) -> Any:
            known: dict[str, Any] = {}
            for node, argument in zip(self.inputs, arguments, strict=True):
                value, reason = _converted(node.convert, argument)
                if reason:
                    message = f"the argument {node.name} of {self.name} has the wrong type: {reason}"
                    caller_sink().append(Diagnostic("wrong-type", message, place=self.place))
                known[node.key] = value
            inside = run.for_service(known)
            values = {output.name: output.value(inside) for output in self.outputs}
            result = next(iter(values.values())) if len(self.outputs) == 1 else values
            result, reason = _converted(self.convert, result)
            if reason:
                message = f"the result of {self.name} has the wrong type: {reason}"
                caller_sink().append(Diagnostic("wrong-type", message, place=self.place))
            return result

        return FeelFunction(
            tuple(node.name for node in self.inputs),
            call,
            name=self.name,
            parameter_types=() if self.type is None else self.type.parameters,
            result_type=None if self.type is None else self.type.result,
        )


Node = InputNode | Decision | Knowledge | Service


def supplied(run: Run, node: InputNode | Decision) -> Any:
    """The caller's value for an element, as one of its type; a missing or wrong one is a diagnostic and null."""
    for alias in node.aliases:
        if alias in run.supplied:
            try:
                value = to_feel(run.supplied[alias])
            except Fault as fault:
                run.diagnostics.append(Diagnostic(fault.code, f"{alias}: {fault.message}", place=node.place))
                return None
            value, reason = _converted(node.convert, value)
            if reason:
                message = f"{node.name} has the wrong type: {reason}"
                run.diagnostics.append(Diagnostic("wrong-type", message, place=node.place))
            return value
    message = f"no value was given for {node.name}"
    run.diagnostics.append(Diagnostic("input-missing", message, Severity.WARNING, node.place))
    return None


def _converted(convert: Conversion | None, value: Any) -> tuple[Any, str]:
    """The value as one of a type; or null and the reason why it is none."""
    if convert is None or value is None:
        return value, ""
    try:
        return convert(value), ""
    except Fault as fault:
        return None, fault.message


def imported(nodes: Mapping[str, Node]) -> Provider:
    """The value of an import's name: a context of the elements required through it."""
    return lambda run: {name: node.value(run) for name, node in nodes.items()}
