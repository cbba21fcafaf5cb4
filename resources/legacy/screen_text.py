"""What stands on a picture of a window, and where: texts by Tesseract, and the entry field beside a label."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

READ_SPARSE_TEXT = ("tesseract", "stdin", "stdout", "--psm", "11", "tsv")
ALIKE = 0.88
"""How like a label a text must be. Of a short one, no sign may be misread but for those that look alike."""
LOOKS_LIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "5": "s", "8": "b"})
WORD_GAP = 0.9
"""Words further apart than this, in heights of a line, belong to different texts."""
LIGHT = 240
FIELD_WIDTH = 40
FURTHEST_FIELD = 400


class NotRead(Exception):
    """The screen can't be read by this machine."""

    ROBOT_SUPPRESS_NAME = True


@dataclass(frozen=True, slots=True)
class Text:
    """Words that belong together, with the pixels they take up in the picture."""

    words: str
    left: int
    top: int
    right: int
    bottom: int

    @property
    def middle(self) -> int:
        return (self.top + self.bottom) // 2


def texts_in(image: Image, enlarged: int = 2) -> list[Text]:
    """From top to bottom. Small letters are read better from a picture that is ``enlarged``."""
    large = image.convert("L").resize((image.width * enlarged, image.height * enlarged))
    found = [text for line in _lines(_read(large), enlarged) for text in _apart(line)]
    return sorted(found, key=lambda text: (text.top, text.left))


def label_in(texts: Sequence[Text], label: str) -> Text | None:
    """The text that is this label, the whole text; none if there is none, or more than one is just as like it."""
    wanted = _plain(label)
    likeness = [(SequenceMatcher(None, wanted, _plain(text.words)).ratio(), text) for text in texts]
    best = max((ratio for ratio, _ in likeness), default=0.0)
    found = [text for ratio, text in likeness if ratio == best]
    return found[0] if best >= ALIKE and len(found) == 1 else None


def field_beside(image: Image, label: Text) -> tuple[int, int] | None:
    """A point in the entry field to the right of a label: a light area, where the form isn't; none if there is none."""
    grey = image.convert("L")
    furthest = min(image.width, label.right + FURTHEST_FIELD)
    for y in (label.top - 2, label.bottom + 2, label.middle):
        if not 0 <= y < image.height:
            continue
        line = grey.crop((label.right, y, furthest, y + 1)).tobytes()
        light = bytes(shade >= LIGHT for shade in line).find(bytes([1] * FIELD_WIDTH))
        if light >= 0:
            return label.right + light + FIELD_WIDTH // 2, label.middle
    return None


def _read(image: Image) -> list[dict[str, str]]:
    """What Tesseract finds, a row each. It gets the picture through a pipe: a file would stay, with what the screen
    shows, when the bot is killed.
    """
    picture = BytesIO()
    image.save(picture, "PNG")
    try:
        done = subprocess.run(
            READ_SPARSE_TEXT,
            input=picture.getvalue(),
            capture_output=True,
            check=False,
            # Several threads wait for each other most of the time: with one, a window takes a quarter as long.
            env={"OMP_THREAD_LIMIT": "1", **os.environ},
        )
    except FileNotFoundError:
        raise NotRead(
            "Tesseract, which reads what is on the screen, is not installed (on Debian: apt-get install tesseract-ocr)"
        ) from None
    if done.returncode != 0:
        raise NotRead(f"Tesseract can't read the screen: {done.stderr.decode(errors='replace').strip()}")
    heading, *rows = [line.split("\t") for line in done.stdout.decode("utf-8").splitlines()]
    return [dict(zip(heading, row, strict=True)) for row in rows]


def _lines(found: Sequence[dict[str, str]], enlarged: int) -> Iterator[list[Text]]:
    for _, group in groupby(found, key=lambda row: (row["block_num"], row["par_num"], row["line_num"])):
        words = []
        for row in group:
            text = row["text"].strip("|[]_—-~ ")
            if text:
                left, top, width, height = (
                    int(row[side]) // enlarged for side in ("left", "top", "width", "height")
                )
                words.append(Text(text, left, top, left + width, top + height))
        if words:
            yield words


def _apart(words: list[Text]) -> Iterator[Text]:
    """A line's words, put together where they stand close."""
    height = max(word.bottom - word.top for word in words)
    joined = words[0]
    for word in words[1:]:
        if word.left - joined.right > WORD_GAP * height:
            yield joined
            joined = word
        else:
            joined = Text(
                f"{joined.words} {word.words}",
                joined.left,
                min(joined.top, word.top),
                word.right,
                max(joined.bottom, word.bottom),
            )
    yield joined


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold()).translate(LOOKS_LIKE)
