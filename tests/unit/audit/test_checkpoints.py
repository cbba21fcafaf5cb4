"""Signed checkpoints in a second place tell a log that was cut off or written anew from an intact one."""

from __future__ import annotations

import json
import re
import shutil
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from referee.audit import AuditLog, Verification, open_log, second_place, verify
from referee.audit.checkpoint_writer import CheckpointWriter
from referee.audit.checkpoints import Checkpoint
from referee.audit.second_place import NewestCheckpoints
from referee.audit.segments import segment_names
from referee.audit.settings import public_keys
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
    with pytest.raises(AuditError, match="or was written anew; it is signed with the key"):
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


def test_a_run_stops_once_a_second_place_that_was_away_disproves_the_log(site: Site) -> None:
    site.run(12)
    away = site.second.rename(site.second.with_name("away"))
    site.write(site.lines()[:7])
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
    (remark,) = site.run(1)
    assert remark == (
        f"{site.checkpoints} holds something that Referee didn't write (line 3): find out who did"
    )


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


def test_half_a_checkpoint_does_not_keep_the_next_from_being_written(site: Site) -> None:
    site.run(3)
    with site.checkpoints.open("ab") as file:
        file.write(b'{"v":1,"half')
    assert site.run(3) == ()
    last = json.loads(site.checkpoints.read_bytes().splitlines()[-1])
    assert last["records"] == 6
    found = site.verified()
    assert found.backed == 6
    assert "this is no whole checkpoint, and counts for nothing" in found.not_verifiable[0]


def add(site: Site, line: bytes) -> None:
    with site.checkpoints.open("ab") as file:
        file.write(line)


def refusal(site: Site, trusted: Path | None = None) -> str:
    """What a start on the log as it is now is told."""
    with pytest.raises(AuditError) as told:
        CheckpointWriter(site.second, site.key, trusted=trusted).require_agreement(site.folder)
    return str(told.value)


def restore(site: Site, count: int) -> None:
    """An old copy of the log, with so many records."""
    site.write(site.lines()[:count])


@pytest.mark.parametrize("junk", ["an old one", "noise", "lines", "a long line", "noise without end"])
def test_what_is_appended_to_the_checkpoints_hides_none_of_them(site: Site, junk: str) -> None:
    site.run(12)
    old = site.checkpoints.read_bytes().splitlines(keepends=True)[1]
    noise = {
        "an old one": old,
        "noise": b"x\n" * 9000,
        "lines": b"\n" * 200_000,
        "a long line": b"y" * 100_000 + b"\n",
        "noise without end": b"z" * 100_000,
    }
    add(site, noise[junk])
    restore(site, 7)
    assert ", line 4): it had 12 records then, and the last of them is gone" in refusal(site)


def test_a_checkpoint_that_is_being_written_is_read_once_it_is_whole(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.run(12)
    path = site.checkpoints
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    found = NewestCheckpoints(path, None)
    parse = second_place.parse_checkpoint

    def meanwhile(line: bytes) -> Checkpoint | None:
        if not line.endswith(b"\n"):
            add(site, whole[-100:])
        return parse(line)

    monkeypatch.setattr(second_place, "parse_checkpoint", meanwhile)
    found.read_on()
    assert (max(noted.checkpoint.records for noted in found.claims), found.foreign) == (11, [])
    found.read_on()
    assert (max(noted.checkpoint.records for noted in found.claims), found.foreign) == (12, [])


def test_what_others_wrote_among_the_checkpoints_is_said(site: Site) -> None:
    site.run(12)
    add(site, b"\n" * 3)
    (remark,) = site.run(1)
    assert remark == (
        f"{site.checkpoints} holds something that Referee didn't write (line 5 and 2 more): find out who did"
    )
    assert (
        f"{site.checkpoints}, line 5: this and 2 more lines are no whole checkpoints, and count for nothing"
        in site.verified().not_verifiable
    )


def test_a_checkpoint_disproves_a_log_whoever_signed_it(site: Site) -> None:
    site.run(3)
    line = site.checkpoints.read_bytes().splitlines(keepends=True)[-1]
    add(site, line.replace(b'"records":3', b'"records":999999'))
    told = refusal(site)
    assert f"({site.checkpoints}, line 3): it had 999999 records then" in told
    assert "was changed after it was signed, or was signed by somebody else" in told
    assert "if nobody of yours wrote that line, find out who did before you take it out" in told
    lines = site.checkpoints.read_bytes().splitlines(keepends=True)
    site.checkpoints.write_bytes(b"".join(lines[:-1]))
    assert site.run(3) == ()


def test_a_forged_checkpoint_that_fits_does_not_hide_a_true_one(site: Site) -> None:
    site.run(12)
    lines = site.lines()
    forged = rehashed([*lines, lines[-1].replace(b'"position":11', b'"position":12')], 8, b'"n":8', b'"n":77')
    site.write(forged)
    head = forged[-1].split(b'"hash":"')[1][:64].decode()
    line = json.loads(site.checkpoints.read_bytes().splitlines()[-1])
    add(site, json.dumps(line | {"records": 13, "head": head}, separators=(",", ":")).encode() + b"\n")
    assert ", line 4): it had 12 records then" in refusal(site)


def test_a_changed_key_does_not_make_older_checkpoints_count_less(site: Site, tmp_path: Path) -> None:
    site.run(12)
    whole = site.lines()
    site.key = site.stranger
    restore(site, 7)
    told = refusal(site)
    assert ", line 4): it had 12 records then" in told
    assert "which isn't among those trusted: if the key was changed, put the old public key beside" in told
    assert "it is signed with the key" in refusal(site, trusted=tmp_path / "bots.pub")
    site.write(whole)
    assert site.run(2) == ()
    assert site.noted() == [1, 6, 11, 12, 13, 14]
    restore(site, 7)
    assert ", line 6): it had 14 records then" in refusal(site)


def test_keys_beside_the_one_in_use_are_trusted_too(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEREE_CHECKPOINT_KEY", str(site.stranger))
    assert public_keys() == tmp_path
    (tmp_path / "ssh.pub").write_text("ssh-ed25519 AAAA someone")
    site.run(3)
    found = verify(site.folder, checkpoints=site.second, keys=public_keys())
    assert found.intact and (found.checkpoints, found.backed) == (2, 3)


def test_a_log_that_is_gone_stays_refused_when_its_checkpoints_are_hidden_by_noise(site: Site) -> None:
    site.run(12)
    add(site, b"\n" * 20_000)
    for path in site.folder.iterdir():
        path.unlink()
    AuditLog(site.folder).append("run", {})
    assert "it was lost, or written anew" in refusal(site)
    site.key = site.stranger
    assert "it was lost, or written anew" in refusal(site)


@pytest.mark.parametrize("harm", ["cut", "replaced", "deleted", "folder", "overwritten"])
def test_a_run_that_finds_its_log_changed_signs_what_it_knows_before_it_stops(site: Site, harm: str) -> None:
    log = site.open(every_records=1000)
    for number in range(9):
        log.append("run", {"n": number})
    assert site.noted() == [1]
    old, file = site.lines()[:4], site.folder / "audit.jsonl"
    if harm == "cut":
        site.write(old)
    elif harm == "overwritten":
        site.write(rehashed(site.lines() * 2, 3, b'"n":3', b'"n":7'))
    else:
        file.unlink()
        if harm == "folder":
            shutil.rmtree(site.folder)
        elif harm == "replaced":
            site.write(old)
    for _ in range(2):
        with pytest.raises(AuditError):
            log.append("run", {"n": 9})
    assert site.noted() == [1, 9]
    with pytest.raises(AuditError):
        log.finish()
    if harm in ("deleted", "folder"):
        shutil.rmtree(site.folder, ignore_errors=True)
        AuditLog(site.folder).append("run", {})
        assert "had 9 records" in refusal(site)
    else:
        site.write(old)
        assert "it had 9 records then" in refusal(site)


def test_a_run_that_reads_a_changed_log_signs_what_it_knows(site: Site) -> None:
    log = site.open(every_records=1000)
    for number in range(9):
        log.append("run", {"n": number})
    list(log.records())
    restore(site, 4)
    with pytest.raises(AuditError, match="was cut short while this run was using it"):
        list(log.records(9))
    assert site.noted() == [1, 9]


@pytest.mark.parametrize("loss", ["folder", "file", "unreadable"])
def test_a_start_is_refused_while_the_log_cannot_be_held_against_its_checkpoints(
    site: Site, loss: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.run(12)
    monkeypatch.setenv("REFEREE_CHECKPOINTS", str(site.second))
    monkeypatch.setenv("REFEREE_CHECKPOINT_KEY", str(site.key))
    known = site.checkpoints
    kept = known.read_bytes()
    if loss == "folder":
        site.second.rename(site.second.with_name("away"))
    else:
        known.unlink()
        if loss == "unreadable":
            known.mkdir()
    found = {
        "folder": f"{site.second} isn't there; connect it",
        "file": f"{site.second} holds none of them any more ({known.name}); connect it or restore them",
        "unreadable": f"{site.second} can't be read: is a directory; connect it",
    }
    with pytest.raises(AuditError) as told:
        open_log(site.folder)
    assert f"the audit log in {site.folder} can't be held against its checkpoints: {found[loss]}" in str(
        told.value
    )
    assert str(told.value).endswith("on purpose, set REFEREE_CHECKPOINTS_MAY_BE_AWAY=yes")

    monkeypatch.setenv("REFEREE_CHECKPOINTS_MAY_BE_AWAY", "yes")
    log = open_log(site.folder)
    log.append("run", {})
    (remark,) = log.finish()
    assert f"held against none of the checkpoints made before this run: {site.second} " in remark
    assert ("there is no checkpoint of the audit log made by this run" in remark) is (loss != "file")
    if loss == "file":
        known.write_bytes(kept)
        assert open_log(site.folder).finish() == ()


def test_whether_the_second_place_may_be_away_is_said_by_yes_or_no(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEREE_CHECKPOINTS", str(site.second))
    monkeypatch.setenv("REFEREE_CHECKPOINT_KEY", str(site.key))
    monkeypatch.setenv("REFEREE_CHECKPOINTS_MAY_BE_AWAY", "maybe")
    with pytest.raises(AuditError, match="MAY_BE_AWAY is 'maybe'; say yes or no"):
        open_log(site.folder)


def test_an_empty_second_place_is_right_for_a_first_run_and_for_a_log_that_had_no_checkpoints(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEREE_CHECKPOINTS", str(site.second))
    monkeypatch.setenv("REFEREE_CHECKPOINT_KEY", str(site.key))
    open_log(site.folder).close()
    AuditLog(site.folder).append("run", {})
    log = open_log(site.folder)
    log.append("run", {})
    assert log.finish() == ()
    assert site.verified().intact


@pytest.mark.parametrize("name", ["", "invoices"])
def test_a_log_is_known_again_by_its_given_name_and_by_links(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    real, link = tmp_path / "disk1", tmp_path / "audit"
    real.mkdir()
    link.symlink_to(real)
    monkeypatch.setenv("REFEREE_LOG_NAME", name)
    site.run(12)
    if name:
        monkeypatch.setattr(socket, "gethostname", lambda: "another-container")
        site.folder = tmp_path / "elsewhere"
    else:
        link.unlink()
        (tmp_path / "disk2").mkdir()
        link.symlink_to(tmp_path / "disk2")
    AuditLog(site.folder).append("run", {})
    assert "it was lost, or written anew" in refusal(site)
    if not name:
        shutil.rmtree(real)
        site.folder = real
        AuditLog(real).append("run", {})
        assert "it was lost, or written anew" in refusal(site)


def test_two_logs_with_names_of_their_own_may_share_host_and_folder(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEREE_LOG_NAME", "invoices")
    site.run(12)
    shutil.rmtree(site.folder)
    AuditLog(site.folder).append("run", {})
    monkeypatch.setenv("REFEREE_LOG_NAME", "loans")
    CheckpointWriter(site.second, site.key).require_agreement(site.folder)
    monkeypatch.setenv("REFEREE_LOG_NAME", "")
    assert "it was lost, or written anew" in refusal(site)


def test_without_a_public_key_no_checkpoint_vouches_and_each_may_disprove(site: Site) -> None:
    site.run(12)
    found = verify(site.folder, checkpoints=site.second)
    assert (found.intact, found.checkpoints, found.backed) == (True, 0, 0)
    assert found.unvouched.startswith("no checkpoint vouches for this log: who signed those")
    (remark,) = found.not_verifiable
    assert "its checkpoints may be forged as well" in remark
    restore(site, 7)
    assert [fault.code for fault in verify(site.folder, checkpoints=site.second).faults] == ["removed"]


def test_many_checkpoints_are_looked_through_quickly(site: Site) -> None:
    site.run(12)
    line = site.checkpoints.read_bytes().splitlines(keepends=True)[1]
    add(site, line * 200_000)
    begun = time.process_time()
    CheckpointWriter(site.second, site.key).require_agreement(site.folder)
    assert time.process_time() - begun < 5


def test_the_run_goes_on_while_the_second_place_is_away_and_says_so(site: Site) -> None:
    away = site.second.rename(site.second.with_name("away"))
    log = site.open()
    for _ in range(8):
        log.append("run", {})
    (remark,) = log.finish()
    assert remark == f"there is no checkpoint of the audit log made by this run: {site.second} isn't there"
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


def unmounted(site: Site) -> Path:
    """The drive of the second place goes away, and its mount point is left: an empty folder."""
    drive = site.second.rename(site.second.with_name("drive"))
    site.second.mkdir()
    return drive


def mounted(site: Site, drive: Path) -> None:
    site.second.rmdir()  # fails when anything was written into the mount point
    drive.rename(site.second)


@pytest.mark.parametrize("before", [0, 12])
def test_an_empty_mount_point_gets_no_checkpoint_of_a_log_that_had_some(site: Site, before: int) -> None:
    site.run(before)
    log = site.open()
    log.append("run", {})
    name = site.checkpoints.name
    drive = unmounted(site)
    for _ in range(8):
        site.now += timedelta(seconds=61)
        log.append("run", {})
    (remark,) = log.finish()
    assert remark == (
        f"there is no checkpoint of the audit log since record {max(before - 1, 0)} of "
        f"2026-11-21T12:00:00.000000Z: "
        f"{site.second} holds none of them any more ({name})"
    )
    assert f"{site.second} holds none of them any more ({name}); connect it" in refusal(site)
    mounted(site, drive)
    site.now += timedelta(minutes=11)
    log.append("run", {})
    assert site.noted()[-1] == before + 10
    assert log.finish() == ()


def test_the_end_of_a_run_says_that_the_second_place_went_away_though_nothing_was_to_be_signed(
    site: Site,
) -> None:
    log = site.open()
    log.append("run", {})
    log.finish()
    drive = unmounted(site)
    (remark,) = log.finish()
    assert "holds none of them any more" in remark
    mounted(site, drive)
    assert log.finish() == ()


def test_a_run_that_finds_its_log_changed_signs_nothing_into_an_empty_mount_point(site: Site) -> None:
    log = site.open(every_records=1000)
    for number in range(9):
        log.append("run", {"n": number})
    drive = unmounted(site)
    shutil.rmtree(site.folder)
    with pytest.raises(AuditError):
        log.append("run", {})
    mounted(site, drive)
    assert site.noted() == [1]


def test_a_run_that_met_the_second_place_away_begins_no_file_in_an_empty_mount_point(site: Site) -> None:
    site.run(3)
    drive = site.second.rename(site.second.with_name("drive"))
    writer = CheckpointWriter(site.second, site.key, may_be_away=True)
    writer.require_agreement(site.folder)
    log = AuditLog(site.folder, clock=lambda: site.now, followers=[writer])
    log.append("run", {})
    site.second.mkdir()
    (remark,) = log.finish()
    assert f"made by this run: {site.second} holds none of them any more" in remark
    mounted(site, drive)
    assert log.finish() == ()
    assert site.noted() == [1, 3, 4]


def test_who_may_start_without_the_checkpoints_begins_their_file_anew_once(
    site: Site, tmp_path: Path
) -> None:
    site.run(12)
    restore(site, 7)
    told = refusal(site)
    assert told.endswith(
        f"move {site.checkpoints} to another folder and start once with REFEREE_CHECKPOINTS_MAY_BE_AWAY=yes: cases "
        "decided after the backup would be done again"
    )
    assert "restore the log, from its copy on the share if it has one, else from the newest backup" in told
    site.checkpoints.rename(tmp_path / "kept")
    writers = [CheckpointWriter(site.second, site.key, may_be_away=True) for _ in range(2)]
    logs = []
    for writer in writers:  # two bots that begin at the same time
        writer.require_agreement(site.folder)
        logs.append(AuditLog(site.folder, clock=lambda: site.now, followers=[writer]))
    for log in logs:
        log.append("run", {})
    assert "held against none of the checkpoints made before" in " ".join(logs[0].finish())
    logs[1].finish()
    assert site.noted() == [8, 9]
    drive = unmounted(site)
    for log in logs:
        log.append("run", {})
        assert "holds none of them any more" in " ".join(log.finish())
    mounted(site, drive)
    assert site.run(1) == ()


def test_bots_that_begin_a_log_at_the_same_time_make_one_file_and_note_it(site: Site) -> None:
    logs = [site.open() for _ in range(3)]
    threads = [threading.Thread(target=log.append, args=("run", {})) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (site.folder / "audit.begun").write_text(
        "audit.jsonl\n"
    )  # as one writes it who began the log together with them
    assert [log.finish() for log in logs] == [()] * 3
    assert max(site.noted()) == 3
    unmounted(site)
    assert "holds none of them any more" in refusal(site)


def test_checkpoints_that_a_killed_bot_did_not_note_are_noted_by_the_next(site: Site) -> None:
    site.run(3)
    (site.folder / "audit.begun").write_text("audit.jsonl\n")
    site.open().finish()  # adds nothing: everything is signed
    unmounted(site)
    assert "holds none of them any more" in refusal(site)


def test_logs_whose_folders_were_swapped_are_told_apart_from_lost_ones(site: Site, tmp_path: Path) -> None:
    site.run(3)
    first, site.folder = site.folder, tmp_path / "other"
    site.now += timedelta(seconds=1)
    site.run(5)
    first.rename(tmp_path / "aside")
    site.folder.rename(first)
    (tmp_path / "aside").rename(site.folder)
    for folder, elsewhere, records in ((first, site.folder, 3), (site.folder, first, 5)):
        with pytest.raises(AuditError) as told:
            CheckpointWriter(site.second, site.key).require_agreement(folder)
        said = str(told.value)
        assert f"the audit log in {folder} isn't the one that stood there" in said
        assert f"which had {records} records" in said
        assert (
            f"another log stood there by its checkpoints, and this one stood at {socket.gethostname()}:{elsewhere};"
            in said
        )
        assert "a log may not be moved to where another one stood: put each back in its place" in said
        assert "lost" not in said


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
    with pytest.raises(
        AuditError, match=r"there is no .*nowhere; name the public key of checkpoints, or the folder"
    ):
        verify(site.folder, checkpoints=site.second, keys=tmp_path / "nowhere")


def test_an_empty_log_has_nothing_to_vouch_for(site: Site) -> None:
    assert site.open().finish() == ()
    assert list(site.second.iterdir()) == []
    assert site.verified().intact
