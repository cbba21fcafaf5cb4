"""Signed checkpoints: how many records a log had and the hash of the last, kept in a second place.

The chain of hashes shows that nothing in a log was changed as long as its newest records are still there; whoever can
write the log could cut it off, or change it and compute every hash anew. Neither fits a checkpoint signed before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from referee.audit.canonical_json import canonical_json, exact_json
from referee.domain import AuditError, LineAddress
from referee.signing import KeyFault, is_signed, key_name, read_public_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SUFFIX = ".checkpoints.jsonl"

_PURPOSE = b"referee audit checkpoint 1\n"
"""Goes before what is signed, so that a signature made for anything else is none here."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log was at a moment: its id (the hash of its first record), its number of records and the hash of the
    last. ``origin`` holds its names (see ``log_names``), ``key`` names the public key that ``signature`` (hex) is
    checked with.
    """

    log: str
    records: int
    head: str
    time: str
    origin: str
    writer: str
    key: str
    signature: str

    def signed(self) -> bytes:
        """What the signature is over: everything but itself."""
        fields = asdict(self)
        del fields["signature"]
        return _PURPOSE + canonical_json(fields)

    def line(self) -> bytes:
        """How it stands in its file."""
        return exact_json({"v": 1, **asdict(self)}) + b"\n"


@dataclass(frozen=True, slots=True)
class NotedCheckpoint:
    """A checkpoint and the line it stands in; ``fault`` says why it can't be relied on, if so."""

    checkpoint: Checkpoint
    place: LineAddress
    fault: str = ""


def trusted_keys(place: Path) -> dict[str, Ed25519PublicKey]:
    """The public keys in a file or in the ``*.pub`` files of a folder, by name. Other files in the folder may have that
    name too, such as those of ssh. Raises AuditError when there is no key.
    """
    if not place.exists():
        raise AuditError(
            f"there is no {place}; name the public key of checkpoints, or the folder that holds it"
        )
    paths = sorted(place.glob("*.pub")) if place.is_dir() else [place]
    keys, faults = {}, []
    for path in paths:
        try:
            key = read_public_key(path)
        except KeyFault as fault:
            faults.append(str(fault))
        else:
            keys[key_name(key)] = key
    if not keys and faults:
        raise AuditError(f"the keys of checkpoints can't be used: {faults[0]}")
    if not keys:
        raise AuditError(f"there is no public key in {place}; name the folder that holds NAME.pub")
    return keys


def fault_of(checkpoint: Checkpoint, path: Path, keys: Mapping[str, Ed25519PublicKey] | None) -> str:
    """Why a checkpoint in a file can't be relied on, "" when it can. Without keys nothing is said of who made it."""
    if path.name != f"{checkpoint.log}{SUFFIX}":
        return "this checkpoint is one of another log"
    if keys is None:
        return ""
    key = keys.get(checkpoint.key)
    if key is None:
        return f"this checkpoint is signed with the key {checkpoint.key}, which isn't among those trusted"
    if not is_signed(key, bytes.fromhex(checkpoint.signature), checkpoint.signed()):
        return "this checkpoint was changed after it was signed, or was signed by somebody else"
    return ""


def parse_checkpoint(line: bytes) -> Checkpoint | None:
    """The checkpoint of a line, by whomever it was made; None for anything else."""
    try:
        fields = json.loads(line)
        if not isinstance(fields, dict) or fields.pop("v", None) != 1:
            return None
        bytes.fromhex(fields["signature"])
        datetime.fromisoformat(fields["time"])
        checkpoint = Checkpoint(**fields)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return checkpoint if _is_well_formed(fields) else None


def _is_well_formed(fields: dict[str, Any]) -> bool:
    typed = all(type(value) is (int if name == "records" else str) for name, value in fields.items())
    return typed and fields["records"] > 0
