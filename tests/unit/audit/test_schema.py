"""The published schema is that of the records that are really written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from referee.audit import KINDS, OWN_KINDS, AuditLog
from referee.audit.merging import Collector
from referee.audit.record import FIRST_SEGMENT
from referee.audit.schema import audit_schema, checked
from referee.audit.segments import segment_names
from referee.audit.shipping import ship
from tests.unit.audit.published import lines_of, unpublished

REPOSITORY = Path(__file__).resolve().parents[3]


def test_the_published_schema_is_that_of_the_records() -> None:
    published = (REPOSITORY / "docs" / "audit.schema.json").read_text("utf-8")
    assert published == audit_schema(), (
        "write it anew: python -c 'from referee.audit.schema import audit_schema; print(audit_schema(), end=\"\")' "
        "> docs/audit.schema.json"
    )
    for kind in KINDS | OWN_KINDS:
        assert f'"const": "{kind}"' in published


def test_what_the_log_writes_about_itself_and_what_is_merged_is_as_published(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit", segment_bytes=1000)
    run = {"decision": "d", "status": "started", "bot": "b", "summary": {}}
    for number in range(6):
        log.append("run", run)
        if number == 4:
            with log.path.with_name(segment_names(log.folder)[-1]).open("ab") as killed:
                killed.write(b'{"v":1,"position":')
    (tmp_path / "share").mkdir()
    ship(log.folder, tmp_path / "share")
    central = AuditLog(tmp_path / "central")
    Collector(tmp_path / "share", central).merge()
    records = [
        checked(line)
        for folder in (log.folder, central.folder)
        for line in lines_of(folder)
        if line.endswith(b'"}\n') and line.startswith(b'{"v":1,"position":') and b"\x00" not in line
    ]
    kinds = {str(record.kind) for record in records if hasattr(record, "kind")}
    assert kinds == {"run", "recovery", "segment"}
    assert any(getattr(record, "origin", None) is not None for record in records)
    assert [field for record in records for field in unpublished(record)] == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (b'"status":"started"', b'"status":"begun"', "run.payload.status: "),
        (b'"bot":"b",', b"", "run.payload.bot: "),
        (b'"v":1', b'"v":2', "run.v: "),
        (b'"kind":"run"', b'"kind":"race"', "input tag 'race' found"),
        (b'"time":"2', b'"time":"2026-13-41T00:00:00.000000Z","_":"', "run.time: "),
        (b'"hash":"', b'"hash":"00', "run.hash: "),
        (b'"summary":{}', b'"summary":{"done":1,"done":2}', "the name `done` comes twice"),
        (b'"summary":{}', b'"summary":{"done":NaN}', "NaN is no JSON number"),
        (b'"bot":"b"', b'"bot":"\\ud800"', "half a surrogate pair"),
        (b'"summary":{}', b'"summary":{"done":["\\udc00"]}', "half a surrogate pair"),
    ],
)
def test_a_record_of_another_form_is_refused(tmp_path: Path, old: bytes, new: bytes, where: str) -> None:
    AuditLog(tmp_path).append("run", {"decision": "d", "status": "started", "bot": "b", "summary": {}})
    line = (tmp_path / FIRST_SEGMENT).read_bytes()
    checked(line)
    with pytest.raises(ValueError, match=where):
        checked(line.replace(old, new))


def test_a_field_that_is_not_published_is_passed_over(tmp_path: Path) -> None:
    payload: dict[str, Any] = {
        "decision": "d",
        "status": "started",
        "bot": "b",
        "summary": {},
        "weather": "rain",
    }
    AuditLog(tmp_path).append("run", payload)
    assert unpublished(checked((tmp_path / FIRST_SEGMENT).read_bytes())) == ["payload.weather"]
