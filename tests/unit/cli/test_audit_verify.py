"""`referee audit verify`, `key`, `ship` and `merge`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from referee.audit import AuditLog, open_log
from referee.audit.index import up_to_date
from referee.audit.segments import segment_names
from referee.cli.main import cli
from referee.domain import AuditError, InputError
from tests.unit.audit.forged_index import forge

RUN = {"decision": "d", "status": "started", "bot": "b", "summary": {}}


def typed(*arguments: object) -> Any:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def log_of(folder: Path, count: int, segment_bytes: int = 1 << 28) -> AuditLog:
    log = AuditLog(folder, segment_bytes=segment_bytes)
    for number in range(count):
        log.append("run", {**RUN, "n": number})
    return log


@pytest.fixture
def bots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key and a second place, set up as an operator does it. The folder of the log."""
    assert typed("audit", "key", "new", "bots", "--folder", tmp_path).exit_code == 0
    (tmp_path / "second").mkdir()
    monkeypatch.setenv("REFEREE_CHECKPOINTS", str(tmp_path / "second"))
    monkeypatch.setenv("REFEREE_CHECKPOINT_KEY", str(tmp_path / "bots.key"))
    return tmp_path / "audit"


def test_an_intact_log_says_what_could_not_be_verified(tmp_path: Path) -> None:
    log_of(tmp_path, 3)
    told = typed("audit", "verify", tmp_path)
    assert told.exit_code == 0
    assert f"{tmp_path / 'audit.jsonl'}: 3 records, intact\n" in told.output
    assert "not verifiable: whether the newest records were deleted" in told.output
    assert "it has no signed checkpoint" in told.output


def test_the_index_is_compared_with_the_log_when_asked_for(tmp_path: Path) -> None:
    log_of(tmp_path, 3)
    assert "the index" not in typed("audit", "verify", tmp_path).output  # there is none
    with up_to_date(tmp_path):
        pass
    assert "the index" not in typed("audit", "verify", tmp_path, "--index").output
    forge(tmp_path, "UPDATE bots SET bot = 'other'")
    remark = "the index was not compared with the log: add --index"
    told = typed("audit", "verify", tmp_path)
    assert told.exit_code == 0 and f"not verifiable: {remark}\n" in told.output
    assert remark in json.loads(typed("audit", "verify", tmp_path, "--json").output)["not_verifiable"]
    told = typed("audit", "verify", tmp_path, "--index")
    assert told.exit_code == 1 and "doesn't say what the log says: in its table bots" in told.output
    found = json.loads(typed("audit", "verify", tmp_path, "--index", "--json").output)
    assert len(found["index_faults"]) == 1 and remark not in found["not_verifiable"]


def test_an_index_is_not_compared_with_a_log_that_was_changed(tmp_path: Path) -> None:
    log = log_of(tmp_path, 3)
    with up_to_date(tmp_path):
        pass
    log.path.write_bytes(log.path.read_bytes().replace(b'"n":1', b'"n":7'))
    told = typed("audit", "verify", tmp_path, "--index")
    assert told.exit_code == 1
    assert "the index was not compared with the log, which isn't what was written" in told.output


def test_a_removed_tail_is_told_from_an_intact_log_by_the_checkpoints(bots: Path, tmp_path: Path) -> None:
    log = open_log(bots)
    for number in range(5):
        log.append("run", {**RUN, "n": number})
    assert log.finish() == ()
    told = typed("audit", "verify", bots)
    assert told.exit_code == 0
    assert "2 checkpoints vouch for the first 5 records" in told.output
    assert "not verifiable" not in told.output

    log.path.write_bytes(b"".join(log.path.read_bytes().splitlines(keepends=True)[:3]))
    told = typed(
        "audit", "verify", bots, "--checkpoints", tmp_path / "second", "--keys", tmp_path / "bots.pub"
    )
    assert told.exit_code == 1
    assert f"{log.path}: 3 records, NOT INTACT" in told.output
    assert f"{log.path}, line 3: the log had 5 records at " in told.output
    assert "records 3 to 4 were removed from its end" in told.output


def test_checkpoints_that_are_those_of_other_logs_end_with_1(bots: Path, tmp_path: Path) -> None:
    open_log(bots).append("run", RUN)
    log_of(tmp_path / "other", 2)
    told = typed("audit", "verify", tmp_path / "other")
    assert told.exit_code == 1
    assert "none vouches for this log (the folder holds those of 1 other log)" in told.output
    assert (
        "checkpoints were asked for"
        in json.loads(typed("audit", "verify", tmp_path / "other", "--json").output)["unvouched"]
    )


def test_checkpoints_that_nobody_could_check_vouch_for_nothing(
    bots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(bots)
    log.append("run", RUN)
    log.finish()
    assert typed("audit", "verify", bots).exit_code == 0
    monkeypatch.delenv("REFEREE_CHECKPOINT_KEY")
    told = typed("audit", "verify", bots)
    assert told.exit_code == 1
    assert (
        "no checkpoint vouches for this log: who signed those that the folder holds can't be told"
        in told.output
    )
    assert "vouches for the first" not in told.output
    found = json.loads(typed("audit", "verify", bots, "--json").output)
    assert (found["checkpoints"], found["backed"]) == (0, 0)
    assert "without the public key; name it with --keys" in found["unvouched"]


def test_a_copy_that_checkpoints_disprove_is_not_merged(bots: Path, tmp_path: Path) -> None:
    log = open_log(bots)
    log.append("run", RUN)
    log.finish()
    (tmp_path / "share").mkdir()
    typed("audit", "ship", bots, "--to", tmp_path / "share")
    told = typed("audit", "merge", tmp_path / "share", "--into", tmp_path / "central")
    assert told.exit_code == 0 and "no checkpoint vouches" not in told.output
    (path,) = (tmp_path / "second").glob(f"{next(log.records()).hash}*")
    line = json.loads(path.read_text())
    with path.open("a") as file:
        file.write(json.dumps(line | {"head": "0" * 64}) + "\n")
    told = typed("audit", "merge", tmp_path / "share", "--into", tmp_path / "other")
    assert told.exit_code == 1
    assert "NOT MERGED: the copy" in told.output and "isn't the log that the checkpoint of" in told.output


def test_archived_files_are_named_and_found_again(tmp_path: Path) -> None:
    folder, archive = tmp_path / "audit", tmp_path / "archive"
    log_of(folder, 20, 1500)
    archive.mkdir()
    names = segment_names(folder)
    (folder / names[0]).rename(archive / names[0])
    told = typed("audit", "verify", folder)
    assert told.exit_code == 1
    assert "intact as far as it is here" in told.output
    assert f"are archived elsewhere: they end with {names[0]}" in told.output
    told = typed("audit", "verify", folder, "--archive", archive, "--contents", "--json")
    found = json.loads(told.output)
    assert told.exit_code == 0
    assert (found["intact"], found["complete"], found["segments"]) == (True, True, len(names))


def test_contents_are_checked_when_asked_for(tmp_path: Path) -> None:
    AuditLog(tmp_path).append("run", {"n": 1})
    assert typed("audit", "verify", tmp_path).exit_code == 0
    told = typed("audit", "verify", tmp_path, "--contents")
    assert told.exit_code == 1
    assert "record 0 isn't the JSON of a record: run.payload.decision: field required" in told.output


def test_a_key_is_never_replaced_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    told = typed("audit", "key", "new", "bots", "--folder", tmp_path)
    assert told.exit_code == 0 and "name it in REFEREE_CHECKPOINT_KEY" in told.output
    assert (tmp_path / "bots.key").stat().st_mode & 0o077 == 0
    again = typed("audit", "key", "new", "bots", "--folder", tmp_path)
    assert isinstance(again.exception, InputError)
    assert "is there already; a key is never replaced" in str(again.exception)
    elsewhere = typed("audit", "key", "new", "../bots", "--folder", tmp_path)
    assert "can't be the name of a key" in str(elsewhere.exception)


def test_half_a_setting_stops_the_run(bots: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REFEREE_CHECKPOINT_KEY")
    with pytest.raises(AuditError, match="REFEREE_CHECKPOINTS is set and REFEREE_CHECKPOINT_KEY isn't"):
        open_log(bots)
    monkeypatch.delenv("REFEREE_CHECKPOINTS")
    monkeypatch.setenv("REFEREE_AUDIT_SEGMENT_MB", "many")
    with pytest.raises(
        AuditError, match="REFEREE_AUDIT_SEGMENT_MB is 'many'; give a whole number of megabytes"
    ):
        open_log(bots)


def test_logs_are_shipped_and_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share = tmp_path / "share"
    share.mkdir()
    for name in ("north", "south"):
        log_of(tmp_path / name, 3)
        told = typed("audit", "ship", tmp_path / name, "--to", share)
        assert told.exit_code == 0 and "bytes shipped" in told.output
    monkeypatch.setenv("REFEREE_AUDIT_SHARE", str(share))
    assert " 0 bytes shipped" in typed("audit", "ship", tmp_path / "north").output
    told = typed("audit", "merge", share, "--into", tmp_path / "central")
    assert told.exit_code == 0
    assert told.output.count(": 3 new records") == 2
    again = typed("audit", "merge", share, "--into", tmp_path / "central", "--json")
    assert set(json.loads(again.output)["merged"].values()) == {0}
    assert len(list(share.iterdir())) == 2  # the merged log isn't shipped in its turn


def test_a_source_that_was_changed_is_named(tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    log = log_of(tmp_path / "north", 3)
    typed("audit", "ship", log.folder, "--to", share)
    (copy,) = share.iterdir()
    path = copy / "audit.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"n":1', b'"n":7'))
    told = typed("audit", "merge", share, "--into", tmp_path / "central")
    assert told.exit_code == 1
    assert f"{copy.name}: 1 new records" in told.output
    assert f"{copy.name}: NOT MERGED: the audit log {path} isn't what was written" in told.output


def test_a_copy_that_is_shorter_than_before_ends_with_1_and_one_that_is_gone_is_remarked_on(
    tmp_path: Path,
) -> None:
    share = tmp_path / "share"
    share.mkdir()
    for name in ("north", "south"):
        log = log_of(tmp_path / name, 3)
        copy = Path(json.loads(typed("audit", "ship", log.folder, "--to", share, "--json").output)["to"])
    assert typed("audit", "merge", share, "--into", tmp_path / "central").exit_code == 0
    path = copy / "audit.jsonl"
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    told = typed("audit", "merge", share, "--into", tmp_path / "central")
    assert told.exit_code == 1
    assert f"{copy.name}: NOT MERGED: the copy {copy} is shorter than what was merged" in told.output
    path.unlink()
    told = typed("audit", "merge", share, "--into", tmp_path / "central")
    assert told.exit_code == 0 and "note: the copy of the log " in told.output


def test_a_folder_without_logs_is_not_merged_and_nothing_is_created(tmp_path: Path) -> None:
    told = typed("audit", "merge", tmp_path, "--into", tmp_path / "central")
    assert isinstance(told.exception, InputError)
    assert f"no folder in {tmp_path} holds an audit log" in str(told.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_collector_waits_for_a_share_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_of(tmp_path / "north", 3)
    share = tmp_path / "share"
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise KeyboardInterrupt
        share.mkdir(exist_ok=True)
        typed("audit", "ship", log.folder, "--to", share)
        log.append("run", {**RUN, "n": 3})

    monkeypatch.setattr("time.sleep", sleep)
    told = typed("audit", "merge", share, "--into", tmp_path / "central", "--watch", "7")
    assert slept == [7, 7, 7]
    assert f"the share {share} can't be read: no such file or directory" in told.output
    assert ": 3 new records" in told.output and ": 1 new records" in told.output
    kinds = [record.payload["n"] for record in AuditLog(tmp_path / "central", read_only=True).records()]
    assert kinds == [0, 1, 2, 3]


def test_a_collector_says_once_what_it_waits_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", sleep)
    share = tmp_path / "share"
    share.mkdir()
    told = typed("audit", "merge", share, "--into", tmp_path / "central", "--watch", "7")
    assert (
        told.output.count(f"note: no folder in {share} holds an audit log yet; if it is the wrong folder")
        == 1
    )
    assert len(slept) == 3


def test_a_log_is_not_taken_for_the_share_that_holds_logs(tmp_path: Path) -> None:
    log_of(tmp_path / "north", 1)
    told = typed("audit", "merge", tmp_path / "north", "--into", tmp_path / "central", "--watch", "7")
    assert isinstance(told.exception, InputError)
    assert str(told.exception).startswith(
        f"{tmp_path / 'north'} is a log itself; name the folder on the share"
    )


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    for arguments, message in (
        (("ship", tmp_path / "none", "--to", tmp_path), "there is no audit log in"),
        (("ship", tmp_path, "--to", tmp_path / "away"), "the share isn't there"),
        (("merge", tmp_path / "away", "--into", tmp_path / "central"), "can't be read: no such file"),
    ):
        told = typed("audit", *arguments)
        assert message in str(told.exception), told.output
