"""Facts that only got another name between two versions of a workbook."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from referee.tables import CellText, DecisionTable

if TYPE_CHECKING:
    from referee.workbook import DecisionWorkbook, FactDefinition

Use = tuple[str, str, str]


def renamed_facts(old: DecisionWorkbook, new: DecisionWorkbook) -> dict[str, str]:
    """The new names of facts by their old ones: those of the same type that the same texts of the same tables use.

    A fact that nothing uses in either version is renamed only where its whole line is the same but for the name.
    """
    gone = [fact for fact in old.dictionary.facts if new.dictionary.fact(fact.name) is None]
    come = [fact for fact in new.dictionary.facts if old.dictionary.fact(fact.name) is None]
    if not gone or not come:
        return {}
    at_old = {fact.name: at for at, fact in enumerate(old.dictionary.facts)}
    at_new = {fact.name: at for at, fact in enumerate(new.dictionary.facts)}
    taken_names = {*(table.name for table in old.tables), *(model.node for model in old.models)}
    come = [fact for fact in come if fact.name not in taken_names]
    uses = {fact.name: _uses(new, fact.name, fact.name) for fact in come}
    found: dict[str, str] = {}
    for fact in gone:
        alike = [
            other
            for other in come
            if other.name not in found.values()
            and other.type == fact.type
            and _uses(old, fact.name, other.name) == uses[other.name]
        ]
        same_line = [other for other in alike if replace(other, name=fact.name) == fact]
        same_row = [other for other in alike if at_old[fact.name] == at_new[other.name]]
        taken = (
            same_line
            if len(same_line) == 1
            else []
            if not any(uses[each.name] for each in alike)
            else same_row
        )
        if len(taken) == 1:
            found[fact.name] = taken[0].name
    return found


def with_names(workbook: DecisionWorkbook, names: Mapping[str, str]) -> DecisionWorkbook:
    """The workbook with facts under other names wherever it speaks of them; its Tests and Changes stay as they are."""
    from referee.workbook import DataDictionary

    if not names:
        return workbook

    def fact_named(fact: FactDefinition) -> FactDefinition:
        return replace(fact, name=names.get(fact.name, fact.name))

    return replace(
        workbook,
        settings=replace(
            workbook.settings, case_id=names.get(workbook.settings.case_id, workbook.settings.case_id)
        ),
        dictionary=DataDictionary(tuple(map(fact_named, workbook.dictionary.facts))),
        models=tuple(
            replace(model, facts=tuple(names.get(name, name) for name in model.facts))
            for model in workbook.models
        ),
        tables=tuple(_table_with_names(table, names) for table in workbook.tables),
    )


def _uses(workbook: DecisionWorkbook, name: str, told: str) -> Counter[Use]:
    """Where a fact is used, with the texts as they would be under the name ``told``."""
    return Counter(
        (where, column, _with_names(text, {name: told}))
        for where, column, text in _texts(workbook)
        if _with_names(text, {name: ""}) != text
    )


def _texts(workbook: DecisionWorkbook) -> Iterator[Use]:
    for model in workbook.models:
        yield from (("", model.node, fact) for fact in model.facts)
    for table in workbook.tables:
        for clause in table.inputs:
            yield table.name, "", clause.expression.text
        for rule in table.rules:
            yield from ((table.name, "", cell.text) for cell in rule.inputs)
            for output, cell in zip(table.outputs, rule.outputs, strict=True):
                yield table.name, output.name, cell.text


def _table_with_names(table: DecisionTable, names: Mapping[str, str]) -> DecisionTable:
    def named(cell: CellText) -> CellText:
        text = _with_names(cell.text, names)
        return cell if text == cell.text else replace(cell, text=text)

    return replace(
        table,
        inputs=tuple(replace(clause, expression=named(clause.expression)) for clause in table.inputs),
        rules=tuple(
            replace(rule, inputs=tuple(map(named, rule.inputs)), outputs=tuple(map(named, rule.outputs)))
            for rule in table.rules
        ),
    )


def _with_names(text: str, names: Mapping[str, str]) -> str:
    """A FEEL text with other names in it; texts in quotes, and parts after a dot, are no names of facts."""
    if not any(name in text for name in names):
        return text
    longest_first = sorted(map(re.escape, names), key=len, reverse=True)
    pattern = rf'"(?:[^"\\]|\\.)*"|(?<![\w.])(?:{"|".join(longest_first)})(?!\w)'
    return re.sub(pattern, lambda found: names.get(found[0], found[0]), text)
