"""Who may approve a model, and whether somebody did: Ed25519 signatures over the card.

The public keys of the approvers stand in a folder of the bot's machine, outside the repository: that of
`REFEREE_APPROVERS`, else `approvers` in the user's configuration of Referee. Where there is such a folder, even an
empty one, nothing is used without an approval; where there is none, models are trusted by the hashes in their cards.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from referee.domain import ModelError
from referee.files import configuration_folder
from referee.signing import KeyFault, is_signed, key_pair, read_private_key, read_public_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

APPROVAL_FILE = "approval.json"
REVOKED_FILE = "revoked.txt"
ENVIRONMENT = "REFEREE_APPROVERS"

_PURPOSE = b"referee model approval 1\n"
"""Goes before what is signed, so that a signature made for anything else is none here."""

_TAKEN_BACK = re.compile(r"([0-9a-fA-F]{64})(?![0-9a-zA-Z])")


class Approval(BaseModel):
    """The content of ``approval.json``. ``card`` is the sha256 of the card; ``approver`` names the key."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: Literal[1]
    model: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(min_length=1)]
    card: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    approver: Annotated[str, Field(min_length=1)]
    date: str
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]

    def signed(self) -> bytes:
        """What the signature is over: everything but itself."""
        content = self.model_dump(mode="json", exclude={"signature"})
        return _PURPOSE + json.dumps(content, sort_keys=True, ensure_ascii=False).encode()


def approvers_folder(models: Path) -> Path | None:
    """Where this machine keeps the approvers' public keys; None where it asks for no approval.

    Raises ``ModelError`` for a folder that is named but absent, for a variable that is set but empty, and for a folder
    within that of models: whoever may write there could approve for himself.
    """
    named = os.environ.get(ENVIRONMENT)
    if named is not None and not named.strip():
        raise ModelError(
            f"{ENVIRONMENT} is set but names no folder; name the folder of the approvers' keys, or remove the variable"
        )
    folder = Path(named) if named else configuration_folder() / "approvers"
    if not folder.is_dir():
        if named or folder.exists():
            raise ModelError(
                f"{ENVIRONMENT} names the folder {folder}, which doesn't exist; restore the approvers' keys"
                if named
                else f"{folder} should be the folder of the approvers' keys, but is a file; restore the folder"
            )
        return None
    if folder.resolve().is_relative_to(models.resolve()):
        raise ModelError(
            f"the approvers' keys in {folder} are inside the folder of models; keep them outside the repository"
        )
    return folder


def require_approval(
    name: str, version: str, card: bytes, content: bytes | None, approvers: Path
) -> Approval:
    """The approval in ``content``, given for exactly this card by somebody whose key is in ``approvers``.

    Raises ``ModelError``.
    """
    subject = f"model {name}"
    if content is None:
        raise ModelError(
            f"{subject}: nobody has approved it, and {approvers} says that approval is needed; have it approved "
            "(`referee model approve`)"
        )
    try:
        approval = Approval.model_validate_json(content)
    except ValidationError as error:
        raise ModelError(
            f"{subject}: its {APPROVAL_FILE} can't be read ({error.error_count()} faults); have it approved again"
        ) from None
    key = _public_key(subject, approval.approver, approvers)
    if not is_signed(key, bytes.fromhex(approval.signature), approval.signed()):
        raise ModelError(
            f"{subject}: the signature isn't that of {approval.approver}; have the model approved again, and find "
            "out who changed it"
        )
    digest = hashlib.sha256(card).hexdigest()
    if (approval.model, approval.version, approval.card) != (name, version, digest):
        raise ModelError(
            f"{subject}: the approval is for another card ({approval.model} {approval.version}, sha256 "
            f"{approval.card[:12]}…, found {digest[:12]}…); restore the approved card, or have this one approved"
        )
    if digest in _revoked(approvers):
        raise ModelError(
            f"{subject}: the approval of this card was taken back ({approvers / REVOKED_FILE}); use the version that "
            "replaced it"
        )
    return approval


def unverified(name: str, version: str, card: bytes, content: bytes | None) -> str:
    """What an approval says of this card where no key is at hand that could prove it."""
    if content is None:
        return "nobody has signed its card"
    try:
        approval = Approval.model_validate_json(content)
    except ValidationError:
        return f"its {APPROVAL_FILE} can't be read"
    if (approval.model, approval.version) != (name, version):
        return f"its {APPROVAL_FILE} is for {approval.model} {approval.version}, not for {name} {version}"
    if approval.card != hashlib.sha256(card).hexdigest():
        return f"its card was changed after {approval.approver} signed it on {approval.date}"
    return f"{approval.approver} signed it on {approval.date}, as its {APPROVAL_FILE} says"


def approve(name: str, version: str, card: bytes, approver: str, key: Ed25519PrivateKey, date: str) -> bytes:
    """The content of ``approval.json`` for this card."""
    unsigned = Approval(
        format=1,
        model=name,
        version=version,
        card=hashlib.sha256(card).hexdigest(),
        approver=approver,
        date=date,
        signature="0" * 128,
    )
    signed = unsigned.model_copy(update={"signature": key.sign(unsigned.signed()).hex()})
    return (json.dumps(signed.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n").encode()


def new_keys(approver: str, passphrase: bytes = b"") -> tuple[bytes, bytes]:
    """A private and a public key as PEM; the private one encrypted where there is a passphrase."""
    _require_name(approver)
    return key_pair(passphrase)


def read_approvers_key(path: Path, passphrase: bytes = b"") -> Ed25519PrivateKey:
    """The private key in this file. Raises ``ModelError``, which never quotes it."""
    try:
        return read_private_key(path, passphrase)
    except KeyFault as fault:
        raise ModelError(str(fault)) from None


def _public_key(subject: str, approver: str, approvers: Path) -> Ed25519PublicKey:
    _require_name(approver)
    path = approvers / f"{approver}.pub"
    if not path.is_file():
        raise ModelError(
            f"{subject}: it was approved by {approver}, whose key isn't in {approvers}; have it approved by somebody "
            "who may, or add the key if this person may"
        )
    try:
        return read_public_key(path)
    except KeyFault as fault:
        raise ModelError(f"{subject}: {fault}") from None


def _require_name(approver: str) -> None:
    if not approver.strip() or approver.startswith(".") or any(mark in approver for mark in "/\\:\0\n"):
        raise ModelError(f"`{approver}` can't be the name of an approver, which is the name of a file")


def _revoked(approvers: Path) -> set[str]:
    """The cards whose approval was taken back: each line begins with a sha256, and the rest of it is for people.

    A line of another kind stops the run: whoever wrote it meant to take something back.
    """
    path = approvers / REVOKED_FILE
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        if path.is_symlink():
            raise ModelError(f"{path} is a link to a file that isn't there; restore the file") from None
        return set()
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} can't be read ({error}); restore it") from None
    revoked = set()
    for number, line in enumerate(lines, 1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        found = _TAKEN_BACK.match(content)
        if found is None:
            raise ModelError(
                f"{path}, line {number}: `{content[:80]}` doesn't begin with the sha256 of a card, 64 hexadecimal "
                "digits; write `card` of its approval.json there, or `#` before a comment"
            )
        revoked.add(found[1].lower())
    return revoked
