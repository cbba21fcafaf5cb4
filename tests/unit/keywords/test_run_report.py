"""The summary of a run: one page for people, plain values for machines."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from referee.engine import FailedAction, ItemSummary
from referee.engine.step_times import StepTime
from referee.keywords.run_report import RunReport, item_data, page

SUMMARY = ItemSummary(
    decision="invoices <approval>",
    queue="night",
    items=3,
    routes={"auto": 2, "human": 1},
    states={"DONE": 2, "FAILED APPLICATION": 1},
    lost=1,
    attempted=2,
    failed=(FailedAction("R-1", "post", "<b>the portal</b> did not answer"),),
    steps={"post": StepTime(2, 3.0, 2.5)},
    seconds=4.25,
    attempts=3,
    ended="no item is ready",
    remarks=("the log has no checkpoint",),
)


def test_the_page_tells_everything_and_takes_no_text_for_markup(tmp_path: Path) -> None:
    report = RunReport(tmp_path)
    report.finish(item_data(SUMMARY, 7))
    page = report.page.read_text(encoding="utf-8")
    for told in (
        "invoices &lt;approval&gt;, queue night",
        "&lt;b&gt;the portal&lt;/b&gt; did not answer",
        "<td>post</td><td>2</td><td>1.50</td><td>2.50</td><td>3.00</td>",
        "<td>lost to another bot</td><td>1</td>",
        "Waiting for people: 7",
        "no item is ready",
        "the log has no checkpoint",
    ):
        assert told in page, told
    assert "<script" not in page


def test_the_data_say_whether_the_run_is_still_at_work(tmp_path: Path) -> None:
    report = RunReport(tmp_path)
    report.update(**item_data(SUMMARY, 0), ready=9)
    path = tmp_path / "summary.json"
    assert json.loads(path.read_text())["running"] is True
    assert json.loads(path.read_text())["ready"] == 9
    report.update(**item_data(SUMMARY, 0), ready=8)
    assert json.loads(path.read_text())["ready"] == 9, "not more than once a second"
    report.finish(item_data(SUMMARY, 7))
    data = json.loads(path.read_text())
    assert (data["running"], data["worklist"], data["steps"]["post"]["mean"]) == (False, 7, 1.5)


@pytest.mark.parametrize(
    ("attempted", "failed", "ended", "stopped", "colour", "verdict"),
    [
        (2, 0, "", "", "#2e7d32", "every case was brought as far as it goes"),
        (0, 0, "no item is ready", "", "#2e7d32", "no item is ready"),
        (3, 3, "", "", "#b00020", "3 of 3 actions failed; every other case was brought as far as it goes"),
        (5, 1, "at_most=5", "", "#b00020", "1 of 5 actions failed; at_most=5"),
        (3, 3, "", "the portal is gone", "#b00020", "3 of 3 actions failed; stopped: the portal is gone"),
        (0, 0, "", "the restart failed", "#b00020", "stopped: the restart failed"),
    ],
)
def test_the_heading_tells_failures_and_stops_first_and_in_red(
    attempted: int, failed: int, ended: str, stopped: str, colour: str, verdict: str
) -> None:
    failures = tuple(FailedAction(f"R-{number}", "post", "no answer") for number in range(failed))
    summary = replace(SUMMARY, attempted=attempted, failed=failures, ended=ended, stopped=stopped)
    assert f'<p style="color:{colour}"><b>{verdict}</b></p>' in page(item_data(summary, 0))
