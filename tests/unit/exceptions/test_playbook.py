"""Each fault of a playbook is told in words, at its place, together with all others."""

from __future__ import annotations

from pathlib import Path

import pytest

from referee.domain import RulesError
from referee.exceptions import read_playbook, read_playbooks

GOOD = """\
playbook: ask supplier
version: 1.10
purpose: Ask, remind, hand over.
start: noticed
states:
  noticed:
    transitions:
      - on: start
        do: send query
        go to: waiting
  waiting:
    check: read reply
    due: P2D
    transitions:
      - on: reply
        when: event.agrees = true
        go to: settled
      - on: overdue
        when: attempts >= 2
        go to: silent
  settled:
    close: the supplier agreed
  silent:
    hand over: managers
"""


def faults_of(folder: Path, text: str | bytes) -> list[str]:
    path = folder / "ask.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    with pytest.raises(RulesError) as refused:
        read_playbook(path)
    return [str(fault).removeprefix(str(path)) for fault in refused.value.faults]


def replaced(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def test_a_good_playbook_is_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "ask.yaml"
    path.write_text(GOOD)
    playbook = read_playbook(path)
    assert (playbook.name, playbook.version, playbook.start) == ("ask supplier", "1.10", "noticed")
    assert playbook.actions == {"send query", "read reply"}
    waiting = playbook.states["waiting"]
    assert waiting.due is not None and waiting.due.total_seconds == 2 * 24 * 3600
    assert [transition.on for transition in waiting.transitions] == ["reply", "overdue"]
    assert [state.name for state in playbook.states.values() if state.is_end] == ["settled", "silent"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "    check: read reply",
            "    chek: read reply",
            ": states → waiting → chek: unknown entry; remove it or correct its spelling",
        ),
        (
            "        go to: waiting",
            "        goto: waiting",
            ": states → noticed → transitions → 0 → go to: is missing; add it",
        ),
        ("version: 1.10\n", "", ": version: is missing; add it"),
        (
            "    hand over: managers",
            "    hand over: managers\n    close: nobody answered",
            ": state 'silent' has both `close` and `hand over`; keep one",
        ),
        (
            "    close: the supplier agreed",
            "    close: the supplier agreed\n    due: P1D",
            ": state 'settled' ends the playbook, so it can't have transitions, check or due",
        ),
        (
            "  silent:\n    hand over: managers",
            "  silent: {}",
            ": state 'silent' has no way out; add transitions, `close` or `hand over`",
        ),
        (
            "        go to: silent",
            "        go to: quiet",
            ": state 'waiting' goes to 'quiet', which is not among the states",
        ),
        (
            "  settled:",
            "  forgotten:\n    hand over: managers\n  settled:",
            ": state 'forgotten' can never be reached; remove it or add a transition to it",
        ),
        (
            "due: P2D",
            "due: two days",
            ": state 'waiting': `due: two days` is not a positive duration of days and time; write P2D or PT4H",
        ),
        (
            "due: P2D",
            "due: P2M",
            ": state 'waiting': `due: P2M` is not a positive duration of days and time; write P2D or PT4H",
        ),
        (
            "when: attempts >= 2",
            "when: attempts >= >= 2",
            ": state 'waiting', transition 2: `when` is not FEEL: ",
        ),
        (
            "when: attempts >= 2",
            "when: tries >= 2",
            ": state 'waiting', transition 2: `when` uses tries; known are facts, event, attempts",
        ),
        (
            "on: overdue",
            "on: too late",
            ": state 'waiting', transition 2: unknown event 'too late'; use one of start, reply, overdue, failed",
        ),
        ("    due: P2D\n    tr", "    tr", None),
        ("due: P2D", "due: P0D", ": state 'waiting': `due: P0D` "),
        ("due: P2D", "due: -P1D", ": state 'waiting': `due: -P1D` "),
        ("on: overdue", "on: failed", ": state 'waiting' has `due` but no transition on overdue"),
        ("on: reply", "on: failed", ": state 'waiting' has `check` but no transition on reply"),
        (
            "    check: read reply\n    due: P2D\n",
            "",
            ": state 'waiting' waits for nothing; add `check` (an action) or `due` (a duration)",
        ),
        ("on: start", "on: failed", ": the start state 'noticed' has no transition on start"),
        (
            "start: noticed",
            "start: begin",
            ": the start state 'begin' is not among the states: noticed, waiting, settled, silent",
        ),
        ("version: 1.10", "version: [1", ", line 3: "),
        ("version: 1.10", "version: ''", ": version: "),
    ],
)
def test_a_fault_is_told_at_its_place(tmp_path: Path, old: str, new: str, message: str | None) -> None:
    if message is None:  # `overdue` without a date never happens, but does no harm
        (tmp_path / "ask.yaml").write_text(replaced(old, new))
        assert read_playbook(tmp_path / "ask.yaml").states["waiting"].due is None
        return
    assert any(fault.startswith(message) for fault in faults_of(tmp_path, replaced(old, new))), faults_of(
        tmp_path, replaced(old, new)
    )


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = replaced("due: P2D", "due: soon").replace("go to: silent", "go to: quiet")
    text = text.replace("on: reply", "on: answer")
    found = "\n".join(faults_of(tmp_path, text))
    for part in ("`due: soon`", "goes to 'quiet'", "unknown event 'answer'", "'silent' can never be reached"):
        assert part in found


@pytest.mark.parametrize("text", ["", "- a list", "only a word"])
def test_a_file_that_holds_no_playbook_is_told(tmp_path: Path, text: str) -> None:
    (fault,) = faults_of(tmp_path, text)
    assert fault.startswith(": the file: ") and "playbook" in fault


def test_a_state_that_is_written_twice_is_told(tmp_path: Path) -> None:
    text = GOOD + "  waiting:\n    hand over: clerks\n"
    (fault,) = faults_of(tmp_path, text)
    assert fault == ", line 25: `waiting` is written twice; correct the YAML"


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, b"playbook: \xff\xfe")
    assert fault.startswith(": can't be read as text: ")


def test_playbooks_of_the_same_name_are_told_with_both_files(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD)
    with pytest.raises(RulesError) as refused:
        read_playbooks(tmp_path)
    assert [str(fault) for fault in refused.value.faults] == [
        f"{tmp_path / 'b.yaml'}: playbook 'ask supplier' is also in {tmp_path / 'a.yaml'}; "
        "give one of them another name"
    ]


def test_faults_of_all_files_of_a_folder_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(replaced("version: 1.10\n", ""))
    (tmp_path / "b.yaml").write_text("{")
    with pytest.raises(RulesError) as refused:
        read_playbooks(tmp_path)
    assert len(refused.value.faults) == 2


def test_an_absent_folder_has_no_playbooks(tmp_path: Path) -> None:
    assert read_playbooks(tmp_path / "none") == {}


def test_the_playbooks_that_come_with_the_bots_are_sound(repository: Path) -> None:
    assert set(read_playbooks(repository / "resources" / "playbooks")) == {
        "ask sales",
        "call supplier back",
        "price mismatch",
        "quantity mismatch",
        "request guarantor",
    }
