"""A model folder written whole: the files, then the card that holds their hashes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import joblib

from referee.scoring.card import CARD_FILE, Card


def dumped(classifier: Any) -> bytes:
    """The fitted classifier as the store reads it."""
    stream = io.BytesIO()
    joblib.dump(classifier, stream)
    return stream.getvalue()


def libraries() -> dict[str, str]:
    """The versions that a card states."""
    return {library: installed_version(library) for library in ("scikit-learn", "numpy", "joblib")}


def hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    """The sha256 of each file."""
    return {file: hashlib.sha256(data).hexdigest() for file, data in files.items()}


def write_model(models_folder: str | Path, card: Card, files: Mapping[str, bytes]) -> Path:
    """Writes the folder of the model and gives its path.

    The card comes last: a folder written half is one whose hashes don't agree, and is refused.
    """
    folder = Path(models_folder) / card.name
    folder.mkdir(parents=True, exist_ok=True)
    for file, data in (*files.items(), (CARD_FILE, card.as_bytes())):
        unfinished = folder / f"{file}.new"
        unfinished.write_bytes(data)
        unfinished.replace(folder / file)
    return folder
