"""What the inputs of a workbook's tables may hold, for proofs about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from referee.checks import InputValues
    from referee.scoring import Model
    from referee.tables import DecisionTable, OutputClause
    from referee.workbook import DecisionWorkbook


def table_inputs(workbook: DecisionWorkbook, models: Mapping[str, Model]) -> dict[str, InputValues]:
    """By name or path: facts as declared, scores as the model's card says, tables by what their outputs may be.

    ``models`` holds the models that could be loaded, by their nodes. A required fact is never null in a decision: a
    case without it goes to people before any table is asked.
    """
    from referee.checks import InputValues

    found = {
        fact.name: InputValues(fact.type, fact.allowed_values, not fact.required)
        for fact in workbook.dictionary.facts
    }
    for definition in workbook.models:
        node = definition.node
        model = models.get(node)
        labels = ", ".join(f'"{label}"' for label in model.labels) if model is not None else ""
        found[node] = InputValues("context")
        found[f"{node}.label"] = InputValues("string", labels)
        found[f"{node}.confidence"] = InputValues("number", "[0..1]")
        for label in model.labels if model is not None else ():
            found[f"{node}.probabilities.{label}"] = InputValues("number", "[0..1]")
    for table in workbook.tables:
        found.update(result_values(table))
    return found


def result_values(table: DecisionTable) -> dict[str, InputValues]:
    """What a table may give, by its name, and by the paths of its outputs where it has several."""
    from referee.checks import InputValues

    if len(table.outputs) == 1:
        return {table.name: _output(table, table.outputs[0], 0)}
    outputs = {
        f"{table.name}.{output.name}": _output(table, output, position)
        for position, output in enumerate(table.outputs)
    }
    return {table.name: InputValues("context"), **outputs}


def brought_facts(workbook: DecisionWorkbook) -> dict[str, InputValues]:
    """What a case may bring of each fact that tables and models may use; anything else is doubt beforehand."""
    from referee.checks import InputValues

    return {
        fact.name: InputValues(fact.type, fact.allowed_values, not fact.required)
        for fact in workbook.dictionary.facts
        if not fact.protected
    }


def scope_names(workbook: DecisionWorkbook) -> list[str]:
    """Every name that cells of the workbook may use."""
    nodes = [definition.node for definition in workbook.models]
    return [*workbook.dictionary.open_names, *nodes, *(table.name for table in workbook.tables)]


def _output(table: DecisionTable, output: OutputClause, position: int) -> InputValues:
    """What an output may be: its allowed values, or else the literals that its rules give."""
    from referee.checks import InputValues
    from referee.feel import NOT_CONSTANT, FeelSyntaxError, constant, parse_expression
    from referee.tables import HitPolicy

    if table.hit_policy is HitPolicy.COLLECT_COUNT:
        return InputValues("number", ">= 0")
    if table.hit_policy.is_aggregate:
        return InputValues("number" if table.hit_policy is HitPolicy.COLLECT_SUM else output.type)
    if not table.hit_policy.is_single:
        return InputValues("list")
    texts = list(dict.fromkeys(rule.outputs[position].text.strip() for rule in table.rules))
    may_be_null = any(text in ("", "null") for text in texts)
    if output.allowed_values is not None and not output.allowed_values.is_irrelevant:
        return InputValues(output.type, output.allowed_values.text, may_be_null)
    given = [text for text in texts if text not in ("", "null")]
    try:
        are_literals = all(constant(parse_expression(text)) is not NOT_CONSTANT for text in given)
    except FeelSyntaxError:
        are_literals = False
    return InputValues(output.type, ", ".join(given) if are_literals else "", may_be_null)
