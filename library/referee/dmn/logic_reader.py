"""Boxed expressions out of DMN's XML."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from referee.dmn.document import XmlElement
from referee.dmn.logic import (
    ConditionalLogic,
    ContextLogic,
    Entry,
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
from referee.domain import Diagnostic
from referee.tables import CellText, DecisionTable, HitPolicy, InputClause, OutputClause, Rule

_POLICIES = MappingProxyType(
    {
        "": HitPolicy.UNIQUE,
        "UNIQUE": HitPolicy.UNIQUE,
        "ANY": HitPolicy.ANY,
        "PRIORITY": HitPolicy.PRIORITY,
        "FIRST": HitPolicy.FIRST,
        "RULE ORDER": HitPolicy.RULE_ORDER,
        "OUTPUT ORDER": HitPolicy.OUTPUT_ORDER,
        "COLLECT": HitPolicy.COLLECT,
    }
)
_AGGREGATIONS = MappingProxyType(
    {
        "": HitPolicy.COLLECT,
        "LIST": HitPolicy.COLLECT,
        "SUM": HitPolicy.COLLECT_SUM,
        "MIN": HitPolicy.COLLECT_MIN,
        "MAX": HitPolicy.COLLECT_MAX,
        "COUNT": HitPolicy.COLLECT_COUNT,
    }
)


class LogicReader:
    """Reads boxed expressions; what it can't use is a fault and reads as no logic.

    ``language`` is that of expressions which name none.
    """

    def __init__(self, language: str = "") -> None:
        self._language = language
        self.faults: list[Diagnostic] = []
        self._readers: dict[str, Callable[[XmlElement, str], Logic | None]] = {
            "literalExpression": self._literal,
            "decisionTable": self._decision_table,
            "context": self._context,
            "invocation": self._invocation,
            "list": self._list,
            "relation": self._relation,
            "functionDefinition": self.function,
            "conditional": self._conditional,
            "filter": self._filter,
            "for": self._for,
            "some": self._quantified,
            "every": self._quantified,
        }

    def within(self, parent: XmlElement, name: str) -> Logic | None:
        """The expression directly below an element, or None when there is none. ``name`` is for messages."""
        for child in parent:
            reader = self._readers.get(child.tag)
            if reader is not None:
                return reader(child, name)
        return None

    def function(self, element: XmlElement, name: str) -> FunctionLogic:
        """A function definition, or the encapsulated logic of a business knowledge model."""
        kind = element.get("kind").upper() or "FEEL"
        return FunctionLogic(
            tuple(
                Parameter(parameter.get("name"), type_of(parameter))
                for parameter in element.children("formalParameter")
            ),
            self.within(element, name),
            {
                "JAVA": FunctionKind.JAVA,
                "J": FunctionKind.JAVA,
                "PMML": FunctionKind.PMML,
                "P": FunctionKind.PMML,
            }.get(kind, FunctionKind.FEEL),
            type_of(element),
            element.place,
        )

    def _part(self, parent: XmlElement, tag: str, name: str) -> Logic:
        """The expression within a named child; a missing one is a fault and reads as null."""
        child = parent.child(tag)
        logic = self.within(child, name) if child is not None else None
        return (
            logic
            if logic is not None
            else self._missing(parent, f"`{tag}` of the {parent.tag} holds no expression")
        )

    def _missing(self, element: XmlElement, message: str) -> Logic:
        self.faults.append(Diagnostic("no-expression", message, place=element.place))
        return Literal("null", place=element.place)

    def _literal(self, element: XmlElement, name: str) -> Logic | None:
        text = element.child_text("text")
        language = element.get("expressionLanguage") or self._language
        if language and "feel" not in language.lower():
            message = f"the expression is written in {language}; only FEEL can be evaluated"
            self.faults.append(Diagnostic("not-feel", message, place=element.place))
            return None
        if not text.strip():
            return None
        return Literal(text, type_of(element), element.place)

    def _context(self, element: XmlElement, name: str) -> Logic:
        entries = []
        for entry in element.children("contextEntry"):
            variable = entry.child("variable")
            entry_name = variable.get("name") if variable is not None else ""
            logic = self.within(entry, entry_name or name)
            if logic is None:
                logic = self._missing(
                    entry, f"the context entry {entry_name} holds no expression".replace("  ", " ")
                )
            entries.append(Entry(entry_name, logic, type_of(variable) if variable is not None else ""))
        return ContextLogic(tuple(entries), type_of(element), element.place)

    def _invocation(self, element: XmlElement, name: str) -> Logic:
        callee = self.within(element, name)
        if callee is None:
            callee = self._missing(element, "the invocation names no function")
        bindings = []
        for binding in element.children("binding"):
            parameter = binding.child("parameter")
            parameter_name = parameter.get("name") if parameter is not None else ""
            logic = self.within(binding, parameter_name) or Literal("null", place=binding.place)
            bindings.append(Entry(parameter_name, logic, type_of(parameter) if parameter is not None else ""))
        return InvocationLogic(callee, tuple(bindings), type_of(element), element.place)

    def _list(self, element: XmlElement, name: str) -> Logic:
        items = [
            logic
            for child in element
            if (reader := self._readers.get(child.tag)) is not None
            and (logic := reader(child, name)) is not None
        ]
        return ListLogic(tuple(items), type_of(element), element.place)

    def _relation(self, element: XmlElement, name: str) -> Logic:
        columns = tuple(
            Parameter(column.get("name"), type_of(column)) for column in element.children("column")
        )
        rows = []
        for row in element.children("row"):
            cells = tuple(
                reader(child, name) or Literal("null", place=child.place)
                for child in row
                if (reader := self._readers.get(child.tag)) is not None
            )
            if len(cells) != len(columns):
                message = f"a row of the relation has {len(cells)} cells for {len(columns)} columns"
                self.faults.append(Diagnostic("relation-width", message, place=row.place))
            rows.append(cells)
        return RelationLogic(columns, tuple(rows), type_of(element), element.place)

    def _conditional(self, element: XmlElement, name: str) -> Logic:
        return ConditionalLogic(
            self._part(element, "if", name),
            self._part(element, "then", name),
            self._part(element, "else", name),
            type_of(element),
            element.place,
        )

    def _filter(self, element: XmlElement, name: str) -> Logic:
        return FilterLogic(
            self._part(element, "in", name),
            self._part(element, "match", name),
            type_of(element),
            element.place,
        )

    def _for(self, element: XmlElement, name: str) -> Logic:
        return self._iterator(element, IteratorKind.FOR, "return", name)

    def _quantified(self, element: XmlElement, name: str) -> Logic:
        return self._iterator(element, IteratorKind(element.tag), "satisfies", name)

    def _iterator(self, element: XmlElement, kind: IteratorKind, body: str, name: str) -> Logic:
        source = element.child("in")
        return IteratorLogic(
            kind,
            Parameter(element.get("iteratorVariable"), type_of(source) if source is not None else ""),
            self._part(element, "in", name),
            self._part(element, body, name),
            type_of(element),
            element.place,
        )

    def _decision_table(self, element: XmlElement, name: str) -> Logic | None:
        policy = _POLICIES.get(element.get("hitPolicy").upper())
        if policy is HitPolicy.COLLECT:
            policy = _AGGREGATIONS.get(element.get("aggregation").upper())
        if policy is None:
            message = (
                f"the hit policy {element.get('hitPolicy')} {element.get('aggregation')} is none of DMN's"
            )
            self.faults.append(
                Diagnostic("unknown-hit-policy", message.replace("  ", " "), place=element.place)
            )
            return None
        outputs = [
            OutputClause(
                clause.get("name"),
                type_of(clause),
                text_of(clause, "outputValues"),
                text_of(clause, "defaultOutputEntry"),
                clause.place,
                clause.get("label"),
            )
            for clause in element.children("output")
        ]
        table = DecisionTable(
            name=name,
            hit_policy=policy,
            inputs=tuple(_input(clause) for clause in element.children("input")),
            outputs=tuple(outputs),
            annotations=tuple(clause.get("name") for clause in element.children("annotation")),
            rules=tuple(_rule(number, rule) for number, rule in enumerate(element.children("rule"), 1)),
            place=element.place,
        )
        return TableLogic(table, type_of(element), element.place, element.get("outputLabel"))


def type_of(element: XmlElement, tag: str = "typeRef") -> str:
    """The type reference of an element, an attribute or a child by version, without a namespace prefix."""
    reference = element.get(tag) or element.child_text(tag).strip()
    prefix, colon, local = reference.partition(":")
    return local.strip() if colon and " " not in prefix and "<" not in prefix else reference


def text_of(parent: XmlElement, tag: str) -> CellText | None:
    """The text within a named child, such as allowed values."""
    child = parent.child(tag)
    return CellText(child.child_text("text"), child.place) if child is not None else None


def _input(clause: XmlElement) -> InputClause:
    expression = clause.child("inputExpression")
    if expression is None:
        return InputClause(CellText("null", clause.place), place=clause.place, label=clause.get("label"))
    return InputClause(
        CellText(expression.child_text("text"), expression.place),
        type_of(expression),
        text_of(clause, "inputValues"),
        clause.place,
        clause.get("label"),
    )


def _rule(number: int, rule: XmlElement) -> Rule:
    return Rule(
        number,
        tuple(CellText(entry.child_text("text"), entry.place) for entry in rule.children("inputEntry")),
        tuple(CellText(entry.child_text("text"), entry.place) for entry in rule.children("outputEntry")),
        tuple(entry.child_text("text") for entry in rule.children("annotationEntry")),
        rule.place,
        rule.child_text("description"),
    )
