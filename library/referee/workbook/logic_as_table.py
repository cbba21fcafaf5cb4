"""The logic of a DMN decision as a decision table, which is all that a workbook holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from referee.dmn import DecisionNode, Definitions, KnowledgeModel, Literal, TableLogic
from referee.dmn.elements import Requirement
from referee.dmn.literal_form import LiteralForm
from referee.dmn.logic import ContextLogic, Entry, InvocationLogic, Logic
from referee.feel.fault import Fault
from referee.tables import CellText, DecisionTable, HitPolicy, OutputClause, Rule
from referee.workbook.feel_as_typed import names_in


class LogicAsTable:
    """Makes tables of decisions: a decision table is one, other boxed expressions become a table of one cell with a
    FEEL expression, and the business knowledge models that a decision calls become part of it.

    ``notes`` collects what people should know: types that parts of an expression declare aren't checked in a workbook.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._elements = definitions.elements
        self._names = frozenset(element.name for element in definitions.elements.values())
        self._collections = frozenset(each.name for each in definitions.types if each.is_collection)
        self._components = frozenset(item.name for each in definitions.types for item in each.components)
        self.notes: list[str] = []

    def table(self, node: DecisionNode, logic: Logic) -> DecisionTable:
        """The decision as a table of its name. Raises Fault with a sentence that says why it can't be one."""
        models = self._called(node.requirements)
        called = models.get(_callee(logic))
        if called is not None and isinstance(called.function.body, TableLogic):
            return replace(self._invoked(node, logic, called.function.body.table), name=node.name)
        if isinstance(logic, TableLogic):
            if models:
                raise Fault(
                    "not-in-workbook",
                    f"the decision table `{node.name}` calls the business knowledge model `{min(models)}`, and a "
                    "workbook has no functions of its own; make what it calls a decision, and test that",
                )
            self._refuse_listed_default(node, logic.table)
            return replace(logic.table, name=node.name)
        if not isinstance(logic, Literal) or models:
            logic = self._text(node, logic, tuple(models.values()))
        rule = Rule(1, (), (CellText(logic.text, logic.place),), place=node.place)
        output = OutputClause(node.name, place=node.place)
        return DecisionTable(node.name, HitPolicy.UNIQUE, (), (output,), (), (rule,), node.place)

    def _refuse_listed_default(self, node: DecisionNode, table: DecisionTable) -> None:
        """A default stands alone, also where hits are listed; only a declared type makes a list of it."""
        is_listed = not table.hit_policy.is_single and not table.hit_policy.is_aggregate
        has_default = any(output.default is not None for output in table.outputs)
        if is_listed and has_default and node.type in self._collections:
            raise Fault(
                "not-in-workbook",
                f"the decision `{node.name}` lists its hits, and its type makes a list of its default, which a "
                "workbook can't; replace the default by a rule for the cases that no other covers",
            )

    def _called(self, requirements: tuple[Requirement, ...] | None) -> dict[str, KnowledgeModel]:
        """The knowledge models that a decision calls, by name, those first that others call."""
        found: dict[str, KnowledgeModel] = {}
        for need in requirements or ():
            model = self._elements.get(need.key)
            if isinstance(model, KnowledgeModel) and model.name not in found:
                found = {**self._called(model.requirements), model.name: model, **found}
        return found

    def _text(self, node: DecisionNode, logic: Logic, models: tuple[KnowledgeModel, ...]) -> Literal:
        form, what = LiteralForm(frozenset(), self._components, drops_types=True), _article(logic)
        if models:
            called = ", ".join(f"`{model.name}`" for model in models)
            self.notes.append(
                f"the business knowledge models that the decision `{node.name}` calls are part of it: {called}"
            )
            functions = tuple(Entry(model.name, model.function) for model in models)
            logic = ContextLogic((*functions, Entry("", logic)), place=node.place)
        try:
            text = form.literal(logic, self._names - {model.name for model in models})
        except Fault as fault:
            raise Fault(
                "not-in-workbook",
                f"the decision `{node.name}` is {what}, which can't become one FEEL expression: {fault.message}; make "
                "its parts decisions of their own",
            ) from None
        if form.dropped_types:
            declared = ", ".join(dict.fromkeys(form.dropped_types))
            self.notes.append(
                f"the decision `{node.name}` became one FEEL expression, in which nothing checks the types that its "
                f"parts declare ({declared})"
            )
        return text

    def _invoked(self, node: DecisionNode, logic: Logic, table: DecisionTable) -> DecisionTable:
        """The table of a knowledge model with what the decision gives for its parameters in their place."""
        given = {}
        for binding in logic.bindings if isinstance(logic, InvocationLogic) else ():
            if not isinstance(binding.logic, Literal):
                raise Fault(
                    "not-in-workbook",
                    f"the decision `{node.name}` gives the parameter `{binding.name}` {_article(binding.logic)}; make "
                    "that a decision, and give its name",
                )
            given[binding.name] = binding.logic.text.strip()
        others = frozenset(name for name, text in given.items() if text != name)
        inputs = []
        for clause in table.inputs:
            tested = clause.expression.text.strip()
            if tested in others:
                clause = replace(clause, expression=CellText(given[tested], clause.expression.place))
            elif others & names_in(tested, self._names | others):
                raise self._uses_parameter(node, tested, others)
            inputs.append(clause)
        for text in _cells(table):
            if others & names_in(text, self._names | others):
                raise self._uses_parameter(node, text, others)
        return replace(table, inputs=tuple(inputs))

    def _uses_parameter(self, node: DecisionNode, text: str, others: frozenset[str]) -> Fault:
        name = min(others & names_in(text, self._names | others))
        return Fault(
            "not-in-workbook",
            f"the decision `{node.name}` calls a decision table whose cell `{text.strip()}` uses the parameter "
            f"`{name}`, which has another name outside; give the parameter the name of what it gets",
        )


def _callee(logic: Logic) -> str:
    if isinstance(logic, InvocationLogic) and isinstance(logic.callee, Literal):
        return logic.callee.text.strip()
    return ""


def _cells(table: DecisionTable) -> Iterator[str]:
    for rule in table.rules:
        yield from (cell.text for cell in (*rule.inputs, *rule.outputs))
    yield from (output.default.text for output in table.outputs if output.default is not None)


def _article(logic: Logic) -> str:
    words = re.sub(r"(?<!^)([A-Z])", r" \1", type(logic).__name__.removesuffix("Logic")).lower()
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
