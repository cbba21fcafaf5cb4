"""A card read from its file, and what is wrong with it in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from referee.domain import ModelError
from referee.scoring.card import Card


def read_card(content: bytes, path: Path) -> Card:
    """The card in these bytes.

    Raises ``ModelError`` that lists every invalid field; ``path`` is for the message only.
    """
    try:
        fields = json.loads(content, object_pairs_hook=_without_repeats, parse_constant=_not_a_number)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} isn't a readable card: {error}; restore the approved file") from None
    try:
        return Card.model_validate(fields)
    except ValidationError as error:
        faults = "\n".join(f"  {_in_words(fault)}" for fault in error.errors())
        raise ModelError(
            f"{path} isn't a valid card; restore the approved file or correct:\n{faults}"
        ) from None


def _in_words(fault: Any) -> str:
    place = ", ".join(str(part + 1) if isinstance(part, int) else part for part in fault["loc"]) or "the card"
    match fault["type"]:
        case "missing":
            return f"{place}: is missing"
        case "extra_forbidden":
            return f"{place}: no such field is known"
        case "string_pattern_mismatch":
            return f"{place}: isn't a sha256 of 64 lower-case hexadecimal digits"
        case "model_type":
            return f"{place}: is not a group of named fields"
        case _:
            message = str(fault["msg"]).removeprefix("Value error, ").removeprefix("Input ")
            return f"{place}: {message[:1].lower()}{message[1:]}"


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"`{next(name for name in names if names.count(name) > 1)}` stands in it twice")
    return fields


def _not_a_number(text: str) -> float:
    raise ValueError(f"`{text}` isn't a number")
