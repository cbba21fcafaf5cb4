"""A model folder written whole: the files, then the card that holds their hashes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any, Literal

import joblib

from referee.domain import InputError
from referee.scoring.card import CARD_FILE, MODEL_FILE, SKOPS_FILE, Card
from referee.scoring.trusted_pickle import load_trusted
from referee.scoring.trusted_skops import load_trusted_skops


def dumped(classifier: Any) -> bytes:
    """The fitted classifier as the store reads it."""
    stream = io.BytesIO()
    joblib.dump(classifier, stream)
    return stream.getvalue()


def dumped_as(model_format: Literal["joblib", "skops"], classifier: Any, subject: str) -> Kept:
    """The fitted classifier in this format. Raises ``InputError`` where skops isn't installed."""
    if model_format == "joblib":
        return Kept(MODEL_FILE, dumped(classifier))
    try:
        from skops import io as skops_io  # type: ignore[import-untyped]
    except ImportError:
        raise InputError(
            f"{subject}: skops isn't installed; install it, or leave out --format skops"
        ) from None
    content = skops_io.dumps(classifier)
    return Kept(SKOPS_FILE, content, tuple(skops_io.get_untrusted_types(data=content)))


@dataclass(frozen=True, slots=True)
class Kept:
    """A fitted classifier as the bytes of a file; ``trusted_types`` are those that a file of skops asks for."""

    file: str
    content: bytes
    trusted_types: tuple[str, ...] = ()

    def loaded(self, subject: str) -> Any:
        """The classifier by the door through which a bot will load it."""
        if self.file == SKOPS_FILE:
            return load_trusted_skops(self.content, self.trusted_types, subject)
        return load_trusted(self.content, subject)


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
