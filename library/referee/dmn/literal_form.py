"""Boxed expressions as FEEL text of the same meaning, for versions of DMN that don't have them."""

from __future__ import annotations

from dataclasses import replace

from referee.dmn.logic import (
    ConditionalLogic,
    ContextLogic,
    FilterLogic,
    FunctionLogic,
    InvocationLogic,
    IteratorKind,
    IteratorLogic,
    ListLogic,
    Literal,
    Logic,
    RelationLogic,
)
from referee.domain import Diagnostic
from referee.feel import FeelSyntaxError, parse_expression, syntax, to_text
from referee.feel.fault import Fault

_SINCE_1_4 = ConditionalLogic | FilterLogic | IteratorLogic


class LiteralForm:
    """Replaces boxed expressions that DMN has since 1.4 by literal expressions of the same meaning.

    ``members`` are names that are read after a dot, ``components`` names of the components of types. ``faults``
    collects what FEEL's text can't say: a part with a type of its own (its value is converted), a decision table,
    relation or function within.
    """

    def __init__(self, members: frozenset[str], components: frozenset[str]) -> None:
        self._members = members | components
        self._components = components
        self.faults: list[Diagnostic] = []

    def without_newer(self, logic: Logic, names: frozenset[str]) -> Logic:
        """The logic, which sees these names, with every newer part replaced."""
        if isinstance(logic, _SINCE_1_4):
            try:
                return self._literal(logic, names)
            except Fault as fault:
                self.faults.append(Diagnostic(fault.code, fault.message, place=logic.place))
                return logic
        if isinstance(logic, ContextLogic):
            entries = []
            for entry in logic.entries:
                entries.append(replace(entry, logic=self.without_newer(entry.logic, names)))
                names |= {entry.name}
            return replace(logic, entries=tuple(entries))
        if isinstance(logic, InvocationLogic):
            bindings = tuple(
                replace(each, logic=self.without_newer(each.logic, names)) for each in logic.bindings
            )
            return replace(logic, callee=self.without_newer(logic.callee, names), bindings=bindings)
        if isinstance(logic, ListLogic):
            return replace(logic, items=tuple(self.without_newer(item, names) for item in logic.items))
        if isinstance(logic, RelationLogic):
            rows = tuple(tuple(self.without_newer(cell, names) for cell in row) for row in logic.rows)
            return replace(logic, rows=rows)
        if isinstance(logic, FunctionLogic) and logic.body is not None:
            inside = names | {parameter.name for parameter in logic.parameters}
            return replace(logic, body=self.without_newer(logic.body, inside))
        return logic

    def _literal(self, logic: Logic, names: frozenset[str]) -> Literal:
        tree = self._tree(logic, names)
        text = to_text(tree)
        try:
            is_same = parse_expression(text, names, self._members) == tree
        except FeelSyntaxError:
            is_same = False
        if not is_same:
            raise Fault("not-in-version", "its names can't be told apart in one text")
        return Literal(text, logic.type, logic.place)

    def _tree(self, logic: Logic, names: frozenset[str]) -> syntax.Node:
        if isinstance(logic, ConditionalLogic):
            return syntax.If(
                self._part(logic.condition, names),
                self._part(logic.then, names),
                self._part(logic.otherwise, names),
            )
        if isinstance(logic, FilterLogic):
            inside = names | {"item"} | self._components
            return syntax.Filter(self._part(logic.source, names), self._part(logic.match, inside))
        if isinstance(logic, IteratorLogic):
            _untyped(logic.variable.type)
            over = (syntax.Iteration(logic.variable.name, self._part(logic.source, names)),)
            if logic.kind is not IteratorKind.FOR:
                body = self._part(logic.body, names | {logic.variable.name})
                return syntax.Quantified(logic.kind.value, over, body)
            return syntax.For(over, self._part(logic.body, names | {logic.variable.name, "partial"}))
        if isinstance(logic, ListLogic):
            return syntax.ListLiteral(tuple(self._part(item, names) for item in logic.items))
        if isinstance(logic, InvocationLogic):
            _untyped(*(binding.type for binding in logic.bindings))
            return syntax.Call(
                self._part(logic.callee, names),
                tuple(self._part(binding.logic, names) for binding in logic.bindings),
                tuple(binding.name for binding in logic.bindings),
            )
        if isinstance(logic, ContextLogic) and all(entry.name for entry in logic.entries):
            _untyped(*(entry.type for entry in logic.entries))
            entries = []
            for entry in logic.entries:
                entries.append(syntax.Entry(entry.name, self._part(entry.logic, names)))
                names |= {entry.name}
            return syntax.ContextLiteral(tuple(entries))
        if isinstance(logic, Literal):
            try:
                return parse_expression(logic.text, names, self._members)
            except FeelSyntaxError as error:
                raise Fault(
                    "syntax", f"its part `{logic.text.strip()}` can't be read: {error.message}"
                ) from None
        raise Fault("not-in-version", "it holds a table, function or result entry that FEEL text can't hold")

    def _part(self, logic: Logic, names: frozenset[str]) -> syntax.Node:
        _untyped(logic.type)
        return self._tree(logic, names)


def _untyped(*types: str) -> None:
    for each in types:
        if each.strip() not in ("", "Any"):
            raise Fault(
                "not-in-version", f"a part of it is declared as {each}, and FEEL text can't declare that"
            )
