"""What changed between two DMN models, and which cases their decision tables decide differently."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from referee.cli.changed_meaning import (
    Meaning,
    MeantRegion,
    Moved,
    Outcome,
    left_open,
    not_spoken_of,
    shown_open,
    told_regions,
)
from referee.cli.workbook_changes import ADDED, CHANGED, REMOVED, Change, table_changes
from referee.domain import InputError

if TYPE_CHECKING:
    from referee.checks import Budget, Difference, InputValues
    from referee.dmn import Definitions, Model
    from referee.dmn.elements import Element
    from referee.tables import DecisionTable

_NO_MEANING = frozenset({"place", "notes", "element_id", "requirements", "output_label"})
"""What may differ between two elements that give the same."""


@dataclass(frozen=True, slots=True)
class DmnVersion:
    """One version of a DMN model: its elements by name, and its decision tables with what their inputs may hold."""

    definitions: Definitions
    model: Model
    elements: Mapping[str, Element]
    tables: Mapping[str, DecisionTable]
    inputs: Mapping[str, InputValues]
    names: tuple[str, ...]


def is_dmn(path: Path) -> bool:
    return path.suffix.casefold() == ".dmn"


def read_dmn(path: Path) -> DmnVersion:
    """The model in a DMN file, or of a workbook as it would be exported. Raises RulesError with all its faults."""
    from referee.cli.model_tables import model_tables
    from referee.dmn import Model, read_definitions
    from referee.workbook import definitions_of, read_workbook

    if is_dmn(path) and not path.is_file():
        raise InputError(f"{path}: there is no such file; check its name")
    definitions = read_definitions(path) if is_dmn(path) else definitions_of(read_workbook(path))
    model = Model(definitions)
    model.check()
    found = model_tables(definitions)
    inputs: dict[str, InputValues] = {}
    for each in found:
        for name, values in each.inputs.items():
            inputs.setdefault(name, values)
    return DmnVersion(
        definitions,
        model,
        {element.name: element for element in definitions.elements.values()},
        {each.table.name: each.table for each in found if each.is_decision},
        inputs,
        tuple(dict.fromkeys(name for each in found for name in each.names)),
    )


def dmn_changes(old: DmnVersion, new: DmnVersion) -> list[Change]:
    """Everything that is written otherwise and may matter to a value; diagrams and descriptions are left out."""
    from referee.dmn import InputData

    found: list[Change] = []
    for name in dict.fromkeys((*old.elements, *new.elements)):
        before, after = old.elements.get(name), new.elements.get(name)
        place = getattr(after or before, "place", None)
        if name in old.tables or name in new.tables:
            if name not in old.tables and before is not None:
                found.append(Change(CHANGED, name, "it is a decision table now", place))
            elif name not in new.tables and after is not None:
                found.append(Change(CHANGED, name, "it is no decision table any more", place))
            continue
        subject = "inputs" if isinstance(after or before, InputData) else "decisions"
        if before is None or after is None:
            found.append(Change(ADDED if before is None else REMOVED, subject, f"`{name}`", place))
        elif isinstance(before, InputData) and isinstance(after, InputData):
            if old.inputs.get(name) != new.inputs.get(name):
                was, now = (_values_text(version.inputs.get(name)) for version in (old, new))
                found.append(Change(CHANGED, subject, f"`{name}`: {was} is now {now}", place))
        elif _meant(before) != _meant(after):
            found.append(Change(CHANGED, subject, f"`{name}`: its logic is another", place))
    both = [
        [table for name, table in one.tables.items() if name in other.tables or name not in other.elements]
        for one, other in ((old, new), (new, old))
    ]
    return [*found, *table_changes(*both)]


def dmn_meaning(old: DmnVersion, new: DmnVersion, budget: Budget) -> Meaning:
    """Which cases the decision tables of two models decide differently, through all tables that they need.

    A value that comes with doubt is doubt, and cases that are in doubt in both versions count as decided alike.
    Only tables that no other table needs are compared: the others show in them. What other logic gives is not
    compared, and said where something that it may use changed.
    """
    from referee.checks import Version, differences

    deciding = [name for name in new.tables if name in old.tables and not _is_needed_in_both(name, old, new)]
    unproved = list(_not_compared(old, new))
    if not deciding and dmn_changes(old, new):
        unproved.append("no decision table has the same name in both, so no case is compared")
    regions: list[MeantRegion] = []
    for done, name in enumerate(deciding):
        told = differences(
            *(Version(list(each.tables.values()), each.inputs, name) for each in (old, new)),
            names={*old.names, *new.names},
            budget=budget.share(1 / (len(deciding) - done)),
        )
        for difference in (*told.found, *shown_open(told)):
            facts, example = _evaluated(difference, name, old, new)
            values = {**difference.case.values, **not_spoken_of(facts, difference.case.values)}
            regions.append(MeantRegion(difference.where, values, example, decision=name))
        unproved += [f"`{name}`, {sentence}" for sentence in left_open(told)]
    return Meaning(told_regions(regions), tuple(unproved))


def _evaluated(
    difference: Difference, name: str, old: DmnVersion, new: DmnVersion
) -> tuple[Mapping[str, Any], Moved | None]:
    """The inputs of an example, each with a value, and what both models give for it."""
    given = difference.case.facts
    if given is None:
        return {}, None
    facts = {**_fillers(old), **_fillers(new), **given}
    outcomes = []
    for version in (old, new):
        found = version.model.evaluate(name, facts)
        doubts = dict.fromkeys(each.message for each in found.diagnostics if each.is_doubt)
        value = None if doubts else found.value
        outcomes.append(Outcome(value=value, is_doubt=bool(doubts), reasons=tuple(doubts)))
    return facts, Moved("", facts, *outcomes)


def _fillers(version: DmnVersion) -> dict[str, Any]:
    """A value for each input that a case brings."""
    from referee.checks import a_value
    from referee.dmn import InputData

    return {
        name: a_value(values)
        for name, element in version.elements.items()
        if isinstance(element, InputData)
        and (values := version.inputs.get(name)) is not None
        and values.type not in ("", "context", "list")
    }


def _is_needed_in_both(name: str, old: DmnVersion, new: DmnVersion) -> bool:
    """Whether in both versions a table that is compared needs it, so that all it gives shows there."""
    others = [other for other in new.tables if other in old.tables and other != name]
    return all(any(name in _needs(version, other) for other in others) for version in (old, new))


def _not_compared(old: DmnVersion, new: DmnVersion) -> Iterator[str]:
    """A sentence for each change, or thing that hangs on one, that regions don't tell."""
    from referee.dmn import InputData

    names = dict.fromkeys((*old.elements, *new.elements))
    changed = {
        name
        for name in names
        if _meant(old.elements.get(name)) != _meant(new.elements.get(name))
        or old.inputs.get(name) != new.inputs.get(name)
    }
    types = {each.name: each for each in old.definitions.types}
    for kind in new.definitions.types:
        if kind.name in types and _meant(types[kind.name]) != _meant(kind):
            yield f"the type `{kind.name}` changed: values that only one version takes are not compared"
    if _meant(old.definitions.imports) != _meant(new.definitions.imports):
        yield "what the model imports changed: what that means is not compared"
    for name in names:
        before, after = old.elements.get(name), new.elements.get(name)
        if isinstance(before, InputData) and isinstance(after, InputData):
            if old.inputs.get(name) != new.inputs.get(name):
                yield f"the input `{name}` changed: values that only one version takes are not compared"
        elif before is None or after is None:
            if name not in new.tables and not isinstance(before or after, InputData):
                yield f"`{name}` is in one version only: what it gives is not compared"
        elif name not in old.tables or name not in new.tables:
            reached = {name, *_all_needs(old, name), *_all_needs(new, name)}
            if reached & changed:
                yield (
                    f"`{name}` is no decision table, and it or something it needs changed: what it gives, and what "
                    "follows from that, is not compared"
                )


def _all_needs(version: DmnVersion, name: str) -> set[str]:
    found: set[str] = set()
    stack = [name]
    while stack:
        for each in _needs(version, stack.pop()):
            if each not in found:
                found.add(each)
                stack.append(each)
    return found


def _needs(version: DmnVersion, name: str) -> set[str]:
    """The elements that an element speaks of: those it requires, or those whose names stand in its texts."""
    element = version.elements.get(name)
    required = getattr(element, "requirements", None)
    if required is not None:
        return {
            version.definitions.elements[each.key].name
            for each in required
            if each.key in version.definitions.elements
        }
    texts = list(_texts(element))
    return {
        other
        for other in version.elements
        if other != name and any(re.search(rf"(?<![\w.]){re.escape(other)}(?!\w)", text) for text in texts)
    }


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            if field.name not in _NO_MEANING:
                yield from _texts(getattr(value, field.name))
    elif isinstance(value, Sequence):
        for each in value:
            yield from _texts(each)


def _meant(value: Any) -> Any:
    """A value without what has no bearing on any result, to compare by."""
    if is_dataclass(value) and not isinstance(value, type):
        told = (
            _meant(getattr(value, field.name)) for field in fields(value) if field.name not in _NO_MEANING
        )
        return (type(value).__name__, *told)
    if isinstance(value, Mapping):
        return tuple((name, _meant(each)) for name, each in value.items())
    if isinstance(value, (tuple, list)):
        return tuple(map(_meant, value))
    return value


def _values_text(values: InputValues | None) -> str:
    if values is None:
        return "anything"
    return f"{values.type or 'anything'}{f' ({values.allowed_values})' if values.allowed_values else ''}"
