"""Whether an expression can be told in every case: nothing it uses is missing, and no operation of it is a fault."""

from __future__ import annotations

from decimal import Decimal

from referee.checks.possible import Possible
from referee.checks.possible_results import path_text, possible_value
from referee.checks.value_line import DATE, NUMBER, ValueKind
from referee.checks.whole_decision import WholeDecision
from referee.feel import NOT_CONSTANT, constant, syntax

_OF_DATES = frozenset({"year", "month", "day", "weekday"})
_OF_NUMBERS = frozenset({"abs", "floor", "ceiling", "min", "max", "sum", "mean"})
_OF_ANYTHING = frozenset({"string length", "count", "upper case", "lower case"})
_LOGIC = (syntax.Comparison, syntax.Between, syntax.Conjunction, syntax.Disjunction, syntax.If)


def may_be_in_doubt(node: object, decision: WholeDecision) -> bool:
    """Whether some facts may leave the expression in doubt; yes where that isn't known."""
    value = constant(node)  # type: ignore[arg-type]
    if value is not NOT_CONSTANT:
        return value is None
    if isinstance(node, (syntax.Name, syntax.Path)):
        fact = decision.fact(path_text(node)) if path_text(node) else None
        if fact is not None:
            return fact.null or fact.is_any
        if not isinstance(node, syntax.Path) or node.name not in _OF_DATES:
            return True
        return not _is_all(DATE, possible_value(node.source, decision.facts_known)) or may_be_in_doubt(
            node.source, decision
        )
    children = list(syntax.children(node))
    if isinstance(node, syntax.Call):
        if not isinstance(node.function, syntax.Name) or node.names:
            return True
        name, children = node.function.name, list(node.arguments)
        if name in _OF_NUMBERS and not all(
            _is_all(NUMBER, possible_value(each, decision.facts_known)) for each in children
        ):
            return True
        if name not in _OF_NUMBERS | _OF_ANYTHING:
            return True
    elif isinstance(node, (syntax.Arithmetic, syntax.Negation)):
        values = [possible_value(each, decision.facts_known) for each in children]
        are_dates = isinstance(node, syntax.Arithmetic) and node.operator == "-"
        if not all(_is_all(NUMBER, each) for each in values) and not (
            are_dates and all(_is_all(DATE, each) for each in values)
        ):
            return True
        if isinstance(node, syntax.Arithmetic) and node.operator not in ("+", "-", "*"):
            is_division = node.operator == "/"
            if not is_division or any(part.holds(Decimal(0)) for part in values[1].parts):
                return True
    elif not isinstance(node, _LOGIC):
        return True
    return any(may_be_in_doubt(each, decision) for each in children)


def _is_all(kind: ValueKind, possible: Possible) -> bool:
    return (
        bool(possible.parts)
        and not (possible.is_any or possible.items or possible.null)
        and all(part.kind is kind for part in possible.parts)
    )
