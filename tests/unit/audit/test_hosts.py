"""Each host ships its own log to a share, and a collector merges them: no record is lost or taken twice."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referee.audit import AuditLog, Record, open_log, shipping, verify
from referee.audit.canonical_json import exact_json
from referee.audit.checkpoint_writer import CheckpointWriter
from referee.audit.file_lock import lock
from referee.audit.merging import Collector, Merged
from referee.audit.record import read_record, write_line
from referee.audit.segments import log_id, segment_names
from referee.audit.shipping import LOCK_NAME, Shipper, ship
from referee.domain import AuditError
from referee.signing import key_pair

DONE = {"decision": "d", "status": "done", "action": "a", "result": Decimal("1.50"), "error": ""}
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Host:
    """A log with a clock of its own; in these tests the machine's name never matters."""

    def __init__(self, root: Path, name: str, segment_bytes: int = 1500) -> None:
        self.now = START
        self.folder = root / name
        self.share = root / "share"
        self.share.mkdir(exist_ok=True)
        self._segment_bytes = segment_bytes

    def open(self, *, shipped: bool = True) -> AuditLog:
        return AuditLog(
            self.folder,
            writer=self.folder.name,
            clock=lambda: self.now,
            segment_bytes=self._segment_bytes,
            followers=[Shipper(self.share)] if shipped else [],
        )

    def work(self, first: int, count: int) -> None:
        log = self.open(shipped=False)
        for number in range(first, first + count):
            log.append("action", {**DONE, "case": f"{self.folder.name}-{number}", "of": number})
        log.close()

    @property
    def copy(self) -> Path:
        (path,) = [path for path in self.share.iterdir() if path.name.endswith(log_id(self.folder)[:16])]
        return path

    def files(self, folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(folder.glob("audit*.jsonl"))}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path, "north")


def test_the_copy_is_the_log_byte_by_byte_and_can_be_verified_where_it_is(host: Host) -> None:
    host.work(0, 12)
    shipped = ship(host.folder, host.share)
    assert shipped.to == host.copy
    assert host.copy.name == f"{socket.gethostname()}-{log_id(host.folder)[:16]}"
    assert host.files(host.copy) == host.files(host.folder)
    assert shipped.size == sum(map(len, host.files(host.folder).values()))
    assert verify(host.copy, contents=True).faults == ()
    assert ship(host.folder, host.share).size == 0


def test_shipping_goes_on_where_it_was_interrupted(host: Host) -> None:
    host.work(0, 9)
    ship(host.folder, host.share)
    names = segment_names(host.copy)
    for name in names[1:]:
        (host.copy / name).unlink()
    first = host.copy / names[0]
    os.truncate(first, first.stat().st_size - 100)  # in the midst of a line
    host.work(9, 9)
    ship(host.folder, host.share)
    assert host.files(host.copy) == host.files(host.folder)


def test_an_unfinished_line_is_not_shipped_before_it_is_sealed(host: Host) -> None:
    host.work(0, 2)
    with (host.folder / "audit.jsonl").open("ab") as killed:
        killed.write(b'{"v":1,"position":2,"ki')
    ship(host.folder, host.share)
    assert host.files(host.copy)["audit.jsonl"].endswith(b'"}\n')
    host.work(2, 1)
    ship(host.folder, host.share)
    assert host.files(host.copy) == host.files(host.folder)


def test_what_is_not_durable_here_is_not_shipped(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.work(0, 2)

    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(shipping, "flush", fail)
    with pytest.raises(OSError):
        ship(host.folder, host.share)
    assert set(host.files(host.copy).values()) <= {b""}


def test_a_copy_that_was_changed_is_not_added_to(host: Host) -> None:
    host.work(0, 3)
    ship(host.folder, host.share)
    copy = host.copy / "audit.jsonl"
    changed = copy.read_bytes().replace(b"north-2", b"north-7")
    copy.write_bytes(changed)
    host.work(3, 1)
    with pytest.raises(AuditError, match=r"isn't a copy of .*: one of both was changed"):
        ship(host.folder, host.share)
    assert copy.read_bytes() == changed


def test_the_end_of_a_copy_is_compared_even_when_nothing_is_to_be_added(host: Host) -> None:
    host.work(0, 12)
    ship(host.folder, host.share)
    copy = host.copy / segment_names(host.copy)[-1]
    copy.write_bytes(copy.read_bytes().replace(b'"result":1.50', b'"result":9.50'))
    with pytest.raises(AuditError, match=r"isn't a copy of .*: one of both was changed"):
        ship(host.folder, host.share)


def test_a_log_that_lost_records_is_noticed_when_it_is_shipped(host: Host) -> None:
    host.work(0, 12)
    ship(host.folder, host.share)
    newest = segment_names(host.folder)[-1]
    content = (host.folder / newest).read_bytes()
    os.truncate(host.folder / newest, len(content) // 2)
    with pytest.raises(
        AuditError, match=r"holds more than the log in .*: the log was cut short or an old copy"
    ):
        ship(host.folder, host.share)
    (host.folder / newest).unlink()
    with pytest.raises(AuditError, match=r"holds more than the log in .*restore the log from the share"):
        ship(host.folder, host.share)


def test_a_longer_forgery_on_the_share_is_not_to_be_restored(host: Host) -> None:
    host.work(0, 12)
    ship(host.folder, host.share)
    rewrite(host.copy, 10, b"north-2", b"a longer name")
    with pytest.raises(AuditError, match=r"isn't a copy of .*: one of both was changed") as told:
        ship(host.folder, host.share)
    assert "restore" not in str(told.value)
    (host.folder / segment_names(host.folder)[-1]).unlink()
    with pytest.raises(AuditError, match=r"isn't a copy of .*: one of both was changed"):
        ship(host.folder, host.share)


def restored(host: Host, count: int) -> None:
    """An old copy of the log, with so many records."""
    first, *later = segment_names(host.folder)
    lines = b"".join((host.folder / name).read_bytes() for name in (first, *later)).splitlines(keepends=True)
    for name in later:
        (host.folder / name).unlink()
    (host.folder / first).write_bytes(b"".join(lines[:count]))


@pytest.mark.parametrize("harm", ["fewer segments", "fewer records", "same size", "another host name"])
def test_a_bot_does_not_start_on_a_log_that_its_copy_on_the_share_disproves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    host = Host(tmp_path, "north", 1500 if harm == "fewer segments" else 1 << 20)
    host.work(0, 12)
    ship(host.folder, host.share)
    monkeypatch.setenv("REFEREE_AUDIT_SHARE", str(host.share))
    open_log(host.folder).close()
    path = host.folder / "audit.jsonl"
    if harm == "same size":
        path.write_bytes(path.read_bytes().replace(b'"result":1.50', b'"result":9.50'))
    elif harm == "fewer segments":
        (host.folder / segment_names(host.folder)[-1]).unlink()
        (host.folder / "audit.begun").unlink()
    else:
        restored(host, 5)
    if harm == "another host name":
        monkeypatch.setattr(socket, "gethostname", lambda: "renamed")
    before = host.files(host.folder)
    expected = "isn't a copy of" if harm == "same size" else "holds more than the log in"
    with pytest.raises(AuditError, match=expected):
        open_log(host.folder)
    assert host.files(host.folder) == before
    host.share.rename(tmp_path / "away")
    open_log(host.folder).close()


def test_a_bot_starts_on_a_log_that_goes_on_behind_its_copy(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.work(0, 12)
    ship(host.folder, host.share)
    host.work(12, 12)
    monkeypatch.setenv("REFEREE_AUDIT_SHARE", str(host.share))
    open_log(host.folder).close()
    for name in segment_names(host.copy):  # archived
        (host.folder / name).rename(tmp_path / name)
    open_log(host.folder).close()


def test_a_log_is_not_shipped_into_itself(host: Host, tmp_path: Path) -> None:
    host.work(0, 2)
    (host.folder / "inside").mkdir()
    (tmp_path / "link").symlink_to(host.folder)
    for share in (host.folder, host.folder / "inside", tmp_path / "link"):
        with pytest.raises(
            AuditError, match="is the folder of a log, or in one; name the folder on the share"
        ):
            ship(host.folder, share)
    assert not list(host.folder.glob("*-*"))


def test_a_log_without_records_is_not_shipped_yet(host: Host) -> None:
    host.open().close()
    assert ship(host.folder, host.share).size == 0
    assert list(host.share.iterdir()) == []


def test_a_run_ships_now_and_then_and_at_its_end(host: Host) -> None:
    log = host.open()
    log.append("run", {"n": 0})
    assert len(host.files(host.copy)["audit.jsonl"].splitlines()) == 1
    log.append("run", {"n": 1})
    host.now += timedelta(seconds=6)
    log.append("run", {"n": 2})
    assert len(host.files(host.copy)["audit.jsonl"].splitlines()) == 3
    log.append("run", {"n": 3})
    assert log.finish() == ()
    assert host.files(host.copy) == host.files(host.folder)


def test_while_the_share_is_away_the_run_goes_on_and_says_so_at_its_end(host: Host, tmp_path: Path) -> None:
    away = host.share.rename(tmp_path / "away")
    log = host.open()
    for number in range(20):
        log.append("run", {"n": number})
        host.now += timedelta(seconds=3)
    (remark,) = log.finish()
    assert remark == (
        f"the audit log was not shipped in this run: {host.share} can't be reached: the share isn't there; what waits "
        "goes with the next run, or with `referee audit ship`"
    )
    away.rename(host.share)
    assert log.finish() == ()
    assert host.files(host.copy) == host.files(host.folder)


def test_a_share_that_hangs_holds_up_neither_the_run_nor_its_end(host: Host, tmp_path: Path) -> None:
    (host.folder).mkdir()
    log = AuditLog(
        host.folder,
        clock=lambda: host.now,
        followers=[Shipper(host.share, patience=timedelta(milliseconds=20))],
    )
    with (host.folder / LOCK_NAME).open("ab") as hanging:  # as a process does that waits for the share
        lock(hanging.fileno(), hanging.name)
        begun = time.monotonic()
        for number in range(3):
            log.append("run", {"n": number})
            host.now += timedelta(minutes=1)
        (remark,) = log.finish()
        assert time.monotonic() - begun < 5
        assert remark == (
            f"the audit log was not shipped in this run: {host.share} doesn't answer; what waits goes with the next "
            "run, or with `referee audit ship`"
        )
    assert log.finish() == ()
    assert host.files(host.copy) == host.files(host.folder)


def test_a_copy_that_is_at_odds_does_not_stop_the_run_but_is_told(host: Host) -> None:
    host.work(0, 3)
    ship(host.folder, host.share)
    copy = host.copy / "audit.jsonl"
    copy.write_bytes(copy.read_bytes().replace(b"north-2", b"north-7"))
    log = host.open()
    log.append("run", {})
    (remark,) = log.finish()
    assert "isn't a copy of" in remark


def rewrite(copy: Path, count: int, old: bytes, new: bytes) -> None:
    """Makes the first records of a copy say something else, with sound hashes throughout, in one file."""
    lines = [line for name in segment_names(copy) for line in (copy / name).read_bytes().splitlines()]
    forged, previous = b"", "0" * 64
    lines = [line for line in lines if b'"kind":"segment"' not in line][:count]
    for position, line in enumerate(lines):
        record = read_record(line + b"\n")
        payload = exact_json(record.payload).replace(old, new)
        written, previous = write_line(
            position, record.kind, record.time, exact_json(record.writer), payload, previous
        )
        forged += written
    for name in segment_names(copy)[1:]:
        (copy / name).unlink()
    (copy / "audit.jsonl").write_bytes(forged)


# Merging


def merged(share: Path, into: Path) -> tuple[Merged, list[Record]]:
    log = AuditLog(into, writer="collector")
    found = Collector(share, log).merge()
    records = list(log.records())
    log.close()
    return found, records


def test_a_merged_record_is_the_same_and_says_where_it_comes_from(host: Host, tmp_path: Path) -> None:
    host.work(0, 7)
    ship(host.folder, host.share)
    found, records = merged(host.share, tmp_path / "central")
    sources = [record for record in AuditLog(host.folder).records() if record.kind == "action"]
    assert len(records) == 7 and found.counts == {host.copy.name: 7} and found.faults == {}
    for position, (record, source) in enumerate(zip(records, sources, strict=True)):
        assert (record.position, record.kind, record.payload) == (position, source.kind, source.payload)
        assert record.writer == "collector"
        assert record.origin is not None
        assert (record.origin.log, record.origin.position, record.origin.hash) == (
            log_id(host.folder),
            source.position,
            source.hash,
        )
        assert (record.origin.writer, record.origin.time) == (source.writer, source.time)
    assert verify(tmp_path / "central", contents=True).faults == ()


def test_several_hosts_are_merged_in_the_order_of_their_times(tmp_path: Path) -> None:
    hosts = [Host(tmp_path, "north"), Host(tmp_path, "south")]
    for number in range(6):
        for host in hosts:
            host.now += timedelta(seconds=1 + (number * 7) % 5)
            host.work(number, 1)
    for host in hosts:
        ship(host.folder, host.share)
    _, records = merged(tmp_path / "share", tmp_path / "central")
    times = [record.origin.time for record in records if record.origin]
    assert len(times) == 12 and times == sorted(times)
    assert merged(tmp_path / "share", tmp_path / "central")[0].counts == dict.fromkeys(
        [host.copy.name for host in hosts], 0
    )


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_merging_in_any_steps_by_any_collectors_loses_and_doubles_nothing(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        root = Path(name)
        hosts = [Host(root, "north"), Host(root, "south")]
        log = AuditLog(root / "central", segment_bytes=4000)
        collectors = [Collector(root / "share", log)]
        written = dict.fromkeys(hosts, 0)
        for _ in range(data.draw(st.integers(1, 8))):
            step = data.draw(st.sampled_from(["work", "ship", "merge", "new collector"]))
            host = data.draw(st.sampled_from(hosts))
            if step == "work":
                host.work(written[host], 3)
                written[host] += 3
            elif step == "ship" and written[host]:
                ship(host.folder, host.share)
            elif step == "merge":
                data.draw(st.sampled_from(collectors)).merge()
            else:
                collectors.append(Collector(root / "share", AuditLog(root / "central")))
        for host in hosts:
            if written[host]:
                ship(host.folder, host.share)
        for collector in collectors:
            collector.merge()
        cases = [record.payload["case"] for record in log.records() if record.kind == "action"]
        assert sorted(cases) == sorted(
            f"{host.folder.name}-{number}" for host in hosts for number in range(written[host])
        )
        for host in hosts:
            own = [case for case in cases if case.startswith(host.folder.name)]
            assert own == [f"{host.folder.name}-{number}" for number in range(written[host])]
        assert verify(root / "central").faults == ()


def test_a_broken_source_is_merged_up_to_the_break_and_named(tmp_path: Path) -> None:
    hosts = [Host(tmp_path, "north", 1 << 20), Host(tmp_path, "south", 1 << 20)]
    for host in hosts:
        host.work(0, 6)
        ship(host.folder, host.share)
    broken = hosts[0].copy / "audit.jsonl"
    broken.write_bytes(broken.read_bytes().replace(b"north-3", b"north-9"))
    found, records = merged(tmp_path / "share", tmp_path / "central")
    assert found.counts == {hosts[0].copy.name: 3, hosts[1].copy.name: 6}
    assert "record 3 was changed after it was written" in found.faults[hosts[0].copy.name]
    assert len(records) == 9


def test_a_failed_append_is_made_good_by_the_next_pass(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.work(0, 7)
    ship(host.folder, host.share)
    log = AuditLog(tmp_path / "central")
    collector = Collector(host.share, log)
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        if len(data) > 1000:
            return real(descriptor, data[:1000])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(AuditError, match="the disk is full"):
            collector.merge()
    collector.merge()
    cases = [record.payload["case"] for record in log.records() if record.kind == "action"]
    assert cases == [f"north-{number}" for number in range(7)]
    assert verify(tmp_path / "central").faults == ()


class Signed(Host):
    """A host that keeps checkpoints of its log, and a collector that knows its public key."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, "north", 1 << 20)
        self.second = root / "second"
        self.second.mkdir()
        private, public = key_pair()
        (root / "bots.key").write_bytes(private)
        (root / "bots.pub").write_bytes(public)
        self.root = root

    def signed(self, count: int) -> None:
        log = AuditLog(self.folder, followers=[CheckpointWriter(self.second, self.root / "bots.key")])
        for number in range(count):
            log.append("action", {**DONE, "case": f"north-{number}", "of": number})
        assert log.finish() == ()
        ship(self.folder, self.share)

    def merge(self) -> tuple[Merged, int]:
        log = AuditLog(self.root / "central")
        keys = self.root / "bots.pub"
        found = Collector(self.share, log, checkpoints=self.second, keys=keys).merge()
        return found, len(list(log.records()))


@pytest.fixture
def signed(tmp_path: Path) -> Signed:
    host = Signed(tmp_path)
    host.signed(6)
    return host


def test_a_forged_copy_that_a_checkpoint_disproves_is_not_merged(signed: Signed) -> None:
    rewrite(signed.copy, 6, b"north-3", b"north-9")
    found, count = signed.merge()
    assert "isn't the log that the checkpoint of" in told(found) and "it is only a copy" in told(found)
    assert "its record 5 was written anew, or one before; it is signed with the key" in told(found)
    assert count == 0


def test_what_no_checkpoint_vouches_for_yet_is_merged_and_told(signed: Signed) -> None:
    assert signed.merge()[0].remarks == ()
    signed.work(6, 2)
    ship(signed.folder, signed.share)
    found, count = signed.merge()
    assert found.remarks == (f"no checkpoint vouches for the last 2 records of {signed.copy.name} yet",)
    assert (found.faults, count) == ({}, 8)
    signed.signed(1)
    assert signed.merge()[0].remarks == ()
    (checkpoints,) = signed.second.iterdir()
    checkpoints.unlink()
    assert signed.merge()[0].remarks == (f"no checkpoint vouches for any record of {signed.copy.name} yet",)


def test_a_copy_that_lags_behind_its_checkpoints_is_merged(signed: Signed) -> None:
    copy = signed.copy / "audit.jsonl"
    copy.write_bytes(b"".join(copy.read_bytes().splitlines(keepends=True)[:4]))
    found, count = signed.merge()
    assert found.faults == {} and count == 4
    assert found.remarks == (f"no checkpoint vouches for the last 3 records of {signed.copy.name} yet",)


def test_damage_at_the_end_of_a_copy_is_named_where_checkpoints_are_kept_too(signed: Signed) -> None:
    signed.work(6, 2)
    ship(signed.folder, signed.share)
    copy = signed.copy / "audit.jsonl"
    copy.write_bytes(copy.read_bytes().replace(b"north-7", b"north-9"))
    found, count = signed.merge()
    assert "record 7 was changed after it was written" in told(found) and count == 7


def test_a_copy_waits_while_it_cannot_be_held_against_its_checkpoints(signed: Signed) -> None:
    away = signed.second.rename(signed.root / "away")
    found, count = signed.merge()
    assert "can't be held against its checkpoints in" in told(found) and count == 0
    away.rename(signed.second)
    assert signed.merge() == (Merged({signed.copy.name: 6}, {}), 6)


def test_a_merged_log_is_not_merged_again(host: Host, tmp_path: Path) -> None:
    host.work(0, 2)
    ship(host.folder, host.share)
    merged(host.share, tmp_path / "central")
    ship(tmp_path / "central", tmp_path / "share")
    found, records = merged(host.share, tmp_path / "central")
    assert len(records) == 2
    assert "is a merged log itself; merge the logs that it was made of" in next(iter(found.faults.values()))


def test_a_log_that_stands_twice_on_the_share_is_merged_once(host: Host, tmp_path: Path) -> None:
    host.work(0, 4)
    ship(host.folder, host.share)
    host.copy.rename(host.share / "old-name")
    ship(host.folder, host.share)
    found, records = merged(host.share, tmp_path / "central")
    assert len(records) == 4 and sum(found.counts.values()) == 4


def told(found: Merged) -> str:
    ((_, fault),) = found.faults.items()
    return fault


@pytest.mark.parametrize("watching", [False, True])
def test_a_copy_that_was_rewritten_since_is_named_and_not_merged(
    host: Host, tmp_path: Path, watching: bool
) -> None:
    host = Host(tmp_path, "south", 1 << 20)
    host.work(0, 6)
    ship(host.folder, host.share)
    log = AuditLog(tmp_path / "central")
    collector = Collector(host.share, log)
    collector.merge()
    host.work(6, 3)
    ship(host.folder, host.share)
    rewrite(host.copy, 9, b"south-2", b"south-7")
    found = (collector if watching else Collector(host.share, log)).merge()
    assert "was rewritten: its record 5 isn't the one that was merged" in told(found)
    assert "it is only a copy" in told(found) and "`referee audit ship` there brings it again" in told(found)
    assert list(found.counts.values()) == [0] and len(list(log.records())) == 6
    shutil.rmtree(host.copy)
    ship(host.folder, host.share)
    again = collector.merge()
    assert again.faults == {} and list(again.counts.values()) == [3]


def test_a_copy_that_was_rewritten_from_its_first_record_on_is_named(tmp_path: Path) -> None:
    host = Host(tmp_path, "south", 1 << 20)
    host.work(0, 6)
    ship(host.folder, host.share)
    merged(host.share, tmp_path / "central")
    copy = host.copy
    rewrite(copy, 6, b"south-0", b"south-7")
    found, records = merged(host.share, tmp_path / "central")
    assert "was rewritten from its first record on" in told(found) and len(records) == 6


@pytest.mark.parametrize("watching", [False, True])
@pytest.mark.parametrize("loss", ["segment", "end", "all"])
def test_a_copy_that_is_shorter_than_what_was_merged_is_named(
    host: Host, tmp_path: Path, loss: str, watching: bool
) -> None:
    host.work(0, 12)
    ship(host.folder, host.share)
    log = AuditLog(tmp_path / "central")
    collector = Collector(host.share, log)
    collector.merge()
    names = segment_names(host.copy)
    copy = host.copy
    if loss == "segment":
        (copy / names[-1]).unlink()
    elif loss == "end":
        (copy / names[-1]).write_bytes((copy / names[-1]).read_bytes().splitlines(keepends=True)[0])
    else:
        for name in names[1:]:
            (copy / name).unlink()
        (copy / names[0]).write_bytes(b"")
    found = (collector if watching else Collector(host.share, log)).merge()
    assert "is shorter than what was merged" in told(found) and "it is only a copy" in told(found)
    assert found.remarks == ()
    ship(host.folder, host.share)
    assert collector.merge().faults == {}


def test_a_copy_that_is_gone_is_remarked_on(host: Host, tmp_path: Path) -> None:
    other = Host(tmp_path, "south")
    for one in (host, other):
        one.work(0, 3)
        ship(one.folder, one.share)
    merged(host.share, tmp_path / "central")
    shutil.rmtree(host.copy)
    found, _ = merged(host.share, tmp_path / "central")
    (remark,) = found.remarks
    assert found.faults == {}
    assert remark.startswith(
        f"the copy of the log {log_id(host.folder)[:16]}, last written by north, is gone from"
    )


def test_an_older_copy_of_a_log_that_goes_on_in_another_folder_is_no_fault(
    host: Host, tmp_path: Path
) -> None:
    host.work(0, 4)
    ship(host.folder, host.share)
    host.copy.rename(host.share / "old-name")
    host.work(4, 4)
    ship(host.folder, host.share)
    merged(host.share, tmp_path / "central")
    found, records = merged(host.share, tmp_path / "central")
    assert found.faults == {} and len(records) == 8


def test_a_changed_copy_is_to_be_shipped_again_not_restored_from_a_backup(host: Host, tmp_path: Path) -> None:
    host.work(0, 3)
    ship(host.folder, host.share)
    copy = host.copy / "audit.jsonl"
    copy.write_bytes(copy.read_bytes().replace(b"north-1", b"north-9"))
    found, _ = merged(host.share, tmp_path / "central")
    assert "was changed after it was written" in told(found)
    assert "it is only a copy" in told(found) and "backup" not in told(found)


def test_logs_are_not_merged_into_one_that_bots_write(host: Host, tmp_path: Path) -> None:
    host.work(0, 3)
    ship(host.folder, host.share)
    own = Host(tmp_path, "own")
    own.work(0, 1)
    before = own.files(own.folder)
    with pytest.raises(AuditError, match="is one that bots write: its record 0 comes from no other log"):
        merged(host.share, own.folder)
    assert own.files(own.folder) == before


def test_bots_do_not_write_a_merged_log(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REFEREE_AUDIT_SHARE", raising=False)
    host.work(0, 3)
    ship(host.folder, host.share)
    merged(host.share, tmp_path / "central")
    with pytest.raises(AuditError, match="was merged from those of several machines and is for reading only"):
        open_log(tmp_path / "central")
    open_log(tmp_path / "central", shipped=False).close()
    open_log(host.folder).close()


def test_a_share_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"the share .* can't be read: no such file or directory"):
        Collector(tmp_path / "share", AuditLog(tmp_path / "central")).merge()
    with pytest.raises(FileNotFoundError):
        ship(tmp_path / "central", tmp_path / "share")


def test_the_hash_of_a_copy_is_that_of_the_log(host: Host) -> None:
    host.work(0, 30)
    ship(host.folder, host.share)
    digests = [
        [sha256(content).hexdigest() for content in host.files(folder).values()]
        for folder in (host.folder, host.copy)
    ]
    assert digests[0] == digests[1] and len(digests[0]) > 3
