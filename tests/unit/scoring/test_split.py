"""The training half can be told from the case id alone."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from referee.scoring import in_training_half
from referee.scoring.split import split_by_time, stratified_split


@given(st.text())
def test_the_half_follows_the_first_digits_of_the_hash_as_anyone_can_compute_it(case_id: str) -> None:
    first_byte = int(hashlib.sha256(case_id.encode("utf-8", "surrogatepass")).hexdigest()[:2], 16)
    assert in_training_half(case_id) == (first_byte % 2 == 0)


def test_the_halves_are_about_equal() -> None:
    learnt = sum(in_training_half(str(number)) for number in range(10_000))
    assert 4_800 < learnt < 5_200


def test_a_stratified_split_keeps_the_share_of_each_label_and_the_order_of_the_cases() -> None:
    labels = ["rare" if number % 10 == 0 else "usual" for number in range(500)]
    learnt, unseen = stratified_split(labels, 0.6, seed=1)
    assert sorted([*learnt, *unseen]) == list(range(500))
    assert (learnt, unseen) == (sorted(learnt), sorted(unseen))
    assert [labels[at] for at in unseen].count("rare") == 30
    assert len(unseen) == 300
    assert stratified_split(labels, 0.6, seed=1) == (learnt, unseen)
    assert stratified_split(labels, 0.6, seed=2) != (learnt, unseen)


def test_a_split_by_time_holds_out_the_latest_and_never_parts_one_moment() -> None:
    learnt, unseen = split_by_time([5, 1, 4, 2, 3, 3, 3], 0.5)
    assert learnt == [1, 3, 4, 5, 6]
    assert unseen == [2, 0]
    assert split_by_time([1, 1, 1], 0.5) == ([0, 1, 2], [])
