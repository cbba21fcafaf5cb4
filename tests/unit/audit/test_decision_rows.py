"""Decisions as rows: found by what they say, exact, with what became of each, also in merged logs."""

from __future__ import annotations

import random
import sys
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from referee.audit import AuditLog, Origin, Record
from referee.audit.decision_rows import columns_of, decision_rows
from referee.audit.finding import Query, count, find
from referee.audit.frames import to_pandas, to_polars, write_parquet
from referee.audit.index import up_to_date
from referee.audit.log_tail import newest_lines
from referee.domain import AuditError, InputError, Route

DECISION: dict[str, Any] = {
    "decision": "limits",
    "route": "auto",
    "action": "pay",
    "queue": "",
    "reasons": [],
}


def decide(log: AuditLog, case: str, **more: Any) -> int:
    return log.append("decision", {"case": case, **DECISION, **more}).position


def rows(folder: Path, query: Query = Query()) -> list[dict[str, Any]]:  # noqa: B008 - frozen
    with up_to_date(folder) as index:
        return list(decision_rows(index, query))


def test_a_row_says_what_became_of_its_own_decision(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, writer="host/1/a")
    log.append("run", {"decision": "limits", "bot": "night bot", "status": "started"})
    first = decide(log, "a", facts={"amount": Decimal("1234.50")})
    log.append(
        "action", {"case": "a", "decision": "limits", "status": "failed", "error": "gone", "of": first}
    )
    second = decide(log, "a", facts={"amount": Decimal("7")}, follows=first)
    log.append("handoff", {"case": "a", "decision": "limits", "queue": "clerks", "of": second})
    log.append(
        "answer", {"case": "a", "decision": "limits", "answer": "no", "by": "Ann", "note": "", "of": second}
    )
    log.append("action", {"case": "a", "decision": "limits", "status": "done", "result": 7, "of": first})
    log.append("decision", {**DECISION, "case": "a", "decision": "another"})
    told = [
        (row["record"], row["status"], row["result"], row["error"], row["handed over to"], row["answered by"])
        for row in rows(tmp_path)
    ]
    assert told == [
        (first, "done", "7", None, None, None),
        (second, "answered", None, None, "clerks", "Ann"),
        (7, "decided", None, None, None, None),
    ]
    assert {row["bot"] for row in rows(tmp_path)} == {"night bot"}


def test_positions_in_a_merged_log_are_those_of_the_source(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, writer="collector")

    def merged(source: str, position: int, kind: str, **more: Any) -> None:
        origin = Origin(
            source * 64, position, f"{position:064}", f"host {source}", "2026-11-21T14:30:15.123456Z"
        )
        payload = {"case": "a", **DECISION, **more}
        log.append_merged([(Record(0, kind, origin.time, origin.writer, payload, "", ""), origin)])

    merged("a", 0, "decision")
    merged("b", 0, "decision")
    merged("a", 1, "action", status="done", of=0)
    merged("b", 1, "handoff", queue="clerks", of=0)
    assert [(row["writer"], row["status"], row["time"]) for row in rows(tmp_path)] == [
        ("host a", "done", "2026-11-21T14:30:15.123456Z"),
        ("host b", "handed over", "2026-11-21T14:30:15.123456Z"),
    ]


def test_what_is_found_is_what_a_plain_reading_finds(tmp_path: Path) -> None:
    chance = random.Random(1)
    log = AuditLog(tmp_path, segment_bytes=10_000)
    for number in range(200):
        rule = {
            "table": chance.choice("AB"),
            "rule": chance.randint(1, 3),
            "place": "l.xlsx, sheet A, cell A7",
        }
        decide(
            log,
            f"c{number % 50}",
            route=chance.choice(["auto", "human"]),
            facts={"amount": chance.choice([Decimal("1.0"), None, "x"])},
            rules=[rule],
            reasons=[chance.choice(["Too HIGH", "fine"])],
        )
    decided = [record for record in log.records() if record.kind == "decision"]
    expected = {
        Query(route="human"): [r for r in decided if r.payload["route"] == "human"],
        Query(case="c7"): [r for r in decided if r.payload["case"] == "c7"],
        Query(rule="A:2"): [
            r for r in decided if (r.payload["rules"][0]["table"], r.payload["rules"][0]["rule"]) == ("A", 2)
        ],
        Query(facts=(("amount", "1"),)): [r for r in decided if r.payload["facts"]["amount"] == 1],
        Query(facts=(("amount", ""),)): [r for r in decided if r.payload["facts"]["amount"] is None],
        Query(reason="too high", route="auto"): [
            r for r in decided if r.payload["reasons"] == ["Too HIGH"] and r.payload["route"] == "auto"
        ],
        Query(status="decided"): decided[-50:],
        Query(start=decided[99].time): [r for r in decided if r.time >= decided[99].time],
    }
    with up_to_date(tmp_path) as index:
        for query, records in expected.items():
            assert list(find(index, query)) == records and records
            assert list(find(index, query, newest_first=True)) == records[::-1]
            assert count(index, query) == len(records)


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"route": "nope"}, "'nope' is no route; there are auto, exception, human"),
        ({"status": "dnoe"}, "'dnoe' is no status; did you mean done? there are decided,"),
        ({"kinds": ("decisions",)}, "'decisions' is no kind of record; did you mean decision? there are"),
        ({"start": "2026-99"}, "'2026-99' is no time; write 2026-11, 2026-11-21 or 2026-11-21T14:30 (UTC)"),
        ({"end": "2026-02-30"}, "'2026-02-30' is no time"),
        ({"end": "2026-11-21T14:30+01:00"}, "is no time"),
        ({"start": "20261121"}, "is no time"),
    ],
)
def test_what_would_silently_find_nothing_can_not_be_asked(asked: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError) as refused:
        Query(**asked)
    assert complaint in str(refused.value)


def test_parts_of_times_mean_their_beginning(tmp_path: Path) -> None:
    times = ("2026-11-21T14:29:59.999999", "2026-11-21T14:30:00.000000", "2026-11-21T14:30:59.000000")
    moments = iter(map(datetime.fromisoformat, (f"{time}+00:00" for time in times)))
    log = AuditLog(tmp_path, clock=lambda: next(moments))
    for number in range(3):
        log.append("decision", {"case": f"c{number}", "decision": "d", "route": "human"})
    with up_to_date(tmp_path) as index:
        expected: list[tuple[dict[str, Any], int]] = [
            ({"start": "2026-11-21T14:30"}, 2),
            ({"start": "2026-11-21T14:30Z"}, 2),
            ({"end": "2026-11-21T14:30:00Z"}, 1),
            ({"start": "2026-11", "end": "2027", "route": Route.HUMAN}, 3),
            ({"start": "2026-11-21T14:30:00.000001Z"}, 1),
        ]
        for asked, found in expected:
            assert count(index, Query(**asked)) == found


def test_the_newest_records_are_found_from_the_end_through_all_files(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, segment_bytes=3_000)
    for number in range(40):
        decide(log, f"c{number}")
    positions = [record.position for record in log.records()]
    for wanted in (1, 5, 17, 1000):
        lines, after = newest_lines(tmp_path, wanted)
        assert [at.position - 1 for _, at in lines] == positions[-wanted:]
        assert after.position == len(positions)


# --- frames


def a_log(folder: Path) -> None:
    log = AuditLog(folder)
    decide(log, "a", facts={"amount": Decimal("1234.50"), "known": True, "mixed": 1, "list": [1, "x"]})
    decide(log, "b", facts={"amount": Decimal("-0.000001"), "known": None, "mixed": "one"})
    decide(
        log,
        "c",
        outputs={"limit": Decimal("1E+40")},
        scores={"review": {"label": "ok", "confidence": Decimal("0.9")}},
    )


def test_columns_know_what_they_hold(tmp_path: Path) -> None:
    a_log(tmp_path)
    with up_to_date(tmp_path) as index:
        columns = {column.name: (column.holds, column.scale) for column in columns_of(index, Query())}
    assert columns["facts.amount"] == ("decimal", 6)
    assert columns["facts.known"] == ("bool", 0)
    assert columns["facts.mixed"][0] == columns["facts.list"][0] == columns["outputs.limit"][0] == "text"
    assert columns["scores.review.confidence"] == ("decimal", 1)


def test_polars_and_parquet_hold_exact_numbers(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars", reason="polars is optional")
    a_log(tmp_path)
    frame = to_polars(tmp_path)
    assert frame["record"].to_list() == [0, 1, 2]
    assert frame["facts.amount"].to_list() == [Decimal("1234.5"), Decimal("-0.000001"), None]
    assert frame["facts.known"].to_list() == [True, None, None]
    assert frame["facts.mixed"].to_list() == ["1", "one", None]
    assert frame["facts.list"].to_list() == ['[1,"x"]', None, None]
    assert frame["outputs.limit"].to_list() == [None, None, "1E+40"]
    assert frame["time"].dtype == polars.Datetime("us", "UTC")
    file = BytesIO()
    with up_to_date(tmp_path) as index:
        assert write_parquet(file, index, Query(), columns_of(index, Query())) == 3
    file.seek(0)
    assert polars.read_parquet(file).equals(frame)
    assert to_polars(tmp_path, Query(case="nobody")).shape[0] == 0


def test_pandas_holds_exact_numbers(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="pandas is optional and not among the locked packages")
    a_log(tmp_path)
    frame = to_pandas(tmp_path, Query(case="a"))
    assert frame["facts.amount"].tolist() == [Decimal("1234.50")]
    assert str(frame["time"].dt.tz) == "UTC"


@pytest.mark.parametrize(("name", "read"), [("pandas", to_pandas), ("polars", to_polars)])
def test_a_package_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, read: Any
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(AuditError, match=f"{name} isn't installed here.*pip install {name}"):
        read(tmp_path)
