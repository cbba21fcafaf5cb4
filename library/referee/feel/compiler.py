"""Syntax tree to code: each node becomes a closure over the closures of its parts, specialised by what is
constant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from referee.domain import Severity
from referee.feel import calls, containment, iteration, operations, syntax
from referee.feel.builtins import BUILTINS
from referee.feel.constants import NOT_CONSTANT, constant
from referee.feel.containment import Test
from referee.feel.fault import Fault
from referee.feel.frame import (
    FIRST_LOCAL,
    INPUT,
    SCOPE,
    Code,
    Frame,
    charge_items,
    is_explained,
    report,
    report_fault,
)
from referee.feel.names import suggestion
from referee.feel.paths import path
from referee.feel.printer import to_text
from referee.feel.result_types import result_type
from referee.feel.syntax import Node, Span
from referee.feel.types import (
    ANY,
    FeelType,
    instance_of,
    kind_of,
)
from referee.feel.values import Range, parse_at_literal
from referee.feel.written_types import feel_type

_BORROWERS: Final = frozenset(
    {"all", "any", "count", "list contains", "max", "mean", "median", "min", "product", "string join", "sum"}
)
"""Built-ins that read a list without keeping it."""
TAKE_FUNCTIONS: Final = frozenset({"list replace", "sort"})
"""Built-ins that call a function they are given."""


class _Variable:
    """A local variable and its slot."""

    __slots__ = ("name", "results", "slot")

    def __init__(self, name: str, slot: int, results: bool = False) -> None:
        self.name = name
        self.slot = slot
        self.results = results  # the growing list of a loop, which must not be kept by what reads it


class _Item:
    """The item a filter looks at; its entries are in scope if it is a context."""

    __slots__ = ("slot",)

    def __init__(self, slot: int) -> None:
        self.slot = slot


class Compiler:
    """Compiles one text. ``names`` are declared to be in scope, ``types`` are the model's own types by name.

    ``free`` collects the names the code takes from its scope; a name in a filter counts only if it is
    declared, as it may be an entry of the items.
    """

    _is_cell = False

    def __init__(self, names: frozenset[str], types: Mapping[str, FeelType]) -> None:
        self.declared = names
        self._types = types
        self._locals: list[_Variable | _Item] = []
        self.size = FIRST_LOCAL
        self.free: set[str] = set()
        self.has_input = self._is_cell
        self.needs_bounds = False

    def expression(self, node: Node) -> Code:
        """The code of an expression."""
        value = self._constant(node)
        if value is not NOT_CONSTANT:
            return lambda frame: value
        return _COMPILE[type(node)](self, node)

    def _constant(self, node: Node) -> Any:
        """As ``constant``, unless the function called is one of the model's own."""
        if isinstance(node, syntax.Call) and (
            not isinstance(node.function, syntax.Name) or self._is_shadowed(node.function.name)
        ):
            return NOT_CONSTANT
        return constant(node)

    # Tests

    def _test(self, node: Node) -> Test:
        if isinstance(node, syntax.Test):
            if isinstance(node.endpoint, syntax.Number):
                return containment.number_test(node.operator, node.endpoint.value, node.span)
            return containment.comparison_test(node.operator, self.expression(node.endpoint), node.span)
        if isinstance(node, syntax.Interval):
            return containment.interval_test(
                self.expression(node.start),
                self.expression(node.end),
                node.start_included,
                node.end_included,
                node.span,
            )
        if isinstance(node, syntax.Number):
            return containment.number_test("=", node.value, node.span)
        return containment.value_test(self.expression(node), node.span)

    # Values

    def _temporal(self, node: syntax.Temporal) -> Code:
        try:
            value = parse_at_literal(node.text)
        except Fault as fault:
            return _failing(fault, node.span)
        return lambda frame: value

    def _input(self, node: syntax.Input) -> Code:
        if self.has_input:
            return lambda frame: frame[INPUT]
        return self._free("?", node.span)

    def _list(self, node: syntax.ListLiteral) -> Code:
        items = tuple(self.expression(item) for item in node.items)
        return lambda frame: [item(frame) for item in items]

    def _context(self, node: syntax.ContextLiteral) -> Code:
        depth = len(self._locals)
        entries: list[tuple[str, int, Code]] = []
        for entry in node.entries:
            if isinstance(entry.value, syntax.FunctionDefinition) and not entry.value.external:
                slot = self._declare(entry.key)
                code = self._function(entry.value, slot)
            else:
                code = self.expression(entry.value)
                slot = self._declare(entry.key)
            entries.append((entry.key, slot, code))
        del self._locals[depth:]
        prepared = tuple(entries)

        def run(frame: Frame) -> Any:
            context: dict[str, Any] = {}
            for key, slot, code in prepared:
                context[key] = frame[slot] = code(frame)
            return context

        return run

    def _interval(self, node: syntax.Interval) -> Code:
        start = self.expression(node.start)
        end = self.expression(node.end)
        start_included, end_included, span = node.start_included, node.end_included, node.span

        def run(frame: Frame) -> Any:
            first = start(frame)
            last = end(frame)
            if not iteration.in_order(frame, first, last, span):
                return None
            return Range(first, last, start_included, end_included)

        return run

    def _test_as_range(self, node: syntax.Test) -> Code:
        endpoint = self.expression(node.endpoint)
        operator, span = node.operator, node.span

        def run(frame: Frame) -> Any:
            value = endpoint(frame)
            if value is None and operator not in ("=", "!="):
                if not is_explained(frame, span):
                    report(frame, "null-operand", f"the range `{operator} null` has no end", span)
                return None
            return Range.of_test(operator, value)

        return run

    # Names

    def _declare(self, name: str, results: bool = False) -> int:
        slot = FIRST_LOCAL + len(self._locals)
        self._locals.append(_Variable(name, slot, results))
        self.size = max(self.size, slot + 1)
        return slot

    def _declare_item(self) -> int:
        slot = FIRST_LOCAL + len(self._locals)
        self._locals.append(_Item(slot))
        self.size = max(self.size, slot + 1)
        return slot

    def _variable(self, name: str) -> _Variable | None:
        for local in reversed(self._locals):
            if isinstance(local, _Variable) and local.name == name:
                return local
        return None

    def _is_shadowed(self, name: str) -> bool:
        """Whether a built-in function's name means something of the model's own here."""
        return name in self.declared or self._variable(name) is not None

    def _name(self, node: syntax.Name) -> Code:
        return self._read(node, borrowed=False)

    def _read(self, node: Node, *, borrowed: bool) -> Code:
        """The code of a node whose value is only looked at (``borrowed``) or may be kept."""
        if not isinstance(node, syntax.Name):
            return self.expression(node)
        name = node.name
        items: list[int] = []
        outer: Code | None = None
        for local in reversed(self._locals):
            if isinstance(local, _Item):
                items.append(local.slot)
            elif local.name == name:
                # an entry that holds earlier ones over and over grows without a loop
                self.needs_bounds = True
                outer = _results(local.slot) if local.results and not borrowed else _local(local.slot)
                break
        if outer is None:
            outer = self._free(name, node.span, in_filter=bool(items))
        for slot in reversed(items):
            outer = _entry_or(slot, name, outer)
        return outer

    def _free(self, name: str, span: Span, in_filter: bool = False) -> Code:
        """A name from the scope, or a built-in function as a value."""
        builtin = BUILTINS.get(name)
        if name in self.declared or (builtin is None and not in_filter):
            self.free.add(name)

        def run(frame: Frame) -> Any:
            try:
                return frame[SCOPE][name]
            except KeyError:
                if builtin is None:
                    message = f"there is no `{name}` here{suggestion(name, self.declared)}"
                    report(frame, "unknown-name", message, span)
                return builtin

        return run

    # Operators

    def _negation(self, node: syntax.Negation) -> Code:
        return operations.negation(self.expression(node.operand), node.span)

    def _arithmetic(self, node: syntax.Arithmetic) -> Code:
        left = self.expression(node.left)
        if isinstance(node.right, syntax.Number):
            return operations.arithmetic_with_number(node.operator, left, node.right.value, node.span)
        return operations.arithmetic(node.operator, left, self.expression(node.right), node.span)

    def _comparison(self, node: syntax.Comparison) -> Code:
        left = self.expression(node.left)
        if node.operator not in ("=", "!="):
            return operations.ordering(node.operator, left, self.expression(node.right), node.span)
        negated = node.operator == "!="
        if isinstance(node.right, syntax.Number | syntax.String | syntax.Boolean):
            return operations.equality_with_plain(left, node.right.value, negated, node.span)
        return operations.equality(left, self.expression(node.right), negated, node.span)

    def _conjunction(self, node: syntax.Conjunction) -> Code:
        operands = tuple(self.expression(operand) for operand in node.operands)
        return operations.conjunction(operands, tuple(operand.span for operand in node.operands))

    def _disjunction(self, node: syntax.Disjunction) -> Code:
        operands = tuple(self.expression(operand) for operand in node.operands)
        return operations.disjunction(operands, tuple(operand.span for operand in node.operands))

    def _between(self, node: syntax.Between) -> Code:
        return operations.between(
            self.expression(node.value), self.expression(node.low), self.expression(node.high), node.span
        )

    def _in(self, node: syntax.In) -> Code:
        value = self.expression(node.value)
        # in a cell `?` is its input, elsewhere the value that `in` tests
        is_input = not self._is_cell and any(map(syntax.uses_input, node.tests))
        around, self.has_input = self.has_input, self.has_input or is_input
        test = containment.any_of(tuple(self._test_after_in(test) for test in node.tests))
        self.has_input = around
        if not is_input:
            return lambda frame: test(frame, value(frame))

        def run(frame: Frame) -> Any:
            outer = frame[INPUT]
            frame[INPUT] = tested = value(frame)
            verdict = test(frame, tested)
            frame[INPUT] = outer
            return verdict

        return run

    def _test_after_in(self, node: Node) -> Test:
        if not syntax.is_condition_on_input(node):
            return self._test(node)
        return containment.condition_test(self.expression(node), node.span)

    def _instance_of(self, node: syntax.InstanceOf) -> Code:
        value = self.expression(node.value)
        try:
            kind = feel_type(node.type, self._types)
        except Fault as fault:
            return _failing(fault, node.span)
        return lambda frame: instance_of(value(frame), kind)

    def _if(self, node: syntax.If) -> Code:
        condition = self.expression(node.condition)
        consequence = self.expression(node.consequence)
        alternative = self.expression(node.alternative)
        span = node.condition.span

        def run(frame: Frame) -> Any:
            value = condition(frame)
            if value is True:
                return consequence(frame)
            if value is False:
                return alternative(frame)
            return alternative(frame) if undecided(frame, value, span) else None

        return run

    # Lists, contexts and functions

    def _path(self, node: syntax.Path) -> Code:
        return path(self._read(node.source, borrowed=True), node.name, node.span)

    def _filter(self, node: syntax.Filter) -> Code:
        source = self._read(node.source, borrowed=True)
        if isinstance(node.condition, syntax.Number):
            return iteration.position(source, node.condition.value, node.span)
        self.needs_bounds = True
        depth = len(self._locals)
        slot = self._declare_item()
        variable = _Variable("item", slot)
        self._locals.insert(depth, variable)  # an entry named `item` hides the item itself
        condition = self.expression(node.condition)
        del self._locals[depth:]
        return iteration.selection(source, condition, slot, node.span, node.condition.span)

    def _iterations(self, iterations: tuple[syntax.Iteration, ...]) -> tuple[iteration.Source, ...]:
        self.needs_bounds = True
        sources = []
        for each in iterations:
            start = self.expression(each.source)
            end = None if each.end is None else self.expression(each.end)
            sources.append(iteration.Source(self._declare(each.name), start, end, each.span))
        return tuple(sources)

    def _for(self, node: syntax.For) -> Code:
        depth = len(self._locals)
        sources = self._iterations(node.iterations)
        partial = self._declare("partial", results=True)
        result = self.expression(node.result)
        del self._locals[depth:]
        return iteration.loop(sources, result, partial, node.span)

    def _quantified(self, node: syntax.Quantified) -> Code:
        depth = len(self._locals)
        sources = self._iterations(node.iterations)
        condition = self.expression(node.condition)
        del self._locals[depth:]
        return iteration.quantified(sources, condition, node.quantifier == "some", node.condition.span)

    def _function(self, node: syntax.FunctionDefinition, own_slot: int | None = None) -> Code:
        self.needs_bounds = True
        names = tuple(parameter.name for parameter in node.parameters)
        try:
            types = tuple(
                ANY if parameter.type is None else feel_type(parameter.type, self._types)
                for parameter in node.parameters
            )
        except Fault as fault:
            return _failing(fault, node.span)
        declared = types if any(parameter.type is not None for parameter in node.parameters) else ()
        if node.external:
            return calls.external(names, declared)
        depth = len(self._locals)
        slots = tuple(self._declare(name) for name in names)
        body = self.expression(node.body)
        del self._locals[depth:]
        known = {name: kind for name, kind in zip(names, types, strict=True) if kind != ANY}
        return calls.definition(names, declared, slots, body, own_slot, result_type(node.body, known))

    def _call(self, node: syntax.Call) -> Code:
        function = node.function
        builtin = BUILTINS.get(function.name) if isinstance(function, syntax.Name) else None
        if isinstance(function, syntax.Name) and builtin is not None and not self._is_shadowed(function.name):
            borrowed = function.name in _BORROWERS
            arguments = tuple(self._read(argument, borrowed=borrowed) for argument in node.arguments)
            if not node.names and function.name not in TAKE_FUNCTIONS:
                return calls.builtin_call(builtin, arguments, node.span)
            self.needs_bounds = True
            return calls.call(lambda frame: builtin, arguments, node.names, function.name, node.span)
        self.needs_bounds = True
        arguments = tuple(self.expression(argument) for argument in node.arguments)
        described = to_text(function)
        if len(described) > 40:
            described = described[:39] + "…"
        code = self.expression(function)
        if builtin is not None:
            code = calls.function_or(code, builtin)
        return calls.call(code, arguments, node.names, described, node.span)

    # Types


_COMPILE: Final[Mapping[type, Callable[[Compiler, Any], Code]]] = {
    syntax.Temporal: Compiler._temporal,
    syntax.Input: Compiler._input,
    syntax.Name: Compiler._name,
    syntax.Negation: Compiler._negation,
    syntax.Arithmetic: Compiler._arithmetic,
    syntax.Comparison: Compiler._comparison,
    syntax.Conjunction: Compiler._conjunction,
    syntax.Disjunction: Compiler._disjunction,
    syntax.Between: Compiler._between,
    syntax.In: Compiler._in,
    syntax.InstanceOf: Compiler._instance_of,
    syntax.If: Compiler._if,
    syntax.For: Compiler._for,
    syntax.Quantified: Compiler._quantified,
    syntax.FunctionDefinition: Compiler._function,
    syntax.Call: Compiler._call,
    syntax.Path: Compiler._path,
    syntax.Filter: Compiler._filter,
    syntax.ListLiteral: Compiler._list,
    syntax.ContextLiteral: Compiler._context,
    syntax.Interval: Compiler._interval,
    syntax.Test: Compiler._test_as_range,
}


def undecided(frame: Frame, value: Any, span: Span) -> bool:
    """Reports a condition that is not a boolean; whether the alternative is to be taken all the same, as
    for null.
    """
    if value is None:
        if not is_explained(frame, span):
            message = "the condition is null, so it can't be told which way to go; `else` is taken"
            report(frame, "condition-null", message, span, Severity.WARNING)
        return True
    message = f"a condition is true or false, not {kind_of(value)}"
    report(frame, "not-boolean", message, span)
    return False


def _local(slot: int) -> Code:
    return lambda frame: frame[slot]


def _results(slot: int) -> Code:
    def run(frame: Frame) -> Any:
        results = frame[slot]
        charge_items(len(results))
        return list(results)

    return run


def _entry_or(slot: int, name: str, outer: Code) -> Code:
    """The entry of the item in a slot, or what the name means outside."""

    def run(frame: Frame) -> Any:
        item = frame[slot]
        if type(item) is dict and name in item:
            return item[name]
        return outer(frame)

    return run


def _failing(fault: Fault, span: Span) -> Code:
    def run(frame: Frame) -> Any:
        report_fault(frame, fault, span)
        return None

    return run
