"""A bot whose log was put back to an older one does no case twice, however its second place is tampered with."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from referee.audit import verify
from referee.signing import key_pair
from tests.faults.loan_bot import LoanBot

pytestmark = pytest.mark.faults


class Office(LoanBot):
    """A bot with signed checkpoints and a share, and a copy of its log from before its last case."""

    def __init__(self, repository: Path, folder: Path) -> None:
        super().__init__(repository, folder)
        self.second, self.share = folder / "second", folder / "share"
        self.second.mkdir()
        self.share.mkdir()
        for name in ("keys", "mallory"):
            private, public = key_pair()
            (folder / name).mkdir()
            (folder / name / f"{name}.key").write_bytes(private)
            (folder / name / f"{name}.pub").write_bytes(public)

    def start(self) -> subprocess.CompletedProcess[str]:
        """The bot, started as `referee run` does."""
        return self._run(
            [
                *(
                    "-m",
                    "referee.keywords.bot_process",
                    "--rpa",
                    "--consolewidth",
                    "5000",
                    "--pythonpath",
                    ".",
                ),
                *("--outputdir", "output/bot", "--variable", "APPLICATIONS:applications.xlsx"),
                "bots/loan_applications/tasks.robot",
            ]
        )

    @property
    def checkpoints(self) -> Path:
        (path,) = self.second.iterdir()
        return path


def nothing_else(office: Office, environment: pytest.MonkeyPatch) -> str:
    return "isn't what its checkpoint of"


def an_old_checkpoint_again(office: Office, environment: pytest.MonkeyPatch) -> str:
    with office.checkpoints.open("ab") as file:
        file.write(office.checkpoints.read_bytes().splitlines(keepends=True)[1])
    return "isn't what its checkpoint of"


def noise(office: Office, environment: pytest.MonkeyPatch) -> str:
    with office.checkpoints.open("ab") as file:
        file.write(b"\n" * 20_000 + b"x" * 20_000)
    return "isn't what its checkpoint of"


def another_key(office: Office, environment: pytest.MonkeyPatch) -> str:
    environment.setenv("REFEREE_CHECKPOINT_KEY", str(office.folder / "mallory" / "mallory.key"))
    return "which isn't among those trusted"


def the_second_place_away(office: Office, environment: pytest.MonkeyPatch) -> str:
    office.second.rename(office.folder / "away")
    return "can't be held against its checkpoints"


def only_the_share(office: Office, environment: pytest.MonkeyPatch) -> str:
    environment.delenv("REFEREE_CHECKPOINTS")
    environment.delenv("REFEREE_CHECKPOINT_KEY")
    environment.setenv("REFEREE_AUDIT_SHARE", str(office.share))
    return "holds more than the log in"


def test_a_bot_does_no_case_twice_on_an_older_log(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(repository, tmp_path)
    monkeypatch.setenv("REFEREE_CHECKPOINTS", str(office.second))
    monkeypatch.setenv("REFEREE_CHECKPOINT_KEY", str(tmp_path / "keys" / "keys.key"))
    with monkeypatch.context() as shipping:
        shipping.setenv("REFEREE_AUDIT_SHARE", str(office.share))
        for count in (1, 2):
            office.apply(*[{}] * count)
            done = office.start()
            assert done.returncode == 0, done.stdout
            if count == 1:
                shutil.copytree(office.audit, tmp_path / "older")
    assert office.offers() == ["A-1", "A-2"]
    whole, second = tmp_path / "whole", tmp_path / "kept"
    shutil.copytree(office.audit, whole)
    shutil.copytree(office.second, second)

    harms: list[Callable[[Office, pytest.MonkeyPatch], str]] = [
        nothing_else,
        an_old_checkpoint_again,
        noise,
        another_key,
        the_second_place_away,
        only_the_share,
    ]
    for harm in harms:
        for kept, place in ((tmp_path / "older", office.audit), (second, office.second)):
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(kept, place)
        shutil.rmtree(tmp_path / "output" / "bot" / "letters")
        with monkeypatch.context() as environment:
            because = harm(office, environment)
            refused = office.start()
            decided = office.decide() if harm is nothing_else else None
        said = " ".join(refused.stdout.split())
        assert (refused.returncode, because in said) == (2, True), f"{harm.__name__}: {refused.stdout}"
        if decided is not None:
            assert (decided.returncode, because in decided.stderr) == (2, True), decided.stderr
        assert office.offers() == [], harm.__name__
        (tmp_path / "output" / "bot" / "letters").mkdir(exist_ok=True)
        shutil.rmtree(tmp_path / "away", ignore_errors=True)

    for kept, place in ((whole, office.audit), (second, office.second)):
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(kept, place)
    done = office.start()
    assert done.returncode == 0, done.stdout
    assert office.offers() == []
    assert verify(office.audit, checkpoints=office.second, keys=tmp_path / "keys").unvouched == ""
