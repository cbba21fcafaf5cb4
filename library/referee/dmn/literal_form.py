"""Boxed expressions as FEEL text of the same meaning, for versions of DMN and for workbooks that don't have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from referee.dmn.logic import (
    ConditionalLogic,
    ContextLogic,
    FilterLogic,
    FunctionKind,
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
    """Replaces boxed expressions by literal expressions of the same meaning.

    ``members`` are names that are read after a dot, ``components`` names of the components of types. ``faults``
    collects what FEEL's text can't say: a decision table within, and a part with a type of its own (its value is
    converted) unless ``drops_types``; ``dropped_types`` are those then.
    """

    def __init__(
        self, members: frozenset[str], components: frozenset[str], *, drops_types: bool = False
    ) -> None:
        self._members = members | components
        self._components = components
        self._drops_types = drops_types
        self.faults: list[Diagnostic] = []
        self.dropped_types: list[str] = []

    def without_newer(self, logic: Logic, names: frozenset[str]) -> Logic:
        """The logic, which sees these names, with every newer part replaced."""
        if isinstance(logic, _SINCE_1_4):
            try:
                return self.literal(logic, names)
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

    def literal(self, logic: Logic, names: frozenset[str]) -> Literal:
        """The logic, which sees these names, as one text. Raises Fault where no text says the same."""
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
            self._untyped(logic.variable.type)
            over = (syntax.Iteration(logic.variable.name, self._part(logic.source, names)),)
            if logic.kind is not IteratorKind.FOR:
                body = self._part(logic.body, names | {logic.variable.name})
                return syntax.Quantified(logic.kind.value, over, body)
            return syntax.For(over, self._part(logic.body, names | {logic.variable.name, "partial"}))
        if isinstance(logic, ListLogic):
            return syntax.ListLiteral(tuple(self._part(item, names) for item in logic.items))
        if isinstance(logic, InvocationLogic):
            self._untyped(*(binding.type for binding in logic.bindings))
            return syntax.Call(
                self._part(logic.callee, names),
                tuple(self._part(binding.logic, names) for binding in logic.bindings),
                tuple(binding.name for binding in logic.bindings),
            )
        if isinstance(logic, ContextLogic):
            return self._context(logic, names)
        if isinstance(logic, RelationLogic):
            self._untyped(*(column.type for column in logic.columns))
            rows = (zip(logic.columns, row, strict=True) for row in logic.rows)
            return syntax.ListLiteral(
                tuple(
                    syntax.ContextLiteral(
                        tuple(syntax.Entry(column.name, self._part(cell, names)) for column, cell in row)
                    )
                    for row in rows
                )
            )
        if isinstance(logic, FunctionLogic) and logic.kind is FunctionKind.FEEL and logic.body is not None:
            self._untyped(*(parameter.type for parameter in logic.parameters))
            parameters = tuple(syntax.Parameter(parameter.name) for parameter in logic.parameters)
            inside = names | {parameter.name for parameter in logic.parameters}
            return syntax.FunctionDefinition(parameters, self._part(logic.body, inside))
        if isinstance(logic, Literal):
            try:
                return parse_expression(logic.text, names, self._members)
            except FeelSyntaxError as error:
                raise Fault(
                    "syntax", f"its part `{logic.text.strip()}` can't be read: {error.message}"
                ) from None
        raise Fault(
            "not-in-version",
            "it holds a decision table or a function of another language, which FEEL text can't hold",
        )

    def _context(self, logic: ContextLogic, names: frozenset[str]) -> syntax.Node:
        """A context with a result gives that entry, under a name that no other has."""
        self._untyped(*(entry.type for entry in logic.entries))
        taken = names | {entry.name for entry in logic.entries}
        result = next(name for name in _result_names() if name not in taken)
        entries = []
        for entry in logic.entries:
            entries.append(syntax.Entry(entry.name or result, self._part(entry.logic, names)))
            names |= {entry.name} if entry.name else set()
        context = syntax.ContextLiteral(tuple(entries))
        return context if all(entry.name for entry in logic.entries) else syntax.Path(context, result)

    def _part(self, logic: Logic, names: frozenset[str]) -> syntax.Node:
        self._untyped(logic.type)
        return self._tree(logic, names)

    def _untyped(self, *types: str) -> None:
        declared = [each.strip() for each in types if each.strip() not in ("", "Any")]
        if self._drops_types:
            self.dropped_types += declared
        elif declared:
            raise Fault(
                "not-in-version",
                f"a part of it is declared as {declared[0]}, and FEEL text can't declare that",
            )


def _result_names() -> Iterator[str]:
    yield "result"
    yield from (f"result {number}" for number in count(2))
