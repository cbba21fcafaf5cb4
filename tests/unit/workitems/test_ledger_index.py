"""The ledger tells the same with the index of the log as by reading the whole log, whatever becomes of the index."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referee.audit import AuditLog, Origin, Record
from referee.audit.index import Index
from referee.audit.index_files import CACHE, SUFFIX
from referee.domain import AuditError
from referee.workitems import CLOSED, OPEN, Ledger, Status

NAMES = ("invoices", "loans")
CASES = ("a", "b", "ä ö", "half \\ud800")
Told = tuple[str, list[Any], Any, Any, Any, list[Any], int]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path_factory.mktemp("cache")))


# --- the plain reading of a log, as an oracle


def plainly(records: list[Record]) -> tuple[dict[tuple[str, str], list[Told]], list[tuple[str, str]]]:
    """For each case what is to be told of its decisions, oldest first; and the open ones in the order they came up."""
    decisions: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in records:
        payload = record.payload
        if "case" not in payload:
            continue
        key = payload["decision"], payload["case"]
        entries = decisions.get(key, [])
        source = record.origin.log if record.origin else ""
        if record.kind == "decision":
            place = record.origin.position if record.origin else record.position
            entries = decisions.setdefault(key, entries)
            entries.append(
                {
                    "names": {(source, place), ("", record.position)},
                    "source": source,
                    "of": record,
                    "then": [],
                }
            )
            continue
        for entry in reversed(entries):
            if "of" in payload and payload["of"] is not None:
                is_meant = (source, payload["of"]) in entry["names"]
            else:
                is_meant = not source or entry["source"] == source
            if is_meant:
                entry["then"].append(record)
                break
    told = {key: [_told(each["of"], each["then"]) for each in entries] for key, entries in decisions.items()}
    return told, [key for key, entries in told.items() if Status(entries[-1][0]) in OPEN]


def _told(decision: Record, then: list[Record]) -> Told:
    status = "decided"
    for record in then:
        if record.kind == "action":
            status = record.payload["status"]
        elif record.kind == "exception":
            status = "exception closed" if record.payload["event"] == CLOSED else "exception open"
        else:
            status = {"handoff": "handed over", "answer": "answered"}[record.kind]

    def latest(kind: str) -> Mapping[str, Any] | None:
        return next((record.payload for record in reversed(then) if record.kind == kind), None)

    return (
        status,
        [decision.position, decision.hash, decision.payload["n"]],
        latest("action"),
        latest("handoff"),
        latest("answer"),
        [record.payload for record in then if record.kind == "exception"],
        len(then),
    )


def by_ledger(ledger: Ledger) -> tuple[dict[tuple[str, str], list[Told]], list[tuple[str, str]]]:
    told = {}
    for name in NAMES:
        for case in CASES:
            state = ledger.state(name, case)
            if state is not None:
                told[name, case] = [
                    (
                        str(each.status),
                        [each.position, each.receipt.hash, each.decision["n"]],
                        each.action,
                        each.handoff,
                        each.answer,
                        list(each.events),
                        each.records,
                    )
                    for each in (*state.earlier, state)
                ]
    opened = [(name, state.case_id) for name in NAMES for state in ledger.open_cases(name)]
    return told, opened


# --- histories

PAYLOADS: list[tuple[str, dict[str, Any]]] = [
    ("decision", {"route": "auto"}),
    ("decision", {"route": "human"}),
    *[("action", {"status": status}) for status in ("acting", "done", "failed", "in doubt")],
    ("handoff", {"queue": "q"}),
    ("answer", {"answer": "yes"}),
    ("exception", {"event": "start"}),
    ("exception", {"event": CLOSED}),
]
EVENTS = st.tuples(
    st.sampled_from(PAYLOADS),
    st.sampled_from(NAMES),
    st.sampled_from(CASES),
    st.integers(-1, 5),  # which of the decisions so far it is about; -1: it doesn't say
    st.sampled_from(["", "", "a" * 64, "b" * 64]),  # the log that it was merged from
    st.sampled_from(["", "", "", "refresh", "catch up", "delete", "damage", "restart"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENTS, max_size=25), st.sampled_from([0, 700, 3000]))
def test_the_ledger_tells_what_a_plain_reading_tells(events: list[Any], indexed_from: int) -> None:
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / "audit"
        log = AuditLog(folder, segment_bytes=2500)
        ledger = Ledger(log, indexed_from=indexed_from)
        numbers: dict[str, int] = {}
        decided: dict[str, list[int]] = {}
        for number, ((kind, fields), name, case, which, source, then) in enumerate(events):
            payload = {**fields, "case": case, "decision": name, "n": number}
            before = decided.setdefault(source, [])
            if kind != "decision" and which >= 0:
                payload["of"] = before[which % len(before)] if before else which
            if source:
                place = numbers[source] = numbers.get(source, -1) + 1
                origin = Origin(source, place, f"{place:064}", "host/1/x", "2026-11-21T14:30:15.123456Z")
                record = Record(0, kind, origin.time, origin.writer, payload, "", "")
                log.append_merged([(record, origin)])
            else:
                place = log.append(kind, payload).position
            if kind == "decision":
                before.append(place)
            if then == "refresh":
                ledger.refresh()
            elif then == "restart":
                ledger = Ledger(AuditLog(folder, read_only=True), indexed_from=indexed_from)
            elif then == "catch up":
                with Index(folder) as index:
                    index.catch_up()
            elif then:
                for path in folder.glob(f"*{SUFFIX}"):
                    path.unlink() if then == "delete" else path.write_bytes(b"damaged" * 1000)
        records = list(log.records()) if events else []
        if events:
            ledger.refresh()
        told, opened = plainly(records)
        assert by_ledger(ledger)[0] == told
        assert sorted(by_ledger(ledger)[1]) == sorted(opened)
        for name in NAMES:
            assert [state.case_id for state in ledger.open_cases(name)] == [c for n, c in opened if n == name]
        log.close()


# --- whatever becomes of the index


def history(folder: Path, cases: int = 300) -> AuditLog:
    """A log of which every third case is done, every third handed over and every third open."""
    log = AuditLog(folder, segment_bytes=50_000)
    for number in range(cases):
        payload = {"case": f"C-{number}", "decision": "invoices", "n": number, "text": "x" * 200}
        of = log.append_many([("decision", payload)])[0].position
        after = [("action", {"status": "done"}), ("handoff", {"queue": "q"})][number % 3 : number % 3 + 1]
        log.append_many(
            [
                (kind, {**more, "case": f"C-{number}", "decision": "invoices", "of": of})
                for kind, more in after
            ]
        )
    return log


def require_right(ledger: Ledger, cases: int = 300) -> None:
    ledger.refresh()
    for number in (0, 1, 2, 31, cases - 1):
        state = ledger.state("invoices", f"C-{number}")
        assert state is not None
        assert state.status == ("done", "handed over", "decided")[number % 3]
    assert ledger.state("invoices", f"C-{cases}") is None
    assert [state.case_id for state in ledger.open_cases("invoices")] == [
        f"C-{n}" for n in range(2, cases, 3)
    ]


def indexed(folder: Path) -> Path:
    """The file of the log's index, up to date."""
    with Index(folder) as index:
        index.catch_up()
        assert index.path is not None
        return index.path


def test_a_long_log_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history(tmp_path)
    indexed(tmp_path)
    read = []
    monkeypatch.setattr("referee.workitems.ledger.record_of", lambda *_: read.append(1))
    monkeypatch.setattr("referee.audit.index_rows.RowWriter._row", lambda *_: read.append(1))
    require_right(Ledger(AuditLog(tmp_path, read_only=True), indexed_from=0))
    assert read == []


def test_a_short_log_gets_no_index(tmp_path: Path) -> None:
    history(tmp_path)
    require_right(Ledger(AuditLog(tmp_path, read_only=True)))
    assert not list(tmp_path.glob(f"*{SUFFIX}"))


@pytest.mark.parametrize(
    "what", ["stale", "absent", "empty", "text", "other SQLite", "copy", "of another log"]
)
def test_the_start_of_a_run_is_right_whatever_became_of_the_index(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "audit"
    log = history(folder, 150 if what == "stale" else 300)
    path = indexed(folder)
    if what == "stale":
        log = history(tmp_path / "more", 0)
        log = AuditLog(folder, segment_bytes=50_000)
        for number in range(150, 300):
            of = log.append("decision", {"case": f"C-{number}", "decision": "invoices"}).position
            if number % 3 < 2:
                kind, more = [("action", {"status": "done"}), ("handoff", {"queue": "q"})][number % 3]
                log.append(kind, {**more, "case": f"C-{number}", "decision": "invoices", "of": of})
    elif what == "absent":
        path.unlink()
    elif what in ("empty", "text"):
        path.write_bytes(b"" if what == "empty" else b"no database at all" * 500)
    elif what == "other SQLite":
        path.unlink()
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE facts (a)")
        other.close()
    elif what == "copy":
        content = path.read_bytes()
        path.rename(path.with_suffix(".old"))
        path.write_bytes(content)
    else:
        other_path = indexed(history(tmp_path / "other").folder)
        path.unlink()
        other_path.rename(path)
    require_right(Ledger(AuditLog(folder), indexed_from=0))


def test_damage_within_the_index_is_met_by_the_log(tmp_path: Path) -> None:
    """Every page in turn: what is wrong then is never believed."""
    log = history(tmp_path)
    path = indexed(tmp_path)
    content = path.read_bytes()
    page = 4096
    inode = path.stat().st_ino
    for start in range(0, len(content), page):
        if not path.exists() or path.stat().st_ino != inode:
            for each in tmp_path.glob(f"*{SUFFIX}*"):
                each.unlink()
            path = indexed(tmp_path)
            content, inode = path.read_bytes(), path.stat().st_ino
        damaged = bytearray(content)
        damaged[start + 30 : start + page - 30] = os.urandom(page - 60)
        path.write_bytes(damaged)
        require_right(Ledger(log, indexed_from=0))


def test_rows_that_are_gone_from_the_index_do_not_make_a_case_new(tmp_path: Path) -> None:
    log = history(tmp_path)
    for table in ("cases", "records"):
        path = indexed(tmp_path)
        with sqlite3.connect(path) as index:
            last = "WHERE position NOT IN (SELECT max(position) FROM records)" if table == "records" else ""
            index.execute(f"DELETE FROM {table} {last}")
        index.close()
        ledger = Ledger(log, indexed_from=0)
        ledger.refresh()
        state = ledger.state("invoices", "C-0")
        assert state is not None and state.status is Status.DONE


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM records WHERE subject = (SELECT id FROM cases WHERE name = 'C-0'); "
        "DELETE FROM cases WHERE name = 'C-0'",
        "UPDATE cases SET name = 'other' WHERE name = 'C-0'",
        "UPDATE cases SET standing = NULL",
        "DELETE FROM cases WHERE name = 'C-2'",
        "UPDATE words SET text = 'other' WHERE text = 'decided'",
        "UPDATE records SET subject = (SELECT id FROM cases WHERE name = 'C-1') WHERE subject = "
        "(SELECT id FROM cases WHERE name = 'C-0')",
        "DELETE FROM standings",
        "UPDATE facts SET value = 'x' WHERE name = 'total cases'",
    ],
)
@pytest.mark.parametrize("under_a_run", [False, True])
def test_an_index_that_was_edited_is_never_believed(tmp_path: Path, damage: str, under_a_run: bool) -> None:
    log = history(tmp_path)
    path = indexed(tmp_path)
    ledger = Ledger(log, indexed_from=0)
    if under_a_run:
        ledger.refresh()
    index = sqlite3.connect(path)
    index.executescript(damage)
    index.close()
    require_right(ledger)


def test_a_locked_index_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = history(tmp_path)
    path = indexed(tmp_path)
    for module in ("index", "index_opening"):
        monkeypatch.setattr(f"referee.audit.{module}.PATIENCE_SECONDS", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    require_right(Ledger(log, indexed_from=0))
    other.close()
    require_right(Ledger(log, indexed_from=0))


def test_an_index_that_is_deleted_under_a_run_changes_nothing(tmp_path: Path) -> None:
    log = history(tmp_path)
    ledger = Ledger(log, indexed_from=0)
    ledger.refresh()
    for path in tmp_path.glob(f"*{SUFFIX}*"):
        path.unlink()
    other = Ledger(log, indexed_from=0)
    require_right(other)
    require_right(ledger)
    require_right(other)


def test_a_changed_record_is_found_when_its_case_is_asked_for(tmp_path: Path) -> None:
    log = history(tmp_path)
    indexed(tmp_path)
    first = tmp_path / "audit.jsonl"
    first.write_bytes(first.read_bytes().replace(b'"case":"C-7"', b'"case":"C-x"'))
    ledger = Ledger(log, indexed_from=0)
    ledger.refresh()
    with pytest.raises(AuditError, match="isn't what was written"):
        ledger.state("invoices", "C-7")


def test_cases_in_an_archived_file_are_known_but_not_decided_without_it(tmp_path: Path) -> None:
    log = history(tmp_path / "audit")
    indexed(tmp_path / "audit")
    archived = (tmp_path / "audit" / "audit.jsonl").rename(tmp_path / "audit.jsonl")
    log = AuditLog(log.folder)
    log.append("decision", {"case": "C-301", "decision": "invoices"})
    ledger = Ledger(log, indexed_from=0)
    ledger.refresh()
    assert ledger.state("invoices", "C-301") is not None
    assert ledger.state("invoices", "C-299") is not None
    assert ledger.state("invoices", "C-300") is None
    with pytest.raises(AuditError, match="which isn't there; put the file back"):
        ledger.state("invoices", "C-0")
    with pytest.raises(AuditError, match="which isn't there; put the file back"):
        ledger.open_cases("invoices")
    for path in log.folder.glob(f"*{SUFFIX}*"):
        path.unlink()
    with pytest.raises(AuditError, match=r"archived elsewhere|is missing"):
        Ledger(log, indexed_from=0).refresh()
    archived.rename(tmp_path / "audit" / "audit.jsonl")
    ledger.refresh()
    assert ledger.state("invoices", "C-0") is not None


def test_without_a_right_to_write_beside_the_log_the_index_is_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "audit"
    log = history(folder)
    monkeypatch.setattr("referee.audit.index_files.is_shared", lambda folder: True)
    require_right(Ledger(log, indexed_from=0))
    path = indexed(folder)
    assert path.parent == Path(os.environ[CACHE])
    assert not list(folder.glob(f"*{SUFFIX}"))
    monkeypatch.setenv(CACHE, str(tmp_path / "audit" / "audit.jsonl"))  # no folder at all
    require_right(Ledger(log, indexed_from=0))


INDEXING = """
import sys
from pathlib import Path
import referee.audit.index as index_module
index_module._BATCH = 7
print("ready", flush=True)
while True:
    with index_module.Index(Path(sys.argv[1])) as index:
        index.catch_up()
        if len(sys.argv) > 2:
            index.abandon()
"""


@pytest.mark.faults
def test_several_processes_index_at_once_and_are_killed(tmp_path: Path) -> None:
    log = history(tmp_path, 60)
    library = Path(__file__).parents[3] / "library"
    for round in range(6):
        arguments = [sys.executable, "-c", INDEXING, str(tmp_path)]
        workers = [
            subprocess.Popen(
                [*arguments, *(["abandon"] if number == 0 and round % 2 else [])],
                env={**os.environ, "PYTHONPATH": str(library)},
                stdout=subprocess.PIPE,
            )
            for number in range(3)
        ]
        for worker in workers:
            assert worker.stdout is not None and worker.stdout.readline()
        until = time.monotonic() + 0.2
        while time.monotonic() < until:
            require_right(Ledger(log, indexed_from=0), 60)
        for worker in workers:
            worker.kill()
            worker.wait()
        require_right(Ledger(log, indexed_from=0), 60)


def test_who_waits_for_the_first_index_of_a_long_log_is_told_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("referee.audit.index._BATCH", 10)
    log = AuditLog(tmp_path)
    log.append_many([("run", {"n": number}) for number in range(35)])
    told: list[tuple[int, int]] = []
    ledger = Ledger(log, indexed_from=100)
    ledger.refresh(lambda done, size: told.append((done, size)))
    size = log.path.stat().st_size
    assert len(told) == 3 and told == sorted(told)
    assert {of for _, of in told} == {size} and 0 < told[0][0] < told[-1][0] < size
    log.append("run", {"n": 35})
    ledger.refresh(lambda done, size: told.append((done, size)))
    assert len(told) == 3
