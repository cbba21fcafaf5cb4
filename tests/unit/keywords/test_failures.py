"""What is said when actions have failed: a fault of the bot itself is not looked for in the target system."""

from __future__ import annotations

import pytest

from referee.engine import FailedAction
from referee.keywords.failures import all_failed, is_own_fault, what_to_do


@pytest.mark.parametrize(
    "error",
    [
        "No keyword with name 'Creat File' found. Did you mean: OperatingSystem.Create File",
        "Multiple keywords with name 'Log' found. Give the full name of the keyword you want to use: ...",
        "Variable '${oder}' not found. Did you mean: ${order}",
        "Variable '${case}[fact]' not found.",
        "Dictionary '${case}[facts]' has no key 'amuont'.",
        "List '${rows}' has no item in index 3.",
        "Resolving variable '${case.amuont}' failed: AttributeError: amuont",
        "Keyword 'OperatingSystem.Create File' expected 1 to 3 arguments, got 4.",
        "Keyword 'Pay' missing named-only argument 'amount'.",
        "Keyword 'Pay' got unexpected named argument 'amuont'.",
    ],
)
def test_what_robot_framework_says_of_a_keyword_is_a_fault_of_the_bot(error: str) -> None:
    assert is_own_fault(error)


@pytest.mark.parametrize(
    "error",
    [
        "the payment program doesn't answer",
        "refused: No keyword with name 'X' found",
        "the screen changed: CDSK31 has no label NEW LIMIT",
        "Element 'name:amount' not found.",
    ],
)
def test_what_an_application_says_is_not(error: str) -> None:
    assert not is_own_fault(error)


def test_one_failure_that_may_be_the_systems_is_enough_to_look_there() -> None:
    own = FailedAction("P-1", "pay", "Variable '${oder}' not found.")
    gone = FailedAction("P-2", "pay", "no answer")
    assert what_to_do([own, gone], lambda action: None) == ""
    refused = FailedAction("P-2", "pay", "refused: closed")
    assert what_to_do([own, refused], lambda action: None).startswith(
        "the fault is in the bot's own keywords"
    )
    assert what_to_do([refused], lambda action: None) == ""


def test_no_sentence_ends_twice() -> None:
    own = FailedAction("P-1", "pay", "Variable '${oder}' not found.")
    assert all_failed([own], "mend it") == (
        "every action failed: 1 action, first: pay for P-1: Variable '${oder}' not found; mend it"
    )
