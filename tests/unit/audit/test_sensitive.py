"""What stands in the log in the place of sensitive facts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from referee.audit.case_keys import CaseKey
from referee.audit.sensitive import ENCRYPT, hidden, hidden_facts, hide, keyed_hash, unsealed
from referee.domain import AuditError
from referee.feel.values import to_feel

KEY = CaseKey("00112233aabbccdd", b"k" * 32)
OTHER = CaseKey("00112233aabbccde", b"l" * 32)
WHOSE = ("payments", "P-1", "iban")


def test_equal_values_have_equal_hashes_under_one_key_only() -> None:
    assert keyed_hash(KEY, Decimal("1.0")) == keyed_hash(KEY, 1)
    assert keyed_hash(KEY, "1") != keyed_hash(KEY, 1)
    assert keyed_hash(KEY, 1).split(":")[2] != keyed_hash(OTHER, 1).split(":")[2]


@pytest.mark.parametrize(
    ("value", "logged_as", "shown"),
    [
        ("DE02120300000000202051", "mask", "***"),
        ("DE02120300000000202051", "mask 2", "***51"),
        ("DE02 1203-", "mask 4", "***1203"),
        (Decimal("1234.50"), "mask 2", "***45"),
        ("abc", "mask 2", "***"),
        ("ab", "mask 1", "***b"),
        ("", "mask 4", "***"),
        (True, "mask 1", "***e"),
    ],
)
def test_a_mask_leaves_the_last_signs_of_longer_values_only(value: Any, logged_as: str, shown: str) -> None:
    assert hide(value, logged_as, KEY, WHOSE) == f"masked:{KEY.id}:{shown}"


@pytest.mark.parametrize(
    "value", ["DE02", "", "ä\n\"'", Decimal("1234.50"), Decimal("1E+20"), True, [Decimal(1), "x"]]
)
def test_an_encrypted_value_is_read_again_digit_by_digit(value: Any) -> None:
    told = hidden(hide(value, ENCRYPT, KEY, WHOSE))
    assert told is not None
    read = unsealed(told, KEY, WHOSE)
    assert (read, str(read)) == (value, str(value))


def test_a_date_is_encrypted_as_it_would_stand_in_the_log() -> None:
    told = hidden(hide(to_feel(__import__("datetime").date(2026, 1, 31)), ENCRYPT, KEY, WHOSE))
    assert told is not None
    assert unsealed(told, KEY, WHOSE) == "2026-01-31"


def test_an_encrypted_value_is_bound_to_its_decision_case_and_fact() -> None:
    told = hidden(hide("DE02", ENCRYPT, KEY, WHOSE))
    assert told is not None
    for other in [("loans", "P-1", "iban"), ("payments", "P-2", "iban"), ("payments", "P-1", "name")]:
        with pytest.raises(AuditError, match="isn't what was written there"):
            unsealed(told, KEY, other)
    with pytest.raises(AuditError, match="isn't what was written there"):
        unsealed(told, OTHER, WHOSE)


def test_a_changed_sign_of_an_encrypted_value_is_noticed() -> None:
    text = hide("DE02", ENCRYPT, KEY, WHOSE)
    for at in range(text.rindex(":") + 1, len(text)):
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        told = hidden(changed)
        assert told is not None
        with pytest.raises(AuditError, match="isn't what was written there"):
            unsealed(told, KEY, WHOSE)


def test_equal_facts_are_encrypted_alike_and_others_under_another_nonce() -> None:
    first, again, other = (hide(value, ENCRYPT, KEY, WHOSE) for value in ("DE02", "DE02", "DE03"))
    assert first == again
    assert first.split(":")[2][:16] != other.split(":")[2][:16]
    assert hide("DE02", ENCRYPT, KEY, ("payments", "P-1", "name")) != first


def test_hidden_facts_are_told_from_plain_ones() -> None:
    facts = {
        "hash": keyed_hash(KEY, 1),
        "mask": hide("x", "mask", KEY, WHOSE),
        "sealed": hide("x", ENCRYPT, KEY, WHOSE),
        "text": "masked: for carnival",
        "number": Decimal(1),
        "blank": None,
    }
    assert {name: told.how for name, told in hidden_facts(facts).items()} == {
        "hash": "hash",
        "mask": "mask",
        "sealed": "encrypt",
    }
    assert hidden_facts(facts)["sealed"].shown == "(sensitive)"
    assert hidden_facts(facts)["hash"].shown.startswith("(sensitive) ")
