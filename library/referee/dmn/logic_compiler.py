"""Boxed expressions to code: each becomes a function of a scope and a sink that gives its value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from referee.dmn.item_types import ItemTypes
from referee.dmn.logic import (
    ConditionalLogic,
    ContextLogic,
    External,
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
    TableLogic,
)
from referee.dmn.run import LocalScope, Scope
from referee.domain import Diagnostic, Place, RulesError
from referee.feel import Expression, FeelSyntaxError, caller_sink, compile_expression, syntax
from referee.feel.calls import invoke
from referee.feel.compiler import Compiler, undecided
from referee.feel.expression import NO_TYPES
from referee.feel.fault import Fault
from referee.feel.iteration import at_position
from referee.feel.types import kind_of
from referee.feel.values import FeelFunction, to_feel
from referee.tables import CompiledTable, DecisionTable, compile_table

Sink = list[Diagnostic]
Code = Callable[[Scope, Sink], Any]
Conversion = Callable[[Any], Any]


class LogicCompiler:
    """Compiles the logic of one element. A part with a fault gives null and the fault whenever it is evaluated.

    ``members`` are names that are reached through an import's name, ``costly`` those whose values take long to find.
    ``used`` collects the names the code takes from the element's scope, ``tables`` its decision tables, ``faults`` all
    faults.
    """

    def __init__(self, types: ItemTypes, members: frozenset[str], costly: frozenset[str]) -> None:
        self._types = types
        self._members = members | types.component_names
        self._costly = costly
        self.used: set[str] = set()
        self.tables: list[CompiledTable] = []
        self.faults: list[Diagnostic] = []
        self._entries = False  # whether names may be entries of the items that a filter looks at

    def compile(self, logic: Logic, names: frozenset[str]) -> Code:
        """The code of an expression that sees these names, its value converted to the type it declares."""
        code = _COMPILERS[type(logic)](self, logic, names)
        if isinstance(logic, FunctionLogic):  # its type is the type of its result
            return code
        return self.converted(code, logic.type, "the value", logic.place)

    def function(self, logic: FunctionLogic, names: frozenset[str], name: str = "", result: str = "") -> Code:
        """The code that makes a function value; ``result`` is the type of what it returns."""
        if logic.kind is not FunctionKind.FEEL:
            return self._foreign(logic, name)
        parameters = tuple(parameter.name for parameter in logic.parameters)
        types = tuple(self._types.known_type(parameter.type) for parameter in logic.parameters)
        conversions = tuple(self._conversion(parameter.type, logic.place) for parameter in logic.parameters)
        result_type = self._types.known_type(result or logic.type)
        if logic.body is None:
            return self._faulty(
                Diagnostic("no-expression", f"{name or 'the function'} has no body", place=logic.place)
            )
        body = self.compile(logic.body, names | set(parameters))
        for declared in (logic.type, result):
            body = self.converted(body, declared, f"the result of {name or 'the function'}", logic.place)

        def make(scope: Scope, sink: Sink) -> Any:
            def run(*arguments: Any) -> Any:
                values = [
                    argument if convert is None or argument is None else convert(argument)
                    for convert, argument in zip(conversions, arguments, strict=True)
                ]
                inside = LocalScope(scope, dict(zip(parameters, values, strict=True)))
                return body(inside, caller_sink())

            return FeelFunction(parameters, run, name=name, parameter_types=types, result_type=result_type)

        return make

    def converted(self, code: Code, type_name: str, subject: str, place: Place | None) -> Code:
        """The code with its value converted to a type; a value that is none is a diagnostic and null."""
        convert = self._conversion(type_name, place)
        if convert is None:
            return code

        def run(scope: Scope, sink: Sink) -> Any:
            value = code(scope, sink)
            if value is None:
                return None
            try:
                return convert(value)
            except Fault as fault:
                sink.append(
                    Diagnostic(fault.code, f"{subject} has the wrong type: {fault.message}", place=place)
                )
                return None

        return run

    def _literal(self, logic: Literal, names: frozenset[str]) -> Code:
        try:
            expression = compile_expression(
                logic.text, names, members=self._members, types=self._types.feel_types
            )
        except FeelSyntaxError as error:
            return self._faulty(Diagnostic("syntax", error.message, place=logic.place, span=error.span))
        self.used |= expression.names
        for name in () if self._entries else sorted(set(expression.names) - names):
            message = f"`{logic.text.strip()}` uses the name {name}, which is not known here"
            self.faults.append(Diagnostic("unknown-name", message, place=logic.place))
        place = logic.place

        def run(scope: Scope, sink: Sink) -> Any:
            noticed: Sink = []
            value = expression(scope, noticed)
            _place(noticed, sink, place)
            return value

        return run

    def _table(self, logic: TableLogic, names: frozenset[str]) -> Code:
        try:
            table = compile_table(
                self._with_priorities(logic),
                names,
                members=self._members,
                types=self._types.feel_types,
                conversion=self._types.conversion,
                costly=self._costly,
            )
        except RulesError as error:
            return self._faulty(*error.faults)
        self.used |= table.names
        self.tables.append(table)

        def run(scope: Scope, sink: Sink) -> Any:
            true = scope.run.true_rules
            result = table.decide(scope, sink) if true is None else table.conclude(true, scope, sink)
            scope.run.fired.extend(result.fired)
            return result.value

        return run

    def _with_priorities(self, logic: TableLogic) -> DecisionTable:
        """The table; outputs that hits are ranked by list the allowed values of their types if none of their own."""
        table = logic.table
        if not table.hit_policy.needs_priorities:
            return table
        only = logic.type if len(table.outputs) == 1 else ""
        outputs = tuple(
            clause
            if clause.allowed_values is not None
            else replace(clause, allowed_values=self._types.allowed_values(clause.type or only))
            for clause in table.outputs
        )
        return replace(table, outputs=outputs)

    def _external(self, logic: External, names: frozenset[str]) -> Code:
        self.used |= set(logic.uses)
        for name in sorted(set(logic.uses) - names):
            message = f"the name {name} is not known here"
            self.faults.append(Diagnostic("unknown-name", message, place=logic.place))

        def run(scope: Scope, sink: Sink) -> Any:
            evaluation = logic.function({name: scope[name] for name in logic.uses})
            sink.extend(item.at(logic.place) if logic.place else item for item in evaluation.diagnostics)
            try:
                return to_feel(evaluation.value)
            except Fault as fault:
                sink.append(Diagnostic(fault.code, fault.message, place=logic.place))
                return None

        return run

    def _context(self, logic: ContextLogic, names: frozenset[str]) -> Code:
        entries: list[tuple[str, Code]] = []
        result: Code | None = None
        for entry in logic.entries:
            own = {entry.name} if isinstance(entry.logic, FunctionLogic) else set()  # it may call itself
            code = self.compile(entry.logic, names | own)
            code = self.converted(
                code, entry.type, f"the entry {entry.name}", entry.logic.place or logic.place
            )
            if entry.name:
                entries.append((entry.name, code))
                names = names | {entry.name}
            else:
                result = code

        def run(scope: Scope, sink: Sink) -> Any:
            inside = LocalScope(scope, {})
            for name, code in entries:
                inside[name] = code(inside, sink)
            return dict(inside) if result is None else result(inside, sink)

        return run

    def _invocation(self, logic: InvocationLogic, names: frozenset[str]) -> Code:
        callee = self.compile(logic.callee, names)
        bindings = [
            (
                binding.name,
                self.converted(
                    self.compile(binding.logic, names),
                    binding.type,
                    f"the argument {binding.name}",
                    logic.place,
                ),
            )
            for binding in logic.bindings
        ]

        def run(scope: Scope, sink: Sink) -> Any:
            function = callee(scope, sink)
            arguments = {name: code(scope, sink) for name, code in bindings}
            if not isinstance(function, FeelFunction):
                message = f"what is invoked is {kind_of(function)}, not a function"
                sink.append(Diagnostic("not-a-function", message, place=logic.place))
                return None
            return called(function, arguments, sink, logic.place)

        return run

    def _list(self, logic: ListLogic, names: frozenset[str]) -> Code:
        items = [self.compile(item, names) for item in logic.items]
        return lambda scope, sink: [item(scope, sink) for item in items]

    def _relation(self, logic: RelationLogic, names: frozenset[str]) -> Code:
        columns = [column.name for column in logic.columns]
        rows = [
            [
                (
                    column.name,
                    self.converted(
                        self.compile(cell, names), column.type, f"the column {column.name}", place
                    ),
                )
                for column, cell in zip(logic.columns, row, strict=False)
                for place in (cell.place or logic.place,)
            ]
            for row in logic.rows
        ]
        if any(len(row) != len(columns) for row in rows):
            message = "the relation has a row with more or fewer cells than columns"
            return self._faulty(Diagnostic("relation-width", message, place=logic.place))
        return lambda scope, sink: [{name: code(scope, sink) for name, code in row} for row in rows]

    def _function(self, logic: FunctionLogic, names: frozenset[str]) -> Code:
        return self.function(logic, names)

    def _foreign(self, logic: FunctionLogic, name: str) -> Code:
        parameters = tuple(parameter.name for parameter in logic.parameters)
        message = f"{name or 'the function'} is written in {logic.kind.value}, which can't be run here"

        def refuse(*arguments: Any) -> Any:
            raise Fault("external-function", message)

        function = FeelFunction(parameters, refuse, name=name)
        return lambda scope, sink: function

    def _conditional(self, logic: ConditionalLogic, names: frozenset[str]) -> Code:
        condition = self.compile(logic.condition, names)
        then = self.compile(logic.then, names)
        otherwise = self.compile(logic.otherwise, names)

        def run(scope: Scope, sink: Sink) -> Any:
            verdict = condition(scope, sink)
            if verdict is True:
                return then(scope, sink)
            if verdict is False:
                return otherwise(scope, sink)
            noticed: Sink = []
            goes_on = undecided([scope, noticed], verdict, _NO_SPAN)
            _place(noticed, sink, logic.condition.place)
            return otherwise(scope, sink) if goes_on else None

        return run

    def _filter(self, logic: FilterLogic, names: frozenset[str]) -> Code:
        source = self.compile(logic.source, names)
        inside = names | {"item"} | self._types.component_names
        around, self._entries = self._entries, True
        match = self.compile(logic.match, inside)
        self._entries = around

        def run(scope: Scope, sink: Sink) -> Any:
            value = source(scope, sink)
            if value is None:
                return None
            items = value if isinstance(value, list) else [value]
            kept = []
            for item in items:
                entries = item if isinstance(item, dict) else {}
                verdict = match(LocalScope(scope, {"item": item, **entries}), sink)
                if isinstance(verdict, Decimal):
                    return at_position([scope, sink], items, verdict, _NO_SPAN)
                if verdict is True:
                    kept.append(item)
                elif verdict is not None and verdict is not False:
                    message = f"a filter takes a condition or a position, not {kind_of(verdict)}"
                    sink.append(Diagnostic("not-boolean", message, place=logic.match.place))
                    return None
            return kept

        return run

    def _iterator(self, logic: IteratorLogic, names: frozenset[str]) -> Code:
        source = self.converted(
            self.compile(logic.source, names), logic.variable.type, "what is iterated over", logic.place
        )
        variable = logic.variable.name
        body = self.compile(logic.body, names | {variable, "partial"})
        iteration = _ITERATIONS[logic.kind]

        def run(scope: Scope, sink: Sink) -> Any:
            def visit(item: Any, partial: Any = None) -> Any:
                return body(LocalScope(scope, {variable: item, "partial": partial}), caller_sink())

            parameters = ("item", "partial") if logic.kind is IteratorKind.FOR else ("item",)
            noticed: Sink = []
            value = iteration({_SOURCE: source(scope, sink), _BODY: FeelFunction(parameters, visit)}, noticed)
            _place(noticed, sink, logic.place)
            return value

        return run

    def _faulty(self, *faults: Diagnostic) -> Code:
        self.faults.extend(faults)

        def run(scope: Scope, sink: Sink) -> Any:
            sink.extend(faults)
            return None

        return run

    def _conversion(self, type_name: str, place: Place | None) -> Conversion | None:
        try:
            return self._types.conversion(type_name)
        except Fault as fault:
            self.faults.append(Diagnostic(fault.code, fault.message, place=place))
            return None


def called(function: FeelFunction, arguments: dict[str, Any], sink: Sink, place: Place | None) -> Any:
    """The value of a function called by parameter names; what goes wrong is a diagnostic and null."""
    noticed: Sink = []
    value = invoke([None, noticed], function, list(arguments.values()), tuple(arguments), _NO_SPAN)
    _place(noticed, sink, place)
    return value


def _place(noticed: Sink, sink: Sink, place: Place | None) -> None:
    if noticed:
        sink.extend(noticed if place is None else (diagnostic.at(place) for diagnostic in noticed))


_NO_SPAN = (0, 0)
_SOURCE = " source"  # names that no text can spell, so nothing in a model can clash with them
_BODY = " body"


def _iteration(kind: IteratorKind) -> Expression:
    """FEEL's own loop over ``_SOURCE``, with a function for its body."""
    over = (syntax.Iteration("item", syntax.Name(_SOURCE)),)
    arguments = (syntax.Name("item"), syntax.Name("partial"))
    tree: syntax.Node
    if kind is IteratorKind.FOR:
        tree = syntax.For(over, syntax.Call(syntax.Name(_BODY), arguments))
    else:
        tree = syntax.Quantified(kind.value, over, syntax.Call(syntax.Name(_BODY), arguments[:1]))
    names = frozenset({_SOURCE, _BODY})
    compiler = Compiler(names, NO_TYPES)
    code = compiler.expression(tree)
    return Expression(kind.value, tree, code, compiler)


_ITERATIONS = {kind: _iteration(kind) for kind in IteratorKind}

_COMPILERS: dict[type, Callable[[LogicCompiler, Any, frozenset[str]], Code]] = {
    Literal: LogicCompiler._literal,
    TableLogic: LogicCompiler._table,
    External: LogicCompiler._external,
    ContextLogic: LogicCompiler._context,
    InvocationLogic: LogicCompiler._invocation,
    ListLogic: LogicCompiler._list,
    RelationLogic: LogicCompiler._relation,
    FunctionLogic: LogicCompiler._function,
    ConditionalLogic: LogicCompiler._conditional,
    FilterLogic: LogicCompiler._filter,
    IteratorLogic: LogicCompiler._iterator,
}
