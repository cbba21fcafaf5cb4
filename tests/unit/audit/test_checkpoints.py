"""Signed checkpoints in a second place tell a log that was cut off or written anew from an intact one."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from referee.audit import AuditLog, Verification, open_log, verify
from referee.audit.checkpoints import CheckpointWriter
from referee.audit.segments import segment_names
from referee.domain import AuditError
from referee.signing import key_pair

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Site:
    """A log, its second place, and a clock that stands still until it is moved."""

    def __init__(self, root: Path) -> None:
        self.now = START
        self.folder, self.second, self.keys = root / "audit", root / "second", root / "keys"
        for made in (self.second, self.keys):
            made.mkdir()
        for name in ("bots", "mallory"):
            private, public = key_pair()
            (root / f"{name}.key").write_bytes(private)
            (root / f"{name}.pub").write_bytes(public)
        (self.keys / "bots.pub").write_bytes((root / "bots.pub").read_bytes())
        self.key, self.stranger = root / "bots.key", root / "mallory.key"

    def open(self, every_records: int = 5, segment_bytes: int = 1 << 28, key: Path | None = None) -> AuditLog:
        follower = CheckpointWriter(self.second, key or self.key, every_records=every_records)
        return AuditLog(
            self.folder,
            writer="bot",
            clock=lambda: self.now,
            followers=[follower],
            segment_bytes=segment_bytes,
        )

    def run(self, count: int, segment_bytes: int = 1 << 28) -> tuple[str, ...]:
        log = self.open(segment_bytes=segment_bytes)
        for number in range(count):
            log.append("run", {"n": number})
        remarks = log.finish()
        log.close()
        return remarks

    def lines(self) -> list[bytes]:
        return (self.folder / "audit.jsonl").read_bytes().splitlines(keepends=True)

    def write(self, lines: list[bytes]) -> None:
        (self.folder / "audit.jsonl").write_bytes(b"".join(lines))

    @property
    def checkpoints(self) -> Path:
        (path,) = self.second.iterdir()
        return path

    def noted(self) -> list[int]:
        return [json.loads(line)["records"] for line in self.checkpoints.read_bytes().splitlines()]

    def verified(self) -> Verification:
        return verify(self.folder, checkpoints=self.second, keys=self.keys)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def rehashed(lines: list[bytes], at: int, old: bytes, new: bytes) -> list[bytes]:
    """A forgery by somebody who can write the log and knows how it is made, but has no key."""
    forged = [*lines]
    forged[at] = forged[at].replace(old, new)
    previous = None
    for number in range(at, len(forged)):
        body = forged[number].split(b',"hash":')[0]
        if previous is not None:
            body = body[: body.rindex(b',"previous":')] + b',"previous":"' + previous + b'"'
        previous = sha256(body).hexdigest().encode()
        forged[number] = body + b',"hash":"' + previous + b'"}\n'
    return forged


def test_a_checkpoint_is_written_at_first_every_so_many_records_and_at_the_end(site: Site) -> None:
    assert site.run(12) == ()
    assert site.noted() == [1, 6, 11, 12]
    found = site.verified()
    assert found.intact and found.not_verifiable == ()
    assert (found.checkpoints, found.backed) == (4, 12)
    assert site.run(2) == ()
    assert site.noted() == [1, 6, 11, 12, 14]


def test_a_checkpoint_is_written_when_enough_time_has_passed(site: Site) -> None:
    log = site.open(every_records=1000)
    for _ in range(4):
        log.append("run", {})
        site.now += timedelta(seconds=25)
    assert site.noted() == [1, 4]
    site.now -= timedelta(days=1)  # the clock was put back
    log.append("run", {})
    assert site.noted() == [1, 4, 5]


def test_two_writers_do_not_write_the_same_checkpoint_twice(site: Site) -> None:
    first, second = site.open(), site.open()
    for _ in range(6):
        first.append("run", {})
        second.append("run", {})
    assert first.finish() == second.finish() == ()
    assert site.noted() == [1, 6, 11, 12]


def test_what_is_backed_by_no_checkpoint_is_said(site: Site) -> None:
    site.run(6)
    plain = AuditLog(site.folder)
    plain.append_many([("run", {}), ("run", {})])
    (open_end,) = site.verified().not_verifiable
    assert open_end == (
        "no checkpoint backs records 6 to 7, written since 2026-11-21T12:00:00.000000Z: whether more were deleted "
        "behind, and whether any was written anew, can't be told"
    )
    assert site.verified().intact
    (nothing,) = verify(site.folder).not_verifiable
    assert "it has no signed checkpoint" in nothing
    assert (
        "who made the checkpoints can't be told"
        in verify(site.folder, checkpoints=site.second).not_verifiable[0]
    )


@pytest.mark.parametrize("kept", [11, 7, 1])
def test_a_removed_tail_is_found(site: Site, kept: int) -> None:
    site.run(12)
    site.write(site.lines()[:kept])
    assert verify(site.folder).intact
    (fault,) = site.verified().faults
    assert (fault.code, fault.position, fault.place.line) == ("removed", kept, kept)
    assert "the log had 12 records at 2026-11-21T12:00:00.000000Z" in fault.message
    assert f"records {kept} to 11 were removed from its end" in fault.message


@pytest.mark.parametrize("segment_bytes", [1 << 28, 1500])
def test_a_log_that_its_checkpoint_disproves_takes_no_records_and_gets_no_checkpoint(
    site: Site, segment_bytes: int
) -> None:
    site.run(12, segment_bytes)
    newest = site.folder / segment_names(site.folder)[-1]
    whole, noted = newest.read_bytes(), site.checkpoints.read_bytes()
    newest.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    writer = CheckpointWriter(site.second, site.key)
    with pytest.raises(
        AuditError, match=r"had \d+ records then, and the last of them is gone.*move .* to another"
    ):
        writer.require_agreement(site.folder)
    log = site.open(segment_bytes=segment_bytes)
    for _ in range(2):
        with pytest.raises(AuditError, match="isn't what its checkpoint of 2026-11-21T12:00:00"):
            log.append("run", {})
    (remark,) = log.finish()
    assert "isn't what its checkpoint of" in remark
    assert site.checkpoints.read_bytes() == noted
    newest.write_bytes(whole)
    writer.require_agreement(site.folder)


@pytest.mark.parametrize("at", [1, 8, 11])
def test_a_log_with_new_hashes_is_refused_before_the_first_case(site: Site, at: int) -> None:
    site.run(12)
    site.write(rehashed(site.lines(), at, b'"n":%d' % at, b'"n":77'))
    with pytest.raises(AuditError, match="or was written anew; see `referee audit verify`"):
        CheckpointWriter(site.second, site.key).require_agreement(site.folder)


def test_a_log_cut_off_under_a_run_is_not_signed_at_its_end(site: Site) -> None:
    site.run(12)
    log = site.open()
    site.write(site.lines()[:7])
    (remark,) = log.finish()
    assert "had 12 records then" in remark
    assert site.noted() == [1, 6, 11, 12]


def test_a_log_begun_anew_is_refused_until_the_other_ones_checkpoints_are_moved_away(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REFEREE_CHECKPOINTS", str(site.second))
    monkeypatch.setenv("REFEREE_CHECKPOINT_KEY", str(site.key))
    site.run(12)
    open_log(site.folder).close()
    for path in site.folder.iterdir():
        path.unlink()
    known = site.checkpoints
    for _ in range(2):  # what the first attempt leaves behind makes no difference
        with pytest.raises(
            AuditError, match=f"it was lost, or written anew; .* move {re.escape(str(known))} to"
        ):
            open_log(site.folder)
    known.rename(tmp_path / "kept")
    log = open_log(site.folder)
    assert log.append("run", {}).position == 0
    assert log.finish() == ()
    assert site.verified().intact
    (tmp_path / "kept").rename(known)
    assert [fault.code for fault in site.verified().faults] == ["replaced"]


def test_a_start_goes_on_while_the_second_place_is_away_and_a_run_stops_once_it_disproves_the_log(
    site: Site,
) -> None:
    site.run(12)
    away = site.second.rename(site.second.with_name("away"))
    site.write(site.lines()[:7])
    CheckpointWriter(site.second, site.key).require_agreement(site.folder)
    log = site.open()
    log.append("run", {})
    away.rename(site.second)
    site.now += timedelta(seconds=61)
    with pytest.raises(AuditError, match="isn't what its checkpoint"):
        log.append("run", {})


def test_a_checkpoint_whose_records_are_archived_keeps_nobody_waiting(site: Site, tmp_path: Path) -> None:
    log = site.open(segment_bytes=1500)
    log.append("run", {})
    plain = AuditLog(site.folder, segment_bytes=1500)
    for number in range(20):
        plain.append("run", {"n": number})
    (site.folder / "audit.jsonl").rename(tmp_path / "audit.jsonl")
    CheckpointWriter(site.second, site.key).require_agreement(site.folder)


def test_a_log_without_a_checkpoint_is_told_from_one_that_is_vouched_for(site: Site, tmp_path: Path) -> None:
    site.run(3)
    assert site.verified().unvouched == ""
    AuditLog(tmp_path / "other").append("run", {})
    found = verify(tmp_path / "other", checkpoints=site.second, keys=site.keys)
    assert found.intact
    assert found.unvouched == (
        "checkpoints were asked for and none vouches for this log (the folder holds those of 1 other log)"
    )
    assert verify(tmp_path / "other").unvouched == ""


def test_checkpoints_vouch_for_nothing_beyond_the_first_fault(site: Site) -> None:
    site.run(12)
    lines = site.lines()
    lines[8] = lines[8].replace(b'"n":8', b'"n":9')
    site.write(lines)
    found = site.verified()
    assert [fault.position for fault in found.faults] == [8]
    assert (found.checkpoints, found.backed) == (2, 6)


def test_a_line_nested_too_deeply_is_no_checkpoint(site: Site) -> None:
    site.run(3)
    with site.checkpoints.open("ab") as file:
        file.write(b"[" * 100_000 + b"\n")
    assert "no whole checkpoint" in site.verified().not_verifiable[0]
    assert site.run(1) == ()


@pytest.mark.parametrize(("at", "first"), [(2, 5), (8, 10), (11, 11)])
def test_a_rehashed_forgery_without_the_key_is_found(site: Site, at: int, first: int) -> None:
    site.run(12)
    site.write(rehashed(site.lines(), at, b'"n":%d' % at, b'"n":77'))
    assert verify(site.folder).intact
    faults = site.verified().faults
    assert {fault.code for fault in faults} == {"rewritten"}
    assert (faults[0].position, faults[0].place.line) == (first, first + 1)
    assert "it or one of those from" in faults[0].message


def test_a_log_that_was_written_anew_from_its_first_record_is_found(site: Site) -> None:
    site.run(12)
    site.write(rehashed(site.lines(), 0, b'"n":0', b'"n":7'))
    assert verify(site.folder).intact
    (fault,) = site.verified().faults
    assert (fault.code, fault.place.file) == ("replaced", str(site.checkpoints))
    assert "another log of 12 records stood in this folder" in fault.message
    assert "it has no signed checkpoint" in site.verified().not_verifiable[-1]


def test_checkpoints_are_met_across_segments_and_in_archives(site: Site, tmp_path: Path) -> None:
    site.run(30, segment_bytes=1500)
    found = site.verified()
    assert found.intact and found.segments > 3 and found.checkpoints == len(site.noted())
    newest = sorted(site.folder.glob("audit-*.jsonl"))[-1]
    newest.write_bytes(b"".join(newest.read_bytes().splitlines(keepends=True)[:-1]))
    (fault,) = site.verified().faults
    assert (fault.code, fault.place.file) == ("removed", str(newest))
    (tmp_path / "archive").mkdir()
    (site.folder / "audit.jsonl").rename(tmp_path / "archive" / "audit.jsonl")
    assert [fault.code for fault in site.verified().faults] == ["removed"]


def test_a_forged_checkpoint_is_a_fault_of_its_own(site: Site) -> None:
    site.run(12)
    lines = site.checkpoints.read_bytes().splitlines(keepends=True)
    site.checkpoints.write_bytes(b"".join([*lines[:3], lines[3].replace(b'"records":12', b'"records":11')]))
    (fault,) = site.verified().faults
    assert (fault.code, fault.place.line) == ("forged", 4)
    assert "was changed after it was signed, or was signed by somebody else" in fault.message


def test_a_checkpoint_of_somebody_whose_key_is_not_trusted_is_a_fault(site: Site) -> None:
    site.run(3)
    log = site.open(key=site.stranger)
    log.append("run", {})
    log.finish()
    (fault,) = site.verified().faults
    assert fault.code == "forged"
    assert "which isn't among those trusted" in fault.message


def test_what_a_stranger_writes_does_not_keep_the_next_checkpoint_from_being_written(site: Site) -> None:
    site.run(3)
    line = site.checkpoints.read_bytes().splitlines(keepends=True)[-1]
    with site.checkpoints.open("ab") as file:
        file.write(line.replace(b'"records":3', b'"records":999999') + b'{"v":1,"half')
    assert site.run(3) == ()
    last = json.loads(site.checkpoints.read_bytes().splitlines()[-1])
    assert last["records"] == 6
    found = site.verified()
    assert found.backed == 6
    assert "this is no whole checkpoint, and counts for nothing" in found.not_verifiable[0]


def test_the_run_goes_on_while_the_second_place_is_away_and_says_so(site: Site) -> None:
    away = site.second.rename(site.second.with_name("away"))
    log = site.open()
    for _ in range(8):
        log.append("run", {})
    (remark,) = log.finish()
    assert remark == f"there is no checkpoint of the audit log at all: {site.second} isn't there"
    assert not site.second.exists()

    away.rename(site.second)
    assert log.finish() == ()
    assert site.noted() == [8]
    away = site.second.rename(away)
    log.append("run", {})
    (remark,) = log.finish()
    assert remark.startswith(
        "there is no checkpoint of the audit log since record 7 of 2026-11-21T12:00:00.000000Z: "
    )


def test_an_absent_place_is_tried_again_after_ever_longer_pauses(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[float] = []
    real = Path.is_dir
    monkeypatch.setattr(
        Path,
        "is_dir",
        lambda path: tried.append((site.now - START).total_seconds()) if path == site.second else real(path),
    )
    log = site.open()
    for _ in range(3600):
        log.append("run", {})
        site.now += timedelta(seconds=1)
    assert tried == [0, 60, 180, 420, 900, 1500, 2100, 2700, 3300]


def test_a_place_that_refuses_is_named_with_the_reason(site: Site) -> None:
    log = site.open()
    log.append("run", {})
    site.checkpoints.unlink()
    (site.second / f"{next(log.records()).hash}.checkpoints.jsonl").mkdir()
    (remark,) = log.finish()
    assert f"{site.second} can't be written: is a directory" in remark


def test_a_key_that_cannot_be_used_stops_the_run_at_the_start(site: Site, tmp_path: Path) -> None:
    with pytest.raises(
        AuditError, match=r"can't be signed: .*can't be read.*`referee audit key new` makes one"
    ):
        CheckpointWriter(site.second, tmp_path / "none.key")
    with pytest.raises(AuditError, match="isn't a private key"):
        CheckpointWriter(site.second, tmp_path / "bots.pub")


def test_places_of_checkpoints_and_keys_that_are_not_there_are_refused(site: Site, tmp_path: Path) -> None:
    site.run(1)
    with pytest.raises(AuditError, match=r"the folder of checkpoints .* isn't there"):
        verify(site.folder, checkpoints=tmp_path / "nowhere", keys=site.keys)
    with pytest.raises(AuditError, match="there is no public key in"):
        verify(site.folder, checkpoints=site.second, keys=site.second)
    with pytest.raises(AuditError, match="isn't a public key"):
        verify(site.folder, checkpoints=site.second, keys=site.key)


def test_an_empty_log_has_nothing_to_vouch_for(site: Site) -> None:
    assert site.open().finish() == ()
    assert list(site.second.iterdir()) == []
    assert site.verified().intact
