"""The ids of a DMN file to be written: those it had are kept, the others are made up, and none is given twice."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import Any

from referee.domain import ElementAddress, Place

_NO_NAME_CHARACTER = re.compile(r"[^\w.-]+")


class XmlIds:
    """Gives ids. Those of ``known`` are only given to the elements that had them."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        self._given: set[str] = set()

    def own(self, own_id: str, suggestion: str) -> str:
        """The id that an element has already, or a new one."""
        if own_id and own_id not in self._given:
            self._given.add(own_id)
            return own_id
        return self.new(suggestion)

    def of(self, place: Place | None, suggestion: str) -> str:
        """The id an element was read with, or a new one; its place may name the element around it, which has its id."""
        return self.own(place.element_id if isinstance(place, ElementAddress) else "", suggestion)

    def new(self, suggestion: str) -> str:
        number, made = 1, suggestion
        while made in self._known or made in self._given:
            number += 1
            made = f"{suggestion}_{number}"
        self._given.add(made)
        return made


def id_of_name(name: str) -> str:
    """An XML id that looks like a name."""
    made = _NO_NAME_CHARACTER.sub("_", name).strip("_.-")
    return made if made and (made[0].isalpha()) else f"_{made}"


def element_ids(part: Any) -> Iterator[str]:
    """The ids in the places of a part of a model and of all its parts."""
    if isinstance(part, ElementAddress):
        yield part.element_id
    elif isinstance(part, tuple):
        for each in part:
            yield from element_ids(each)
    elif dataclasses.is_dataclass(part):
        for field in dataclasses.fields(part):
            yield from element_ids(getattr(part, field.name))
