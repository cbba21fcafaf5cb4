"""The training half can be told from the case id alone."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from referee.scoring import in_training_half


@given(st.text())
def test_the_half_follows_the_first_digits_of_the_hash_as_anyone_can_compute_it(case_id: str) -> None:
    first_byte = int(hashlib.sha256(case_id.encode("utf-8", "surrogatepass")).hexdigest()[:2], 16)
    assert in_training_half(case_id) == (first_byte % 2 == 0)


def test_the_halves_are_about_equal() -> None:
    learnt = sum(in_training_half(str(number)) for number in range(10_000))
    assert 4_800 < learnt < 5_200
