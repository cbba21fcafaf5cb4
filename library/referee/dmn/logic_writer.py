"""Boxed expressions into DMN's XML."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any
from xml.etree.ElementTree import Element, SubElement

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
    Parameter,
    RelationLogic,
    TableLogic,
)
from referee.dmn.xml_ids import XmlIds
from referee.tables import CellText, HitPolicy, Rule

_POLICIES = MappingProxyType(
    {
        HitPolicy.UNIQUE: ("UNIQUE", ""),
        HitPolicy.ANY: ("ANY", ""),
        HitPolicy.PRIORITY: ("PRIORITY", ""),
        HitPolicy.FIRST: ("FIRST", ""),
        HitPolicy.RULE_ORDER: ("RULE ORDER", ""),
        HitPolicy.OUTPUT_ORDER: ("OUTPUT ORDER", ""),
        HitPolicy.COLLECT: ("COLLECT", ""),
        HitPolicy.COLLECT_SUM: ("COLLECT", "SUM"),
        HitPolicy.COLLECT_MIN: ("COLLECT", "MIN"),
        HitPolicy.COLLECT_MAX: ("COLLECT", "MAX"),
        HitPolicy.COLLECT_COUNT: ("COLLECT", "COUNT"),
    }
)


class LogicWriter:
    """Writes boxed expressions, each part with an id of its own."""

    def __init__(self, ids: XmlIds) -> None:
        self._ids = ids
        self._writers: dict[type, Callable[[Element, Any, str], None]] = {
            Literal: self._literal,
            TableLogic: self._table,
            ContextLogic: self._context,
            InvocationLogic: self._invocation,
            ListLogic: self._list,
            RelationLogic: self._relation,
            FunctionLogic: self._function_definition,
            ConditionalLogic: self._conditional,
            FilterLogic: self._filter,
            IteratorLogic: self._iterator,
        }

    def write(self, parent: Element, logic: Logic, parent_id: str) -> None:
        """Writes an expression below an element; ``parent_id`` is what new ids begin with."""
        self._writers[type(logic)](parent, logic, parent_id)

    def function(self, element: Element, logic: FunctionLogic, own_id: str) -> None:
        """Fills the element of a function definition or of a knowledge model's encapsulated logic."""
        set_attributes(element, kind="" if logic.kind is FunctionKind.FEEL else logic.kind.value)
        for number, parameter in enumerate(logic.parameters, 1):
            self._item(element, "formalParameter", parameter, f"{own_id}_parameter_{number}")
        if logic.body is not None:
            self.write(element, logic.body, own_id)

    def text(self, parent: Element, tag: str, cell: CellText | None, parent_id: str) -> None:
        """A named child that holds a text, if there is one."""
        if cell is not None:
            self._cell(parent, tag, cell, f"{parent_id}_{tag}")

    def _cell(self, parent: Element, tag: str, cell: CellText, suggestion: str, type_name: str = "") -> None:
        element = child(parent, tag, id=self._ids.of(cell.place, suggestion), typeRef=type_name)
        add_text(element, "text", cell.text)

    def _expression(self, parent: Element, tag: str, logic: Any, parent_id: str) -> tuple[Element, str]:
        own_id = self._ids.of(logic.place, f"{parent_id}_{tag}")
        return child(parent, tag, id=own_id, typeRef=logic.type), own_id

    def _item(self, parent: Element, tag: str, item: Parameter, suggestion: str) -> None:
        child(parent, tag, id=self._ids.new(suggestion), name=(item.name,), typeRef=item.type)

    def _literal(self, parent: Element, logic: Literal, parent_id: str) -> None:
        element, _ = self._expression(parent, "literalExpression", logic, parent_id)
        add_text(element, "text", logic.text)

    def _context(self, parent: Element, logic: ContextLogic, parent_id: str) -> None:
        element, own_id = self._expression(parent, "context", logic, parent_id)
        for number, entry in enumerate(logic.entries, 1):
            entry_id = self._ids.new(f"{own_id}_entry_{number}")
            part = child(element, "contextEntry", id=entry_id)
            if entry.name:
                self._item(part, "variable", Parameter(entry.name, entry.type), f"{entry_id}_variable")
            self.write(part, entry.logic, entry_id)

    def _invocation(self, parent: Element, logic: InvocationLogic, parent_id: str) -> None:
        element, own_id = self._expression(parent, "invocation", logic, parent_id)
        self.write(element, logic.callee, own_id)
        for number, binding in enumerate(logic.bindings, 1):
            part = child(element, "binding")
            name = f"{own_id}_binding_{number}"
            self._item(part, "parameter", Parameter(binding.name, binding.type), f"{name}_parameter")
            self.write(part, binding.logic, name)

    def _list(self, parent: Element, logic: ListLogic, parent_id: str) -> None:
        element, own_id = self._expression(parent, "list", logic, parent_id)
        for number, item in enumerate(logic.items, 1):
            self.write(element, item, f"{own_id}_{number}")

    def _relation(self, parent: Element, logic: RelationLogic, parent_id: str) -> None:
        element, own_id = self._expression(parent, "relation", logic, parent_id)
        for number, column in enumerate(logic.columns, 1):
            self._item(element, "column", column, f"{own_id}_column_{number}")
        for number, row in enumerate(logic.rows, 1):
            row_id = self._ids.new(f"{own_id}_row_{number}")
            part = child(element, "row", id=row_id)
            for position, cell in enumerate(row, 1):
                self.write(part, cell, f"{row_id}_{position}")

    def _function_definition(self, parent: Element, logic: FunctionLogic, parent_id: str) -> None:
        element, own_id = self._expression(parent, "functionDefinition", logic, parent_id)
        self.function(element, logic, own_id)

    def _conditional(self, parent: Element, logic: ConditionalLogic, parent_id: str) -> None:
        element, own_id = self._expression(parent, "conditional", logic, parent_id)
        for tag, part in (("if", logic.condition), ("then", logic.then), ("else", logic.otherwise)):
            self._part(element, tag, part, own_id)

    def _filter(self, parent: Element, logic: FilterLogic, parent_id: str) -> None:
        element, own_id = self._expression(parent, "filter", logic, parent_id)
        self._part(element, "in", logic.source, own_id)
        self._part(element, "match", logic.match, own_id)

    def _iterator(self, parent: Element, logic: IteratorLogic, parent_id: str) -> None:
        element, own_id = self._expression(parent, logic.kind.value, logic, parent_id)
        element.set("iteratorVariable", logic.variable.name)
        self._part(element, "in", logic.source, own_id, logic.variable.type)
        self._part(element, "return" if logic.kind is IteratorKind.FOR else "satisfies", logic.body, own_id)

    def _part(self, parent: Element, tag: str, logic: Logic, parent_id: str, type_name: str = "") -> None:
        part_id = self._ids.new(f"{parent_id}_{tag}")
        self.write(child(parent, tag, id=part_id, typeRef=type_name), logic, part_id)

    def _table(self, parent: Element, logic: TableLogic, parent_id: str) -> None:
        table = logic.table
        own_id = self._ids.of(logic.place or table.place, f"{parent_id}_decisionTable")
        policy, aggregation = _POLICIES[table.hit_policy]
        element = child(
            parent,
            "decisionTable",
            id=own_id,
            typeRef=logic.type,
            hitPolicy=policy,
            aggregation=aggregation,
            outputLabel=logic.output_label,
        )
        for number, clause in enumerate(table.inputs, 1):
            clause_id = self._ids.of(clause.place, f"{own_id}_input_{number}")
            part = child(element, "input", id=clause_id, label=clause.label)
            expression = clause.expression
            self._cell(part, "inputExpression", expression, f"{clause_id}_expression", clause.type)
            self.text(part, "inputValues", clause.allowed_values, clause_id)
        for number, output in enumerate(table.outputs, 1):
            output_id = self._ids.of(output.place, f"{own_id}_output_{number}")
            part = child(
                element, "output", id=output_id, label=output.label, name=output.name, typeRef=output.type
            )
            self.text(part, "outputValues", output.allowed_values, output_id)
            self.text(part, "defaultOutputEntry", output.default, output_id)
        for name in table.annotations:
            child(element, "annotation", name=name)
        for rule in table.rules:
            self._rule(element, rule, f"{own_id}_rule_{rule.number}")

    def _rule(self, table: Element, rule: Rule, suggestion: str) -> None:
        rule_id = self._ids.of(rule.place, suggestion)
        element = child(table, "rule", id=rule_id)
        add_text(element, "description", rule.description)
        for number, cell in enumerate(rule.inputs, 1):
            self._cell(element, "inputEntry", cell, f"{rule_id}_input_{number}")
        for number, cell in enumerate(rule.outputs, 1):
            self._cell(element, "outputEntry", cell, f"{rule_id}_output_{number}")
        for annotation in rule.annotations:
            SubElement(SubElement(element, "annotationEntry"), "text").text = annotation


def child(parent: Element, tag: str, **attributes: str | tuple[str]) -> Element:
    """A new child; empty attributes are left out, unless they are wrapped as required ones."""
    element = SubElement(parent, tag)
    set_attributes(element, **attributes)
    return element


def set_attributes(element: Element, **attributes: str | tuple[str]) -> None:
    for name, value in attributes.items():
        if isinstance(value, tuple):
            element.set(name, value[0])
        elif value:
            element.set(name, value)


def add_text(parent: Element, tag: str, text: str) -> None:
    """A child with a text; an empty description and the like is left out."""
    if text or tag == "text":
        SubElement(parent, tag).text = text
