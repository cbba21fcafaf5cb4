"""Facts that must not be readable in the log: a keyed hash stands in their place."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from referee.audit.canonical_json import canonical_json
from referee.audit.disk_fault import reason
from referee.domain import AuditError
from referee.files import write_whole

_KEY_BYTES = 32
HASH_MARK = "hmac-sha256:"

HASHED = f'"{HASH_MARK}'.encode()
"""How a keyed hash begins in a line of the log."""


def keyed_hash(key: bytes, value: Any) -> str:
    """``hmac-sha256:<hex>`` of a value: equal values give equal text, and without the key nobody can try
    values out.

    ``1``, ``1.0`` and ``Decimal("1.00")`` are equal values here.
    """
    return HASH_MARK + hmac.digest(key, canonical_json(value), "sha256").hex()


def mask(facts: Mapping[str, Any], sensitive: Collection[str], key: bytes) -> dict[str, Any]:
    """The facts with each sensitive one replaced by its keyed hash; ``None`` stays, so that a gap can be
    seen.
    """
    return {
        name: keyed_hash(key, value) if name in sensitive and value is not None else value
        for name, value in facts.items()
    }


def key_path(folder: str | os.PathLike[str]) -> Path:
    """Where the key of an audit folder lives: beside it (``audit.key`` for ``audit``), so that the log can be
    passed on without it.
    """
    folder = Path(folder).resolve()
    return folder.with_name(folder.name + ".key")


def read_or_create_key(folder: str | os.PathLike[str]) -> bytes:
    """The key for ``keyed_hash``, made at first use and readable by its owner only (on Windows: as the folder
    allows).

    Keep it: without it no new hash can be compared with an old one. Call it inside ``AuditLog.exclusive()``
    when several runs may start at once. Raises AuditError.
    """
    path = key_path(folder)
    try:
        if not path.exists():
            write_whole(path, secrets.token_hex(_KEY_BYTES) + "\n", mode=0o600)
        key = bytes.fromhex(path.read_text("ascii").strip())
    except OSError as fault:
        raise AuditError(
            f"the key for sensitive facts {path} can't be read or created: {reason(fault)}; give the bot "
            f"access to it"
        ) from fault
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise AuditError(f"{path} isn't a key for sensitive facts; restore it from a backup")
    return key
