"""Every model of the compatibility kit, written and read again: the same model, with the same results."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import parse

from referee.dmn import (
    ConditionalLogic,
    DecisionNode,
    FilterLogic,
    IteratorLogic,
    read_definitions,
    write_definitions,
)
from tests.conformance import kit
from tests.unit.dmn.schema_order import misplaced

NEEDS_JVM = kit.listed("needs_jvm.txt")
CASES = {
    model: [case for case in cases if case.name not in NEEDS_JVM]
    for model, cases in groupby(kit.kit_cases(), key=lambda case: case.model)
}
NEWER = ConditionalLogic | FilterLogic | IteratorLogic
WHERE_IT_STANDS = {"place", "element_id", "shapes"}

pytestmark = pytest.mark.skipif(
    kit.kit_folder() is None,
    reason="the DMN compatibility kit is not there; set REFEREE_SHARED to its parent folder",
)


@pytest.mark.parametrize("version", ["1.3", "1.5"])
@pytest.mark.parametrize("model", CASES, ids=[model.parent.name + "/" + model.stem for model in CASES])
def test_a_written_model_is_the_same_and_decides_the_same(model: Path, version: Any, tmp_path: Path) -> None:
    for path in model.parent.glob("*.dmn"):
        write_definitions(read_definitions(path), tmp_path / path.name, version)
    written = tmp_path / model.name
    assert misplaced(parse(written).getroot(), version) == []
    original, again = read_definitions(model), read_definitions(written)
    if version == "1.5" or not any(map(_is_newer, original.elements.values())):
        assert _meaning(again) == _meaning(original)
    wrong = {case.name: kit.failures(dataclasses.replace(case, model=written)) for case in CASES[model]}
    assert not {name: failures for name, failures in wrong.items() if failures}
    content = written.read_bytes()
    write_definitions(again, written, version)
    assert written.read_bytes() == content, "writing what was read changes nothing"


def _is_newer(element: Any) -> bool:
    return isinstance(element, DecisionNode) and isinstance(element.logic, NEWER)


def _meaning(part: Any) -> Any:
    """A part of a model without the places of its parts: what had no id has got one."""
    if isinstance(part, tuple):
        return tuple(map(_meaning, part))
    if isinstance(part, Mapping):
        return {key: _meaning(each) for key, each in part.items()}
    if dataclasses.is_dataclass(part):
        names = [field.name for field in dataclasses.fields(part) if field.name not in WHERE_IT_STANDS]
        return type(part), [_meaning(getattr(part, name)) for name in names]
    return part
