"""Hostile DMN files: a model is read, with its faults, or refused with the place; nothing else happens, and soon.

``REFEREE_FUZZ_EXAMPLES`` sets how many files each test tries.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referee.dmn import Model, read_definitions, write_definitions
from referee.domain import RulesError
from tests.conformance.kit import kit_folder

SECONDS = 60.0  # on a busy machine; most take a few milliseconds
fuzz = settings(
    max_examples=int(os.environ.get("REFEREE_FUZZ_EXAMPLES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
MODEL = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def definitions(content: str, namespace: str = MODEL, own: str = "urn:a") -> str:
    return f'<definitions xmlns="{namespace}" name="a" id="_d" namespace="{own}">{content}</definitions>'


def decision(logic: str, identity: str = "d", needs: str = "") -> str:
    return (
        f'<decision id="{identity}" name="{identity}"><variable name="{identity}"/>{needs}{logic}</decision>'
    )


def literal(text: str) -> str:
    return f"<literalExpression><text>{text}</text></literalExpression>"


def models() -> list[bytes]:
    folder = kit_folder()
    found = [path.read_bytes() for path in sorted(folder.glob("*/*/*.dmn"))] if folder else []
    return [content for content in found if len(content) < 20_000] or [definitions(decision("1")).encode()]


MODELS = models()


def tried(path: Path) -> None:
    """Reads, evaluates and writes a file; only refusals in words are welcome."""
    started = time.process_time()
    try:
        read = read_definitions(path)
    except RulesError as error:
        assert error.faults
        assert all(fault.place is not None and fault.message for fault in error.faults)
    else:
        model = Model(read)
        assert all(fault.message for fault in model.faults)
        for name in model.decisions[:3]:
            evaluation = model.evaluate(name, {})
            assert evaluation.value is not None or all(each.message for each in evaluation.diagnostics)
        try:
            write_definitions(read, path.with_suffix(".written"), "1.5")
        except RulesError as error:
            assert error.faults
        else:
            read_definitions(path.with_suffix(".written"))
    assert time.process_time() - started < SECONDS


@fuzz
@given(st.data())
def test_mutated_models(tmp_path: Path, data: Any) -> None:
    content = bytearray(data.draw(st.sampled_from(MODELS)))
    for _ in range(data.draw(st.integers(1, 4))):
        first = data.draw(st.integers(0, len(content)))
        last = min(len(content), first + data.draw(st.integers(0, 40)))
        piece = data.draw(
            st.one_of(
                st.just(b""),
                st.just(bytes(content[first:last]) * 2),
                st.binary(max_size=4),
                st.sampled_from(
                    [b"<", b">", b"&amp;", b"]]>", b"<!--", b"<decision>", b'id=""', b"#", b"\xff\xfe"]
                ),
                st.sampled_from(MODELS).map(lambda other: other[len(other) // 2 : len(other) // 2 + 60]),
            )
        )
        content[first:last] = piece
    path = tmp_path / "fuzzed.dmn"
    path.write_bytes(bytes(content))
    tried(path)


@fuzz
@given(st.sampled_from(MODELS), st.integers(0, 20_000))
def test_truncated_models(tmp_path: Path, content: bytes, length: int) -> None:
    path = tmp_path / "fuzzed.dmn"
    path.write_bytes(content[:length])
    tried(path)


@fuzz
@given(st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fuzzed.dmn"
    path.write_bytes(content)
    tried(path)


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
REFUSED = {
    "entity bomb": f'<!DOCTYPE d [<!ENTITY e0 "lol">{BOMB}]>' + definitions(decision(literal("&e11;"))),
    "external entity": '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    + definitions(decision(literal("&x;"))),
    "external type": '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">' + definitions(""),
    "parameter entity": '<!DOCTYPE d [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>' + definitions(""),
    "unknown encoding": '<?xml version="1.0" encoding="klingon"?>' + definitions(""),
    "wrong namespace": definitions("", "urn:something-else"),
    "no namespace": "<definitions/>",
    "another root": f'<decision xmlns="{MODEL}"/>',
    "10,000 elements deep": definitions("<context>" * 10_000 + "</context>" * 10_000),
    "empty": "",
    "blank": "   \n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_files_name_the_place(name: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.dmn"
    path.write_text(REFUSED[name], encoding="utf-8")
    with pytest.raises(RulesError) as caught:
        read_definitions(path)
    assert "hostile.dmn" in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1", "utf-32"])
def test_any_encoding_is_read_or_refused(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "encoded.dmn"
    path.write_bytes(definitions(decision(literal('"äöü"'))).encode(encoding))
    tried(path)


BOXES = "<context><contextEntry>"
CHAIN = "".join(
    decision(
        literal(f"d{n + 1}"),
        f"d{n}",
        f'<informationRequirement><requiredDecision href="#d{n + 1}"/></informationRequirement>',
    )
    for n in range(2_000)
)
READ = {
    "huge attribute": definitions(f'<inputData id="i" name="{"n" * 5_000_000}"/>'),
    "huge text": definitions(decision(literal("1 + " * 500_000 + "1"))),
    "many contexts": definitions(decision(BOXES * 90 + literal("1") + "</contextEntry></context>" * 90)),
    "long chain": definitions(CHAIN + decision(literal("1"), "d2000")),
    "circle": definitions(
        decision(
            literal("d"),
            "d",
            '<informationRequirement><requiredDecision href="#d"/></informationRequirement>',
        )
    ),
    "same id twice": definitions(decision(literal("1")) * 2),
    "no ids": definitions("<decision/><inputData/><businessKnowledgeModel/><decisionService/>"),
    "type in a circle": definitions(
        '<itemDefinition name="a"><typeRef>b</typeRef></itemDefinition>'
        '<itemDefinition name="b"><typeRef>a</typeRef></itemDefinition>'
    ),
    "type within itself": definitions(
        '<itemDefinition name="a"><itemComponent name="b"><typeRef>a</typeRef></itemComponent></itemDefinition>'
    ),
    "link out of the file": definitions(
        decision(
            literal("1"),
            "d",
            '<informationRequirement><requiredInput href="file:///etc/passwd#x"/></informationRequirement>',
        )
    ),
    "knowledge in a circle": definitions(
        '<businessKnowledgeModel id="b" name="b"><variable name="b"/><encapsulatedLogic>'
        f'{literal("b()")}</encapsulatedLogic><knowledgeRequirement><requiredKnowledge href="#b"/>'
        "</knowledgeRequirement></businessKnowledgeModel>"
        + decision(
            literal("b()"), "d", '<knowledgeRequirement><requiredKnowledge href="#b"/></knowledgeRequirement>'
        )
    ),
}


@pytest.mark.parametrize("name", READ)
def test_strange_files_are_read_with_their_faults(name: str, tmp_path: Path) -> None:
    path = tmp_path / "strange.dmn"
    path.write_text(READ[name], encoding="utf-8")
    tried(path)


def imports(own: str, *wanted: str) -> str:
    content = "".join(
        f'<import name="{each[4:]}" namespace="{each}" importType="{MODEL}"/>' for each in wanted
    )
    return definitions(content, own=own)


def test_imports_in_a_circle_are_a_fault(tmp_path: Path) -> None:
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{one}.dmn").write_text(imports(f"urn:{one}", f"urn:{other}"), encoding="utf-8")
    faults = Model(read_definitions(tmp_path / "a.dmn")).faults
    assert any("in a circle through urn:a" in fault.message for fault in faults)


def test_imports_that_branch_again_and_again_are_bounded(tmp_path: Path) -> None:
    for level in range(19):
        below = [f"urn:{level + 1}{side}" for side in "xy"] if level < 18 else []
        for side in "xy":
            name = f"{level}{side}"
            (tmp_path / f"{name}.dmn").write_text(imports(f"urn:{name}", *below), encoding="utf-8")
    started = time.process_time()
    faults = Model(read_definitions(tmp_path / "0x.dmn")).faults
    assert any("import fewer" in fault.message for fault in faults)
    assert time.process_time() - started < SECONDS


def test_a_long_row_of_imports_is_bounded(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number}.dmn").write_text(
            imports(f"urn:{number}", f"urn:{number + 1}"), encoding="utf-8"
        )
    faults = Model(read_definitions(tmp_path / "0.dmn")).faults
    assert any("in a row" in fault.message for fault in faults)


def test_an_import_is_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.dmn").write_text(imports("urn:b"), encoding="utf-8")
    main = tmp_path / "in" / "a.dmn"
    outside = f'<import name="b" namespace="urn:b" importType="{MODEL}" locationURI="../out/b.dmn"/>'
    main.write_text(definitions(outside), encoding="utf-8")
    with contextlib.suppress(OSError):  # without the right to make links the rest is tested all the same
        (tmp_path / "in" / "b.dmn").symlink_to(tmp_path / "out" / "b.dmn")
    (fault,) = read_definitions(main).faults
    assert fault.code == "no-import"


def test_a_folder_or_a_missing_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.dmn"):
        with pytest.raises(RulesError, match=r"no such file|not a file"):
            read_definitions(path)


def test_a_file_larger_than_any_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.dmn"
    with path.open("wb") as file:
        file.truncate(50_000_001)
    with pytest.raises(RulesError, match="larger than 50 MB"):
        read_definitions(path)
