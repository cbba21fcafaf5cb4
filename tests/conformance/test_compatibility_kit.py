"""Every case of the DMN compatibility kit, and the ratchet: a case that has passed once must be there and pass."""

from __future__ import annotations

import pytest

from tests.conformance import kit

CASES = kit.kit_cases()
NEEDS_JVM = kit.listed("needs_jvm.txt")
MUST_PASS = kit.listed("must_pass.txt")

needs_kit = pytest.mark.skipif(
    kit.kit_folder() is None,
    reason="the DMN compatibility kit is not there; set REFEREE_SHARED to its parent folder",
)


@needs_kit
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_kit_case(case: kit.KitCase) -> None:
    if case.name in NEEDS_JVM:
        pytest.skip(NEEDS_JVM[case.name])
    assert kit.failures(case) == []


@needs_kit
def test_no_case_that_must_pass_has_gone() -> None:
    assert set(MUST_PASS) <= {case.name for case in CASES}


@needs_kit
def test_every_case_is_either_required_to_pass_or_needs_a_jvm() -> None:
    unlisted = {case.name for case in CASES} - set(MUST_PASS) - set(NEEDS_JVM)
    assert not unlisted, "add these names to must_pass.txt"
