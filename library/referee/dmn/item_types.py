"""Item definitions at work: from type names to FEEL types, and checking and converting values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from referee.dmn.item_definition import ItemDefinition
from referee.domain import Diagnostic
from referee.feel import FeelSyntaxError, UnaryTests, compile_unary_tests
from referee.feel.fault import Fault
from referee.feel.types import (
    ANY,
    BOOLEAN,
    NUMBER,
    STRING,
    ContextType,
    FeelType,
    FunctionType,
    ListType,
    coerce,
    parse_type,
)
from referee.tables import CellText

Objection = Callable[[Any], str]
"""Says which demand a value of the right FEEL type breaks; empty when it breaks none."""


@dataclass(frozen=True, slots=True)
class PlainType:
    """A type without parts: the Python class that FEEL has for it (None: any) and tests that its values must pass."""

    kind: type | None = None
    tests: tuple[UnaryTests, ...] = ()


_KINDS: dict[FeelType, PlainType] = {
    ANY: PlainType(),
    NUMBER: PlainType(Decimal),
    STRING: PlainType(str),
    BOOLEAN: PlainType(bool),
}


class ItemTypes:
    """The types that one model may name: its own, and those of its imports by ``import.type``."""

    def __init__(self, definitions: tuple[ItemDefinition, ...], imports: Mapping[str, ItemTypes]) -> None:
        self.faults: list[Diagnostic] = []
        self.feel_types: dict[str, FeelType] = {}
        self._objections: dict[str, Objection | None] = {}
        self._plain: dict[str, PlainType] = {}
        self._allowed: dict[str, CellText | None] = {}
        for name, imported in imports.items():
            prefix = f"{name}." if name else ""
            for type_name, feel_type in imported.feel_types.items():
                self.feel_types[f"{prefix}{type_name}"] = feel_type
                self._objections[f"{prefix}{type_name}"] = imported._objections[type_name]
                self._allowed[f"{prefix}{type_name}"] = imported.allowed_values(type_name)
        self._definitions = {definition.name: definition for definition in definitions}
        self._pending: set[str] = set()
        self.component_names: frozenset[str] = frozenset(_component_names(definitions)).union(
            *(imported.component_names for imported in imports.values())
        )
        for definition in definitions:
            self._define(definition.name)

    def feel_type(self, name: str) -> FeelType:
        """The FEEL type a type reference means; raises ``Fault`` for an unknown one."""
        name = name.strip()
        if not name:
            return ANY
        return self.feel_types.get(name) or parse_type(name, self.feel_types)

    def known_type(self, name: str) -> FeelType:
        """The FEEL type a type reference means; ``Any`` for an unknown one, which is reported where values convert."""
        try:
            return self.feel_type(name)
        except Fault:
            return ANY

    def conversion(self, name: str) -> Callable[[Any], Any] | None:
        """The conversion to a type by its name; None when every value is welcome. Raises ``Fault`` for an unknown type.

        A conversion takes a value and gives it as one of the type; it raises ``Fault`` for a value that is none.
        """
        name = name.strip()
        feel_type = self.feel_type(name)
        objection = self._objections.get(name)
        if objection is None:
            return None if feel_type == ANY else lambda value: coerce(value, feel_type)

        def convert(value: Any) -> Any:
            converted = coerce(value, feel_type)
            reason = objection(converted) if converted is not None else ""
            if reason:
                raise Fault("value-not-allowed", reason)
            return converted

        return convert

    def allowed_values(self, name: str) -> CellText | None:
        """The allowed values that a type, or one that it refers to, lists; None if there are none."""
        seen: set[str] = set()
        while name.strip() not in seen:
            seen.add(name := name.strip())
            definition = self._definitions.get(name)
            if definition is None:
                return self._allowed.get(name)
            if definition.allowed_values is not None:
                return definition.allowed_values
            name = definition.type
        return None

    def plain(self, name: str) -> PlainType | None:
        """What a type demands, if it is number, string, boolean, Any, or one of these with allowed values."""
        name = name.strip()
        if name in self._plain:
            return self._plain[name]
        return _KINDS.get(self.feel_type(name)) if name not in self._objections else None

    def _define(self, name: str) -> None:
        """Resolves a type and those it refers to, in whatever order the file has them."""
        if name in self.feel_types or name in self._pending or name not in self._definitions:
            return
        self._pending.add(name)
        definition = self._definitions[name]
        for reference in _references(definition):
            for other in self._definitions if "<" in reference else (reference,):
                if other in reference:
                    self._define(other)
        is_known = True
        try:
            feel_type, objection = self._resolved(definition)
        except Fault as fault:
            message = f"the type {name} can't be understood: {fault.message}"
            self.faults.append(Diagnostic("unknown-type", message, place=definition.place))
            feel_type, objection, is_known = ANY, None, False
        self.feel_types[name] = feel_type
        self._objections[name] = objection
        self._pending.discard(name)
        if is_known and feel_type in _KINDS and not definition.is_collection:
            self._define_plain(definition)

    def _define_plain(self, definition: ItemDefinition) -> None:
        base = self.plain(definition.type)
        texts = [text for text in (definition.allowed_values, definition.constraint) if text is not None]
        try:
            tests = [compile_unary_tests(text.text) for text in texts]
        except FeelSyntaxError:  # a fault of the type, reported where its demands are made
            return
        if base is not None:
            self._plain[definition.name] = PlainType(base.kind, (*base.tests, *tests))

    def _resolved(self, definition: ItemDefinition) -> tuple[FeelType, Objection | None]:
        demands: list[Objection] = []
        feel_type: FeelType
        if definition.function is not None:
            parameters = tuple(self.feel_type(kind) for _, kind in definition.function.parameters)
            feel_type = FunctionType(parameters, self.feel_type(definition.function.result))
        elif definition.components:
            parts = {component.name: self._resolved(component) for component in definition.components}
            feel_type = ContextType(tuple((name, kind) for name, (kind, _) in parts.items()))
            of_parts = {name: objection for name, (_, objection) in parts.items() if objection is not None}
            if of_parts:
                demands.append(_of_entries(of_parts))
        else:
            feel_type = self.feel_type(definition.type)
            inherited = self._objections.get(definition.type)
            if inherited is not None:
                demands.append(inherited)
        if definition.allowed_values is not None:
            demands.append(
                self._test(definition, definition.allowed_values, "is not one of the allowed values")
            )
        if definition.is_collection:
            feel_type = ListType(feel_type)
            demands = [_of_items(demand) for demand in demands]
        if definition.constraint is not None:
            demands.append(self._test(definition, definition.constraint, "breaks the constraint"))
        return feel_type, _all_of(demands)

    def _test(self, definition: ItemDefinition, text: CellText, broken: str) -> Objection:
        try:
            tests = compile_unary_tests(text.text)
        except FeelSyntaxError as error:
            self.faults.append(Diagnostic("syntax", error.message, place=text.place, span=error.span))
            return lambda value: f"{definition.name} has a constraint that can't be read"
        reason = f"the value {broken} {' '.join(text.text.split())} of {definition.name}"
        return lambda value: "" if tests(value, {}, []) is True else reason


def _references(definition: ItemDefinition) -> Iterator[str]:
    if definition.type:
        yield definition.type
    for component in definition.components:
        yield from _references(component)
    if definition.function is not None:
        yield from (kind for _, kind in definition.function.parameters)
        yield definition.function.result


def _component_names(definitions: Iterable[ItemDefinition]) -> Iterator[str]:
    for definition in definitions:
        for component in definition.components:
            yield component.name
        yield from _component_names(definition.components)


def _of_entries(demands: Mapping[str, Objection]) -> Objection:
    def objection(context: Any) -> str:
        for name, demand in demands.items():
            value = context.get(name) if isinstance(context, dict) else None
            reason = demand(value) if value is not None else ""
            if reason:
                return reason
        return ""

    return objection


def _of_items(demand: Objection) -> Objection:
    def objection(items: Any) -> str:
        return next((reason for item in items if item is not None and (reason := demand(item))), "")

    return objection


def _all_of(demands: list[Objection]) -> Objection | None:
    if len(demands) <= 1:
        return demands[0] if demands else None
    return lambda value: next((reason for demand in demands if (reason := demand(value))), "")
