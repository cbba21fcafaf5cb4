"""What people write about the elements of a model: kept from file to file, without a bearing on any value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Passage:
    """An element of DMN's XML kept as it stands: a knowledge source, a text annotation, an owner of a decision."""

    tag: str
    attributes: tuple[tuple[str, str], ...] = ()
    text: str = ""
    parts: tuple[Passage, ...] = ()

    def get(self, attribute: str) -> str:
        return next((value for name, value in self.attributes if name == attribute), "")


@dataclass(frozen=True, slots=True)
class Notes:
    """An element's texts for people; ``question`` and ``allowed_answers`` are those of a decision."""

    description: str = ""
    label: str = ""
    question: str = ""
    allowed_answers: str = ""
    passages: tuple[Passage, ...] = ()


NO_NOTES = Notes()
