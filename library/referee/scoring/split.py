"""Which past cases a model learns from and which it is judged on, told from the case id alone."""

from __future__ import annotations

import hashlib

SPLIT_RULE = (
    "a case is in the training half if the first byte of the sha256 of its id (UTF-8, as text) is even; "
    "the other half is held out"
)


def in_training_half(case_id: str) -> bool:
    """True if the case belongs to the training half; see ``SPLIT_RULE``.

    It depends on nothing but the id, so anybody can tell later whether a model has seen a case.
    """
    return hashlib.sha256(case_id.encode("utf-8", "surrogatepass")).digest()[0] % 2 == 0
