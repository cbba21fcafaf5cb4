"""Input cells to code: unary tests as DMN 1.5, 7.3.3, reads them."""

from __future__ import annotations

from typing import Any, Final

from referee.feel import containment, syntax
from referee.feel.compiler import Compiler
from referee.feel.constants import NOT_CONSTANT
from referee.feel.containment import Test
from referee.feel.frame import Frame
from referee.feel.syntax import Node

_CONDITIONS: Final = (
    syntax.Comparison,
    syntax.Conjunction,
    syntax.Disjunction,
    syntax.Between,
    syntax.In,
    syntax.InstanceOf,
    syntax.Quantified,
    syntax.Call,
    syntax.If,
)
"""Expressions that are meant as a condition, not as a value to be equal to."""


class UnaryTestsCompiler(Compiler):
    """Compiles one input cell."""

    _is_cell = True

    def unary_tests(self, node: syntax.UnaryTestsNode) -> Test:
        """The code of an input cell; the input is in the frame as well as given."""
        if isinstance(node, syntax.AnyValue):
            return lambda frame, value: True
        tests = containment.any_of(tuple(self._cell_test(test) for test in node.tests))
        if not node.negated:
            return tests

        def negated(frame: Frame, value: Any) -> bool | None:
            verdict = tests(frame, value)
            return None if verdict is None else not verdict

        return negated

    def _cell_test(self, node: Node) -> Test:
        if isinstance(node, syntax.Test | syntax.Interval):
            return self._test(node)
        if self._constant(node) is not NOT_CONSTANT:
            return self._test(node)
        code = self.expression(node)
        if syntax.uses_input(node):
            return containment.condition_test(code, node.span)
        return containment.free_condition_test(code, isinstance(node, _CONDITIONS), node.span)
