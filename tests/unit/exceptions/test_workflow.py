"""A case stands where its logged transitions lead, however many cases there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from referee.exceptions import read_playbook
from referee.exceptions.workflow import Workflow
from tests.unit.exceptions.test_playbook import GOOD, replaced

# durable-rules keeps at most 1,024 states alive and forgets the oldest without a word.
MORE_THAN_DURABLE_RULES_KEEPS = 1100


def workflow(folder: Path, text: str = GOOD) -> Workflow:
    path = folder / "ask.yaml"
    path.write_text(text)
    return Workflow(read_playbook(path))


def test_a_case_without_transitions_stands_at_the_start(tmp_path: Path) -> None:
    position = workflow(tmp_path).position("P-1", [])
    assert (position.state, position.entered) == ("noticed", {"noticed": 1})


def test_the_same_transitions_lead_to_the_same_place_each_time(tmp_path: Path) -> None:
    flow = workflow(tmp_path)
    for _ in range(3):
        assert flow.position("P-1", ["noticed/1", "waiting/2"]).state == "silent"


def test_entries_of_a_state_are_counted(tmp_path: Path) -> None:
    flow = workflow(
        tmp_path,
        replaced("go to: silent", "go to: waiting").replace("  silent:\n    hand over: managers\n", ""),
    )
    position = flow.position("P-1", ["noticed/1", "waiting/2", "waiting/2"])
    assert position.state == "waiting"
    assert position.entered == {"noticed": 1, "waiting": 3}


@pytest.mark.parametrize(
    ("taken", "at"),
    [
        (["waiting/1"], "waiting/1"),
        (["noticed/1", "noticed/1"], "noticed/1"),
        (["noticed/1", "waiting/1", "waiting/2"], "waiting/2"),
        (["noticed/1", "waiting/7"], "waiting/7"),
        (["enter"], "enter"),
        ([""], ""),
    ],
)
def test_transitions_of_another_playbook_are_refused_and_leave_no_trace(
    tmp_path: Path, taken: list[str], at: str
) -> None:
    flow = workflow(tmp_path)
    with pytest.raises(LookupError) as refused:
        flow.position("P-1", taken)
    assert refused.value.args == (at,)
    assert flow.position("P-1", ["noticed/1"]).state == "waiting"


def test_many_cases_are_each_replayed_whole(tmp_path: Path) -> None:
    flow = workflow(tmp_path)
    for _ in range(2):
        for number in range(MORE_THAN_DURABLE_RULES_KEEPS):
            taken = ["noticed/1", f"waiting/{1 + number % 2}"]
            assert flow.position(f"P-{number}", taken).state == ("settled", "silent")[number % 2]


@pytest.mark.parametrize("name", ["a/b", "ünïcødé", "with 'quotes'", 'with "quotes"', "\\", "x" * 300, " "])
def test_any_case_id_will_do(tmp_path: Path, name: str) -> None:
    assert workflow(tmp_path).position(name, ["noticed/1"]).state == "waiting"


def test_the_first_condition_that_holds_decides(tmp_path: Path) -> None:
    flow = workflow(tmp_path)
    position = flow.position("P-1", ["noticed/1"])
    assert flow.choose(position, {"on": "start"}, {}).transition is None
    choice = flow.choose(position, {"on": "reply", "agrees": True}, {})
    assert choice.transition is not None and choice.transition.target == "settled"


@pytest.mark.parametrize("event", [{}, {"agrees": None}, {"agrees": "yes"}, {"agrees": 1}])
def test_a_condition_that_cannot_be_told_chooses_nothing(tmp_path: Path, event: dict[str, object]) -> None:
    text = replaced(
        "      - on: overdue",
        "      - on: reply\n        go to: silent\n      - on: overdue",
    )
    flow = workflow(tmp_path, text.replace("event.agrees = true", "event.agrees and true"))
    choice = flow.choose(flow.position("P-1", ["noticed/1"]), {"on": "reply", **event}, {})
    assert choice.transition is None


def test_conditions_see_the_facts_of_the_case(tmp_path: Path) -> None:
    flow = workflow(tmp_path, replaced("event.agrees = true", "facts.amount < 100"))
    position = flow.position("P-1", ["noticed/1"])
    assert flow.choose(position, {"on": "reply"}, {"amount": 99}).transition is not None
    assert flow.choose(position, {"on": "reply"}, {"amount": 100}).transition is None
    doubtful = flow.choose(position, {"on": "reply"}, {"amount": None})
    assert doubtful.transition is None and doubtful.diagnostics


@pytest.mark.parametrize("name", ["supplier's", 'the "late" one', "a\\b", "50 $", "a/1", "ünïcødé", "{x}"])
def test_any_name_will_do_for_playbooks_and_states(tmp_path: Path, name: str) -> None:
    quoted = "'" + name.replace("'", "''") + "'"
    text = GOOD.replace("go to: waiting", f"go to: {quoted}").replace("  waiting:", f"  {quoted}:")
    flow = workflow(tmp_path, text.replace("playbook: ask supplier", f"playbook: {quoted}"))
    assert flow.position("P-1", ["noticed/1"]).state == name
    assert flow.position("P-1", ["noticed/1", f"{name}/2"]).state == "silent"
    with pytest.raises(LookupError):
        flow.position("P-1", [f"{name}/2"])
