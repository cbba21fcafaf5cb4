"""Facts that must not be readable in the log, and what stands there in their place.

Each stands as text that begins with how it is hidden and the id of its case's key: ``hmac-sha256:<key>:<hex>``,
``masked:<key>:***34`` or ``aes-256-gcm:<key>:<base64>``.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from referee.audit.canonical_json import canonical_json, exact_json, parse_json
from referee.domain import AuditError

HASH, MASK, ENCRYPT = "hash", "mask", "encrypt"

MOST_SHOWN = 4
"""Last signs of a value that a mask may leave at most."""

LOGGED_AS = re.compile(rf"{HASH}|{MASK}( [1-{MOST_SHOWN}])?|{ENCRYPT}")
"""How a sensitive fact may stand in the log; ``mask 2`` leaves its last two signs."""

HASH_MARK, MASK_MARK, SEALED_MARK = MARKS = ("hmac-sha256:", "masked:", "aes-256-gcm:")

NOT_SHOWN = "(sensitive)"
"""What stands where a value isn't for everybody's eyes."""

_HIDDEN = re.compile(r"(?P<how>hmac-sha256|masked|aes-256-gcm):(?P<key>[0-9a-f]{16}):(?P<rest>\S*)")
_HIDING = "***"
_NONCE_BYTES = 12


class Key(Protocol):
    """The key of a case: see ``CaseKey``."""

    @property
    def id(self) -> str: ...
    @property
    def hashing(self) -> bytes: ...
    @property
    def sealing(self) -> bytes: ...
    @property
    def numbering(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Hidden:
    """What the log holds of a sensitive fact: ``how`` it is hidden (hash, mask or encrypt), and under which key."""

    how: str
    key_id: str
    rest: str

    @property
    def shown(self) -> str:
        """What of it may be shown: of a hash its first signs, which tell whether two are the same."""
        if self.how == HASH:
            return f"{NOT_SHOWN} {self.rest[:8]}"
        return self.rest if self.how == MASK and self.rest != _HIDING else NOT_SHOWN


def hidden(value: Any) -> Hidden | None:
    """What a fact of a record hides; None for one that stands there as it is."""
    if not isinstance(value, str) or not value.startswith(MARKS):
        return None
    found = _HIDDEN.fullmatch(value)
    if found is None:
        return None
    how = {HASH_MARK: HASH, MASK_MARK: MASK, SEALED_MARK: ENCRYPT}[found["how"] + ":"]
    return Hidden(how, found["key"], found["rest"])


def hidden_facts(facts: Mapping[str, Any]) -> dict[str, Hidden]:
    """The facts of a record that are hidden."""
    return {name: told for name, value in facts.items() if (told := hidden(value)) is not None}


def keyed_hash(key: Key, value: Any) -> str:
    """Equal values of a case give equal text, and without the key nobody can try values out.

    ``1``, ``1.0`` and ``Decimal("1.00")`` are equal values here.
    """
    return f"{HASH_MARK}{key.id}:{hmac.digest(key.hashing, canonical_json(value), 'sha256').hex()}"


def hide(value: Any, logged_as: str, key: Key, whose: tuple[str, str, str]) -> str:
    """What stands in the log in a value's place. ``whose`` are its decision, its case, and the name of the fact, to
    which encryption ties it.
    """
    how, _, last = logged_as.partition(" ")
    if how == ENCRYPT:
        return f"{SEALED_MARK}{key.id}:{_sealed(value, key, whose)}"
    if how == MASK:
        return f"{MASK_MARK}{key.id}:{_HIDING}{_last_signs(value, int(last or 0))}"
    return keyed_hash(key, value)


def unsealed(told: Hidden, key: Key, whose: tuple[str, str, str]) -> Any:
    """The value of an encrypted fact, its numbers as ``Decimal``. Raises AuditError when it isn't what was written, or
    stands in another place than it was written for.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        sealed = b64decode(told.rest, validate=True)
        text = AESGCM(key.sealing).decrypt(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], canonical_json(whose)
        )
    except (InvalidTag, ValueError) as fault:
        decision, case, name = whose
        raise AuditError(
            f"the encrypted fact `{name}` of case {case} ({decision}) isn't what was written there under the key "
            f"{told.key_id}; see `referee audit verify`"
        ) from fault
    return parse_json(text)


def _sealed(value: Any, key: Key, whose: tuple[str, str, str]) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    text, tied = exact_json(value), canonical_json(whose)
    # The nonce follows from what is encrypted, so it never comes twice for different texts, and equal facts of a case
    # have equal records, which a replay can compare.
    nonce = hmac.digest(key.numbering, tied + b"\0" + text, "sha256")[:_NONCE_BYTES]
    return b64encode(nonce + AESGCM(key.sealing).encrypt(nonce, text, tied)).decode("ascii")


def _last_signs(value: Any, count: int) -> str:
    """The last signs of a value that has at least twice as many letters and digits; else nothing."""
    text = value if isinstance(value, str) else canonical_json(value).decode("utf-8").strip('"')
    signs = [sign for sign in text if sign.isalnum()]
    return "".join(signs[-count:]) if count and len(signs) >= 2 * count else ""
