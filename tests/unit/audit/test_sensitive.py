"""Sensitive facts stand in the log as keyed hashes; the key stands beside the log."""

from __future__ import annotations

import os
import stat
from decimal import Decimal
from pathlib import Path

import pytest

from referee.audit import AuditLog, key_path, keyed_hash, mask
from referee.domain import AuditError


def test_equal_values_have_equal_hashes_under_one_key_only() -> None:
    assert keyed_hash(b"k" * 32, Decimal("1.0")) == keyed_hash(b"k" * 32, 1)
    assert keyed_hash(b"k" * 32, "1") != keyed_hash(b"k" * 32, 1)
    assert keyed_hash(b"k" * 32, 1) != keyed_hash(b"l" * 32, 1)


def test_a_keyed_hash_is_the_hmac_of_the_canonical_json() -> None:
    # RFC 4231 gives no JSON text; this value is `printf '"x"' | openssl dgst -sha256 -hmac key`.
    assert keyed_hash(b"key", "x") == (
        "hmac-sha256:7a2c53faaad4ecc87cc29f593f9af73c78064007ceb5f575a5d78cbbeb498231"
    )


def test_masking_replaces_the_named_facts_and_leaves_gaps_visible() -> None:
    key = b"k" * 32
    masked = mask({"name": "Ada", "iban": "DE1", "phone": None}, {"iban", "phone"}, key)
    assert masked == {"name": "Ada", "iban": keyed_hash(key, "DE1"), "phone": None}


def test_the_key_lives_beside_the_folder_and_stays_the_same(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit")
    assert log.key == AuditLog(tmp_path / "audit").key
    assert len(log.key) == 32
    path = key_path(tmp_path / "audit")
    assert path == tmp_path.resolve() / "audit.key"
    assert sorted(found.name for found in tmp_path.iterdir()) == ["audit", "audit.key"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_different_folders_have_different_keys(tmp_path: Path) -> None:
    assert AuditLog(tmp_path / "a").key != AuditLog(tmp_path / "b").key


@pytest.mark.parametrize("content", ["", "00ff", "not a key"])
def test_a_damaged_key_is_never_replaced(tmp_path: Path, content: str) -> None:
    key_path(tmp_path / "audit").write_text(content)
    with pytest.raises(AuditError, match="isn't a key for sensitive facts; restore it from a backup"):
        _ = AuditLog(tmp_path / "audit").key
    assert key_path(tmp_path / "audit").read_text() == content


def test_a_key_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    key_path(tmp_path / "audit").mkdir()
    with pytest.raises(AuditError, match="can't be read or created"):
        _ = AuditLog(tmp_path / "audit").key
