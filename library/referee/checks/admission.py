"""Which cases two versions of a decision take at all: a value that isn't allowed is doubt from the start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_

from referee.checks.case_space import Box, CaseSpace, InputValues
from referee.checks.decision_logic import Cut
from referee.tables import CellText

Gates = Sequence[tuple[int, int]]
"""Dimensions with the regions that a version admits."""


def admitted_otherwise(
    old: Mapping[str, InputValues], new: Mapping[str, InputValues]
) -> dict[str, list[str]]:
    """The facts that one version refuses where the other doesn't, with the allowed values of both.

    A fact of another type is left out: no value is the same to both.
    """
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys((*old, *new)):
        one, other = old.get(name), new.get(name)
        if one == other or (one is not None and other is not None and one.type != other.type):
            continue
        found[name] = [each.allowed_values for each in (one, other) if each is not None]
    return found


def gates_of(
    space: CaseSpace, names: Iterable[str], facts: Mapping[str, InputValues]
) -> list[tuple[int, int]]:
    """The regions that a version admits, of the facts that another one admits otherwise."""
    found = []
    for name in names:
        values = facts.get(name)
        if values is None:
            continue
        at = space.position(name)
        dimension = space.dimensions[at]
        answers = space.answers(at, CellText(values.allowed_values or "-"))
        admitted = (dimension.full if answers.is_open else answers.true) & ~dimension.null
        found.append((at, admitted | dimension.null if values.may_be_null else admitted))
    return found


def is_refused(gates: Gates, box: Box) -> bool | Cut:
    """Whether no case of a box is admitted; or how to cut so that none is, or all are."""
    cut: Cut | None = None
    for at, admitted in gates:
        inside = box[at] & admitted
        if not inside:
            return True
        if inside != box[at]:
            cut = cut or Cut(at, inside)
    return cut or False


def around_admitted(boxes: Sequence[Box], gates: Sequence[Gates]) -> Box:
    """The smallest box that holds some boxes, without values that every version refuses."""
    around = [reduce(or_, regions) for regions in zip(*boxes, strict=True)]
    admitted: dict[int, list[int]] = {}
    for at, regions in (gate for version in gates for gate in version):
        admitted.setdefault(at, []).append(regions)
    for at, each in admitted.items():
        if len(each) == len(gates):
            around[at] &= reduce(or_, each)
    return tuple(around)
