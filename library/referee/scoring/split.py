"""Which past cases a model learns from and which it is judged on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from random import Random
from typing import Any

SPLIT_RULE = (
    "a case is in the training half if the first byte of the sha256 of its id (UTF-8, as text) is even; "
    "the other half is held out"
)

HELD_OUT_SHARE = 0.6
"""The share of the cases that is held out where nobody says otherwise: a strict promise needs many unseen cases, more
than the last bit of ranking is worth (measured by benchmarks/operating_points.py)."""


def in_training_half(case_id: str) -> bool:
    """True if the case belongs to the training half; see ``SPLIT_RULE``.

    It depends on nothing but the id, so anybody can tell later whether a model has seen a case.
    """
    return hashlib.sha256(case_id.encode("utf-8", "surrogatepass")).digest()[0] % 2 == 0


def stratified_split(labels: Sequence[str], held_out: float, seed: int) -> tuple[list[int], list[int]]:
    """Positions to learn from and positions held out, drawn at random with the same share of each label in both.

    Both keep the order of the cases. The same labels and seed give the same split.
    """
    chance = Random(seed)
    unseen: set[int] = set()
    for label in sorted(set(labels)):
        positions = [position for position, found in enumerate(labels) if found == label]
        chance.shuffle(positions)
        unseen.update(positions[: round(len(positions) * held_out)])
    return [at for at in range(len(labels)) if at not in unseen], sorted(unseen)


def split_by_time(times: Sequence[Any], held_out: float) -> tuple[list[int], list[int]]:
    """Positions to learn from and the later ones held out, each in the order of time.

    Cases of one moment stay together, on the earlier side.
    """
    order = sorted(range(len(times)), key=lambda position: times[position])
    cut = len(order) - round(len(order) * held_out)
    while 0 < cut < len(order) and times[order[cut]] == times[order[cut - 1]]:
        cut += 1
    return order[:cut], order[cut:]
