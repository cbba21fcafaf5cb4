"""The DMN Technology Compatibility Kit: its cases, and running one of them.

The kit is shared test data beside the repository (or where ``$REFEREE_SHARED`` points); it is not part of the project.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import parse

from referee.dmn import Model, read_model
from referee.domain import Diagnostic, Evaluation, Severity
from referee.feel.values import (
    DaysTimeDuration,
    FeelDate,
    FeelDateTime,
    FeelTime,
    equal,
    parse_date,
    parse_date_time,
    parse_duration,
    parse_number,
    parse_time,
    string,
)

HERE = Path(__file__).parent
_KIT = "{http://www.omg.org/spec/DMN/20160719/testcase}"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_TOLERANCE = Decimal("1e-8")
_READERS = {
    "decimal": parse_number,
    "double": parse_number,
    "integer": parse_number,
    "boolean": lambda text: text.strip() in ("true", "1"),
    "date": parse_date,
    "time": parse_time,
    "dateTime": parse_date_time,
    "duration": parse_duration,
}


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a node of the model must give: a value, or (``is_error``) null and an error."""

    node: str
    value: Any
    is_error: bool


@dataclass(frozen=True, slots=True)
class KitCase:
    """A test case of the kit; ``name`` is ``folder/file#id``."""

    name: str
    folder: str
    model: Path
    invocable: str
    inputs: dict[str, Any]
    expected: tuple[Expectation, ...]


def kit_folder() -> Path | None:
    """Where the kit is, if it is anywhere."""
    shared = os.environ.get("REFEREE_SHARED")
    folder = (Path(shared) if shared else HERE.parents[2] / "shared") / "dmn-tck"
    return folder if folder.is_dir() else None


def kit_cases() -> list[KitCase]:
    """Every case of the kit, in order of name; none where there is no kit."""
    folder = kit_folder()
    if folder is None:
        return []
    return [case for path in sorted(folder.glob("*/*/*-test-*.xml")) for case in _cases_in(path)]


def listed(file: str) -> dict[str, str]:
    """The case names listed in a file beside this one, with the reason that may follow a name after two blanks."""
    lines = (HERE / file).read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("  ") for line in lines if line.strip() and not line.startswith("#"))
    return {name.strip(): reason.strip() for name, _, reason in pairs}


def failures(case: KitCase) -> list[str]:
    """What is wrong with the results of a case, fed with FEEL values and with plain Python values."""
    found = []
    for inputs in (case.inputs, natural(case.inputs)):
        for expected in case.expected:
            evaluation = _evaluate(case, expected.node, inputs)
            wrong = _difference(expected, evaluation)
            if wrong:
                fed = "" if inputs is case.inputs else " (fed with plain Python values)"
                found.append(f"{expected.node}{fed}: {wrong}")
    return found


def _evaluate(case: KitCase, node: str, inputs: dict[str, Any]) -> Evaluation:
    model = _model(case.model)
    if not case.invocable:
        return model.evaluate(node, inputs)
    evaluation = model.invoke(case.invocable, inputs)
    value = evaluation.value
    if len(case.expected) > 1 and isinstance(value, dict):
        value = value.get(node)
    return Evaluation(value, evaluation.diagnostics, evaluation.trace)


def _difference(expected: Expectation, evaluation: Evaluation) -> str:
    shown = [f"{diagnostic.code}: {diagnostic}" for diagnostic in evaluation.diagnostics]
    if expected.is_error:
        if evaluation.value is not None:
            return f"expected null and an error, got {_shown(evaluation.value)}"
        return (
            "" if any(map(_is_error, evaluation.diagnostics)) else f"null as expected, but no error; {shown}"
        )
    if same(evaluation.value, expected.value):
        return ""
    return f"expected {_shown(expected.value)}, got {_shown(evaluation.value)}; {shown}"


def same(value: Any, expected: Any) -> bool:
    """FEEL equality; numbers may differ by 10^-8, as the kit writes many expected results with 15 digits or fewer."""
    if isinstance(value, Decimal) and isinstance(expected, Decimal):
        return abs(value - expected) <= _TOLERANCE
    if isinstance(value, list) and isinstance(expected, list):
        return len(value) == len(expected) and all(map(same, value, expected))
    if isinstance(value, dict) and isinstance(expected, dict):
        return value.keys() == expected.keys() and all(same(value[name], expected[name]) for name in value)
    return equal(value, expected) is True


def _is_error(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity is Severity.ERROR


def _shown(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else string(value)
    return text if len(text) <= 300 else text[:297] + "..."


@cache
def _model(path: Path) -> Model:
    return read_model(path)


def _cases_in(path: Path) -> Iterator[KitCase]:
    root: Any = parse(path, forbid_dtd=True).getroot()
    model = path.parent / (root.findtext(f"{_KIT}modelName") or "").strip()
    for element in root.findall(f"{_KIT}testCase"):
        yield KitCase(
            name=f"{path.parent.name}/{path.stem}#{element.get('id')}",
            folder=f"{path.parent.parent.name}/{path.parent.name}",
            model=model,
            invocable=element.get("invocableName", ""),
            inputs={each.get("name"): _value(each) for each in element.findall(f"{_KIT}inputNode")},
            expected=tuple(_expectation(each) for each in element.findall(f"{_KIT}resultNode")),
        )


def _expectation(element: Element) -> Expectation:
    expected = element.find(f"{_KIT}expected")
    value = _value(expected) if expected is not None else None
    return Expectation(element.get("name", ""), value, element.get("errorResult") == "true")


def _value(element: Element) -> Any:
    """The FEEL value that an element holds: a list, components of a context, or a single value."""
    if element.get(_NIL) == "true":
        return None
    items = element.find(f"{_KIT}list")
    if items is not None:
        return None if items.get(_NIL) == "true" else [_value(item) for item in items.findall(f"{_KIT}item")]
    components = element.findall(f"{_KIT}component")
    if components:
        return {component.get("name", ""): _value(component) for component in components}
    value = element.find(f"{_KIT}value")
    if value is None or value.get(_NIL) == "true":
        return None
    text = "".join(value.itertext())
    kind = (value.get(_TYPE) or "").rpartition(":")[2]
    reader = _READERS.get(kind)
    return text if reader is None else reader(text.strip())


def natural(value: Any) -> Any:
    """The plain Python value that people would use for a FEEL value, where there is one."""
    if isinstance(value, list):
        return tuple(natural(item) for item in value)
    if isinstance(value, dict):
        return {name: natural(item) for name, item in value.items()}
    if isinstance(value, Decimal):
        as_float = float(value)
        if value == value.to_integral_value() and abs(value) < 2**63:
            return int(value)
        return as_float if Decimal(repr(as_float)) == value else value
    if isinstance(value, DaysTimeDuration) and value.nanos % 1_000 == 0:
        return datetime.timedelta(microseconds=value.nanos // 1_000)
    if isinstance(value, FeelDate | FeelTime | FeelDateTime):
        return _natural_temporal(value)
    return value


def _natural_temporal(value: FeelDate | FeelTime | FeelDateTime) -> Any:
    """A datetime of Python's own, if it has the years, the precision and the kind of zone; else the FEEL value."""
    text = str(value)
    try:
        if isinstance(value, FeelDate):
            return datetime.date.fromisoformat(text)
        if isinstance(value, FeelTime):
            return datetime.time.fromisoformat(text)
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return value
