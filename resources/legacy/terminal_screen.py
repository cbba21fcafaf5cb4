"""What a 3270 terminal shows: its fields, and what stands beside a label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

CODE_PAGE = "cp037"
COLUMNS = 80
START = re.compile(r"SF\((?:[0-9a-f]{2}=[0-9a-f]{2},?)*\)")
ATTRIBUTE = re.compile(r"c0=([0-9a-f]{2})")
PROTECTED, INTENSIFIED, HIDDEN = 0x20, 0x08, 0x0C


class ScreenChanged(Exception):
    """The application doesn't look as it did. The message says where, what was looked for and what is there."""

    ROBOT_SUPPRESS_NAME = True

    def __init__(self, found: str) -> None:
        super().__init__(f"the screen changed: {found}")


@dataclass(frozen=True, slots=True)
class Field:
    """A run of places with one attribute. Rows and columns count from 1, as terminals show them."""

    row: int
    column: int
    content: str
    length: int
    protected: bool
    hidden: bool
    bright: bool

    @property
    def shown(self) -> str:
        """As people see it."""
        return "" if self.hidden else self.content.strip()

    @property
    def label(self) -> str:
        """Without what leads to the field beside it: ``NEW LIMIT . . . :`` is ``NEW LIMIT``."""
        return normal(re.sub(r"[\s.:=>]+$", "", self.shown))

    @property
    def place(self) -> str:
        return f"row {self.row}, column {self.column}"


@dataclass(frozen=True)
class TerminalScreen:
    """One moment of a screen. ``locked``: the host is at work and nothing can be typed."""

    fields: tuple[Field, ...]
    lines: tuple[str, ...]
    locked: bool

    @cached_property
    def name(self) -> str:
        """The first text on the screen; nothing while it is blank."""
        return next((field.shown for field in self.fields if field.shown), "")

    @property
    def summary(self) -> str:
        """For messages: its first line and what is bright, such as titles and the words of the host; no more of what it
        tells about people than is needed to recognise it.
        """
        first = min((field.row for field in self.fields if field.shown), default=0)
        told = [field.shown for field in self.fields if field.row == first or field.bright]
        return f"'{' / '.join(text for text in told if text)[:300]}'" if first else "nothing"

    def entry_beside(self, label: str) -> Field:
        """The field to type into that follows a label on its line, with nothing between."""
        wanted, follower = self._beside(label)
        if follower is None or follower.protected:
            there = f"the text '{follower.shown}'" if follower else "nothing"
            raise ScreenChanged(
                f"{self.name} has no field to type into beside {label} ({wanted.place}), there is {there}; "
                f"it has {self._entries()}"
            )
        return follower

    def text_beside(self, label: str) -> str:
        """What follows a label on its line; nothing if that is another label."""
        _, follower = self._beside(label)
        return "" if follower is None or follower.shown.endswith(":") else follower.shown

    def _beside(self, label: str) -> tuple[Field, Field | None]:
        found = [field for field in self.fields if field.protected and field.label == normal(label)]
        if len(found) != 1:
            how = "no label" if not found else f"{len(found)} labels"
            raise ScreenChanged(
                f"{self.name or 'a blank screen'} has {how} {label}, looked for on all of its lines; "
                f"it has {self._entries()}"
            )
        followers = [
            field
            for field in self.fields
            if field.row == found[0].row
            and field.column > found[0].column
            and (field.shown or not field.protected)
        ]
        return found[0], followers[0] if followers else None

    def _entries(self) -> str:
        """For messages: the fields to type into, by what stands before them."""
        told = []
        for field in self.fields:
            if not field.protected:
                before = [one for one in self.fields if one.row == field.row and one.column < field.column]
                label = before[-1].label if before else ""
                told.append(f"{label or 'one without a label'} ({field.place})")
        return f"the fields to type into: {', '.join(told)}" if told else "no field to type into"


def screen_in(buffer: Sequence[str], *, locked: bool) -> TerminalScreen:
    """From the lines of s3270's ``ReadBuffer(Unicode)``: a code point for each place, or the start of a field."""
    places = [place for line in buffer for place in line.split() if not place.startswith("SA(")]
    starts = [number for number, place in enumerate(places) if START.fullmatch(place)]
    content = "".join(character(place) for place in places)
    fields = []
    for start, end in pairwise([*starts, len(places)]):
        kind = int(found[1], 16) if (found := ATTRIBUTE.search(places[start])) else 0
        first = start + 1
        fields.append(
            Field(
                row=first // COLUMNS + 1,
                column=first % COLUMNS + 1,
                content=content[first:end].rstrip("\0").replace("\0", " "),
                length=end - first,
                protected=bool(kind & PROTECTED),
                hidden=kind & HIDDEN == HIDDEN,
                bright=kind & HIDDEN == INTENSIFIED,
            )
        )
    visible = list(content.replace("\0", " "))
    for field, start in zip(fields, starts, strict=True):
        if field.hidden:
            visible[start + 1 : start + 1 + field.length] = " " * field.length
    text = "".join(visible)
    lines = tuple(text[at : at + COLUMNS] for at in range(0, len(text), COLUMNS))
    return TerminalScreen(tuple(fields), lines, locked)


def character(place: str) -> str:
    """Of one place; attributes and the right halves of wide characters show as a blank."""
    if place.startswith("GE("):
        place = place[3:-1]
    return " " if place == "-" or "(" in place else chr(int(place, 16))


def normal(text: str) -> str:
    return " ".join(text.split()).upper()
