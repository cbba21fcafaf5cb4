"""Every keyword explains itself: what it does, an example, and what its arguments are."""

from __future__ import annotations

import re
from typing import Any

import pytest
from robot.libdocpkg import LibraryDocumentation  # type: ignore[import-untyped]

LIBRARY: Any = LibraryDocumentation("RefereeLibrary::decision.xlsx")
KEYWORDS = {keyword.name: keyword for keyword in LIBRARY.keywords}


def test_these_are_the_keywords() -> None:
    assert sorted(KEYWORDS) == [
        "Add Work Items",
        "Decide Case",
        "Export Credential",
        "Get Credential",
        "Get Decisions",
        "Get Work Item File",
        "On Action",
        "On Failure",
        "On Repeat",
        "On Restart",
        "Process Cases",
        "Process Work Items",
        "Read Cases",
        "Route Should Be",
        "Set Case Cells",
        "Settle Case",
        "Use Cases",
        "Write Results Back",
    ]


@pytest.mark.parametrize("name", sorted(KEYWORDS))
def test_a_keyword_tells_what_it_does_and_shows_an_example(name: str) -> None:
    first, *_ = KEYWORDS[name].doc.splitlines()
    assert first and not first.startswith("|")
    examples = [line for line in KEYWORDS[name].doc.splitlines() if line.startswith("| ")]
    assert any(f"`{name}`" in line for line in examples), "no example uses the keyword"


@pytest.mark.parametrize("name", sorted(KEYWORDS))
def test_every_argument_has_a_type_but_those_passed_on(name: str) -> None:
    for argument in KEYWORDS[name].args:
        assert argument.type is not None or argument.kind.startswith("VAR_"), argument


def test_examples_reach_into_objects_as_robot_framework_does() -> None:
    """`${x}[0].name` is the text of the item and `.name` behind it; attributes are reached inside the braces."""
    texts = [LIBRARY.doc, LIBRARY.inits[0].doc, *(keyword.doc for keyword in KEYWORDS.values())]
    assert not [text for text in texts if re.search(r"\$\{\w+\}(\[\w+\])*\.\w", text)]


def test_the_library_tells_how_a_whole_bot_looks_and_what_doubt_does() -> None:
    for heading in ("= A whole bot =", "= What a keyword of yours gets =", "= When in doubt ="):
        assert heading in LIBRARY.doc
    assert {argument.name for argument in LIBRARY.inits[0].args} == {
        "workbook",
        "models",
        "audit",
        "playbooks",
    }
    assert LIBRARY.inits[0].doc
