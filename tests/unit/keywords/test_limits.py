"""What a run is told about its end, and options with typing errors."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from referee.domain import InputError
from referee.keywords.limits import limits_of_run, require_no_option
from referee.keywords.processing import ProcessingKeywords
from referee.keywords.work_items import WorkItemKeywords

NOW = datetime(2026, 11, 21, 22, 0).astimezone()


def nobody() -> str:
    return ""


@pytest.mark.parametrize(
    ("until", "within", "at_most", "said"),
    [
        ("", timedelta(seconds=-2), None, "within=-2 s leaves no work; name a longer time, such as 2h"),
        ("", timedelta(), None, "within=0 s leaves no work"),
        ("", None, 0, "at_most=0 leaves no work; name 1 or more, or leave it out"),
        ("", None, -1, "at_most=-1 leaves no work"),
        (
            "2026-11-20 06:00",
            None,
            None,
            "until=2026-11-20 06:00 leaves no work: it is 2026-11-21 22:00 now; name",
        ),
        ("2026-11-21 22:00", timedelta(hours=1), 5, "leaves no work"),
        ("soon", None, None, "'soon' is no time"),
    ],
)
def test_limits_that_leave_no_work_are_refused(
    until: str, within: timedelta | None, at_most: int | None, said: str
) -> None:
    with pytest.raises(InputError) as refused:
        limits_of_run(until, within, at_most, NOW, nobody)
    assert said in str(refused.value)


def test_limits_that_leave_work_are_taken_as_they_are() -> None:
    limits = limits_of_run("06:00", timedelta(hours=2), 5, NOW, nobody)
    assert (limits.until, limits.at_most) == (NOW + timedelta(hours=2), 5)
    assert limits.reached(0, NOW) == ""
    assert limits.reached(0, NOW + timedelta(hours=2)) == "its time was over at 2026-11-22 00:00"
    assert limits_of_run("", None, None, NOW, nobody).until is None


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("util=06:00", "until"),
        ("Until =06:00", "until"),
        ("atmost=5", "at_most"),
        ("work list=a.xlsx", "worklist"),
    ],
)
def test_an_option_with_a_typing_error_is_told(value: str, meant: str) -> None:
    with pytest.raises(InputError) as refused:
        require_no_option(WorkItemKeywords.process_work_items, "payments", value)
    name = value.partition("=")[0]
    assert str(refused.value) == (
        f"`{name}` is no option of Process Work Items; did you mean `{meant}`? (in `{value}`)"
    )


@pytest.mark.parametrize("value", ["", "payments", "output/queue.sqlite", "month=11.xlsx", "11=until"])
def test_other_values_are_no_options(value: str) -> None:
    require_no_option(ProcessingKeywords.process_cases, value)
