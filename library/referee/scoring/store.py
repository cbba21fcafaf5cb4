"""The folder of approved models: nothing leaves it that is not, byte for byte, what its card says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING

from referee.domain import ModelError, ModelUnavailableError
from referee.scoring.model import Model

if TYPE_CHECKING:
    from referee.scoring.card import Card


class ModelStore:
    """Models by name, each a folder with ``card.json`` and the files whose hashes the card lists."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def load(self, name: str, version: str = "") -> Model:
        """The model of that name, verified; an empty ``version`` accepts whatever version the card states.

        Where this machine holds approvers' keys (``approval``), the card must be signed by one of them. Every
        file that the card lists is read once and hashed; those very bytes are unpickled later, so a file swapped
        afterwards changes nothing. Nothing is unpickled here and scikit-learn isn't imported.
        Raises ``ModelError``.
        """
        card, card_bytes, contents = self._verified(name, version)
        approver = self._approver(self.folder / name, card, card_bytes)
        return _model(card, card_bytes, contents, approver)

    def to_approve(self, name: str) -> tuple[Model, bytes]:
        """The model whose files are those of its card, approved or not, and the very bytes of the card.

        Raises ``ModelError``.
        """
        card, card_bytes, contents = self._verified(name, "")
        return _model(card, card_bytes, contents), card_bytes

    def unverified(self, name: str) -> str:
        """What the approval of a model says, on a machine without approvers' keys, which can't prove it.

        Raises ``ModelError`` where the model can't be trusted.
        """
        from referee.scoring.approval import unverified

        card, card_bytes, _ = self._verified(name, "")
        return unverified(card.name, card.version, card_bytes, self._approval(self.folder / name, name))

    def names(self) -> list[str]:
        """The folders that hold a card, in order; whether they can be trusted is told by ``load``."""
        if not self.folder.is_dir():
            return []
        return sorted(path.parent.name for path in self.folder.glob("*/card.json"))

    def _verified(self, name: str, version: str) -> tuple[Card, bytes, dict[str, bytes]]:
        """The card, its bytes, and those of the files it lists, which have the hashes it states."""
        from referee.scoring.card import CARD_FILE
        from referee.scoring.card_reading import read_card

        folder = self._model_folder(name)
        card_path = folder / CARD_FILE
        card_bytes = _read(name, folder, CARD_FILE)
        card = read_card(card_bytes, card_path)
        if card.name != name:
            raise ModelError(
                f"model {name}: {card_path} is the card of {card.name}; restore the approved card"
            )
        if version and card.version != version:
            raise ModelUnavailableError(
                f"model {name}: version {version} is asked for, but {folder} holds version {card.version}; "
                f"restore version {version}, or approve version {card.version} and name it in the workbook"
            )
        contents = {file: _read(name, folder, file) for file in card.files}
        for file, content in contents.items():
            found = hashlib.sha256(content).hexdigest()
            if found != card.files[file]:
                raise ModelError(
                    f"model {name}: {folder / file} is not the file its card describes: expected sha256 "
                    f"{card.files[file][:12]}…, found {found[:12]}…; restore the approved file"
                )
        _check_libraries(card)
        return card, card_bytes, contents

    def _approver(self, folder: Path, card: Card, card_bytes: bytes) -> str:
        """Who approved the card; empty where this machine asks for no approval."""
        from referee.scoring.approval import approvers_folder, require_approval

        approvers = approvers_folder(self.folder)
        if approvers is None:
            return ""
        content = self._approval(folder, card.name)
        return require_approval(card.name, card.version, card_bytes, content, approvers).approver

    def _approval(self, folder: Path, name: str) -> bytes | None:
        from referee.scoring.approval import APPROVAL_FILE

        return _read(name, folder, APPROVAL_FILE) if (folder / APPROVAL_FILE).is_file() else None

    def _model_folder(self, name: str) -> Path:
        if (
            not name.strip()
            or len(name) > 100
            or name in {".", ".."}
            or any(mark in name for mark in "/\\:\0")
        ):
            raise ModelError(
                f"`{name}` isn't the name of a model; give the name of a folder in {self.folder}"
            )
        if not self.folder.is_dir():
            raise ModelUnavailableError(
                f"model {name}: the folder of models {self.folder} doesn't exist; restore it"
            )
        folder = self.folder / name
        if not folder.is_dir():
            raise ModelUnavailableError(
                f"model {name}: the folder {folder} doesn't exist; restore it, or train the model"
            )
        if folder.resolve().parent != self.folder.resolve():
            raise ModelError(
                f"model {name}: {folder} is a link out of the folder of models; put the folder itself there"
            )
        return folder


def _model(card: Card, card_bytes: bytes, contents: Mapping[str, bytes], approver: str = "") -> Model:
    from referee.scoring.compiled import COMPILED_FILE

    sha256 = hashlib.sha256(card_bytes).hexdigest()
    return Model(card, sha256, contents[card.model_file], contents.get(COMPILED_FILE), approver)


def _read(name: str, folder: Path, file: str) -> bytes:
    path = folder / file
    if not path.is_file():
        raise ModelUnavailableError(f"model {name}: the file {path} is missing; restore it")
    if path.resolve().parent != folder.resolve():
        raise ModelError(f"model {name}: {path} is a link out of its folder; put the file itself there")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelUnavailableError(
            f"model {name}: {path} can't be read ({error.strerror}); give the bot access to it"
        ) from None


def _check_libraries(card: Card) -> None:
    """Refuse libraries under which the fitted model may mean something else.

    scikit-learn promises nothing between versions of its pickles, so its version must be the same; numpy and
    joblib keep their formats within a major version.
    """
    for library, trained_with in card.libraries.items():
        try:
            found = installed_version(library)
        except PackageNotFoundError:
            found = ""
        exact = library == "scikit-learn"
        fits = found == trained_with if exact else found.split(".")[0] == trained_with.split(".")[0]
        if not fits:
            wanted = trained_with if exact else f"{trained_with.split('.')[0]}.x"
            raise ModelUnavailableError(
                f"model {card.name}: it was trained with {library} {trained_with}, "
                f"but {'version ' + found if found else 'none'} is installed; "
                f"install {library} {wanted}, or train and approve the model again"
            )
