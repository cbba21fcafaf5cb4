"""What may stand in each element of a DMN file, and in which order: DMN 1.3 and 1.5, clauses 6.3, 7.3, 10 and 13."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_EXPRESSIONS_1_3 = (
    *(
        "literalExpression",
        "invocation",
        "decisionTable",
        "context",
        "functionDefinition",
        "relation",
        "list",
    ),
)
_EXPRESSIONS_1_5 = (*_EXPRESSIONS_1_3, "conditional", "filter", "for", "some", "every")
_GRAPH = ("decision", "businessKnowledgeModel", "decisionService", "inputData", "knowledgeSource")
_EXPRESSION = ("EXPRESSION",)
_ANNOTATED = ("description",)
_ABOUT = ("supportedObjective", "impactedPerformanceIndicator", "decisionMaker", "decisionOwner")

# Each step of a sequence is one tag or several among which there is no order.
_SEQUENCES: dict[str, tuple[str | tuple[str, ...], ...]] = {
    "definitions": (
        *("description", "import", "itemDefinition", _GRAPH, ("textAnnotation", "association", "group")),
        *("elementCollection", ("performanceIndicator", "organizationUnit"), "DMNDI"),
    ),
    "itemDefinition": (
        *("description", "typeRef", "allowedValues", "typeConstraint", "itemComponent", "functionItem"),
    ),
    "functionItem": ("parameters",),
    "inputData": ("description", "variable"),
    "decision": (
        *("description", "question", "allowedAnswers", "variable", "informationRequirement"),
        *("knowledgeRequirement", "authorityRequirement", *_ABOUT, "usingProcess", "usingTask", _EXPRESSION),
    ),
    "businessKnowledgeModel": (
        *("description", "variable", "encapsulatedLogic", "knowledgeRequirement", "authorityRequirement"),
    ),
    "decisionService": (
        *("description", "variable", "outputDecision", "encapsulatedDecision", "inputDecision", "inputData"),
    ),
    "knowledgeSource": ("description", "authorityRequirement", "type", "owner"),
    "informationRequirement": (("requiredDecision", "requiredInput"),),
    "knowledgeRequirement": ("requiredKnowledge",),
    "literalExpression": ("description", "text"),
    "invocation": ("description", _EXPRESSION, "binding"),
    "binding": ("parameter", _EXPRESSION),
    "context": ("description", "contextEntry"),
    "contextEntry": ("description", "variable", _EXPRESSION),
    "functionDefinition": ("description", "formalParameter", _EXPRESSION),
    "relation": ("description", "column", "row"),
    "list": ("description", _EXPRESSION),
    "conditional": ("description", "if", "then", "else"),
    "filter": ("description", "in", "match"),
    "for": ("description", "in", "return"),
    "some": ("description", "in", "satisfies"),
    "decisionTable": ("description", "input", "output", "annotation", "rule"),
    "input": ("description", "inputExpression", "inputValues"),
    "output": ("description", "outputValues", "defaultOutputEntry"),
    "rule": ("description", "inputEntry", "outputEntry", "annotationEntry"),
    "DMNDI": ("DMNDiagram",),
    "DMNDiagram": (("DMNShape", "DMNEdge"),),
    "DMNShape": ("Bounds",),
    "DMNEdge": ("waypoint",),
}
_SEQUENCES |= {
    **dict.fromkeys(("if", "then", "else", "in", "match", "return", "satisfies"), (_EXPRESSION,)),
    **dict.fromkeys(("inputExpression", "inputValues", "outputValues", "defaultOutputEntry"), ("text",)),
    **dict.fromkeys(("inputEntry", "outputEntry", "annotationEntry", "allowedValues"), ("text",)),
    **dict.fromkeys(("typeConstraint", "textAnnotation"), ("text",)),
    "every": _SEQUENCES["some"],
    "row": _SEQUENCES["list"],
    "itemComponent": _SEQUENCES["itemDefinition"],
    "encapsulatedLogic": _SEQUENCES["functionDefinition"],
}
_ONCE = frozenset(
    {"description", "variable", "text", "typeRef", "encapsulatedLogic", "inputExpression", "DMNDI"}
)


def misplaced(root: Any, version: str) -> list[str]:
    """What stands where DMN's schema of a version doesn't have it, and ids that are given twice."""
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    twice = {each for each in ids if ids.count(each) > 1} if len(ids) != len(set(ids)) else set()
    return [*_misplaced(root, version), *(f"id {each} is given twice" for each in twice)]


def _misplaced(element: Any, version: str) -> Iterator[str]:
    expressions = _EXPRESSIONS_1_3 if version == "1.3" else _EXPRESSIONS_1_5
    tag = _local(element)
    if version == "1.3" and tag == "typeConstraint":
        yield "typeConstraint is new in 1.5"
    position = 0
    sequence = [
        expressions if step == _EXPRESSION else (step if isinstance(step, tuple) else (step,))
        for step in _SEQUENCES.get(tag, ())
    ]
    seen: set[str] = set()
    for child in element:
        name = _local(child)
        while position < len(sequence) and name not in sequence[position]:
            position += 1
        if tag in _SEQUENCES and position == len(sequence):
            yield f"{name} is misplaced in {tag}"
            return
        if name in _ONCE and name in seen:
            yield f"{name} is there twice in {tag}"
        seen.add(name)
        yield from _misplaced(child, version)


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]
