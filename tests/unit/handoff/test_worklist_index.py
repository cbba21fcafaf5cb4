"""The worklist is the same whether the whole log was read or the cases of people found through its index."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from referee.audit import AuditLog
from referee.audit.index_files import SUFFIX
from referee.handoff import Worklist

EVENTS = st.tuples(
    st.sampled_from(["decision", "decision", "handoff", "handoff", "answer", "action"]),
    st.sampled_from("abc"),
    st.integers(-1, 3),  # which of the case's decisions it is about; -1: it doesn't say
    st.sampled_from(["", "", "", "look", "begin again", "damage"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=25))
@example([("decision", "a", 0, "look"), ("decision", "a", 0, ""), ("handoff", "a", 0, "")])
def test_the_worklist_through_the_index_is_the_whole_worklist(events: list[Any]) -> None:
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / "audit"
        log = AuditLog(folder, segment_bytes=2_000)
        worklist = Worklist(log, indexed_from=0)
        decided: dict[str, list[int]] = {}
        for kind, case, which, then in events:
            payload = {
                "case": case,
                "decision": "d",
                "queue": "q",
                "facts": {"n": len(decided)},
                "status": "done",
            }
            before = decided.setdefault(case, [])
            if kind != "decision" and which >= 0 and before:
                payload["of"] = before[which % len(before)]
            position = log.append(kind, payload).position
            if kind == "decision":
                before.append(position)
            if then == "look":
                worklist.items()
            elif then == "begin again":
                worklist = Worklist(AuditLog(folder, read_only=True), indexed_from=0)
            elif then:
                for path in folder.glob(f"*{SUFFIX}"):
                    path.write_bytes(b"damaged" * 1000)
        assert worklist.items() == Worklist(log).items()
        log.close()


def test_only_the_cases_of_people_are_read(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    for number in range(200):
        of = log.append("decision", {"case": f"c{number}", "decision": "d", "facts": {}}).position
        if number % 50 == 0:
            log.append("handoff", {"case": f"c{number}", "decision": "d", "queue": "q", "of": of})
    Worklist(log, indexed_from=0).items()
    worklist = Worklist(log, indexed_from=0)
    assert [task.case_id for task in worklist.items()] == ["c0", "c50", "c100", "c150"]
    assert len(worklist._decided) == 4
