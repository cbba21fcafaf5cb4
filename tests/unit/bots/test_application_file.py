"""The loan bot always has applications: yours, the real ones, or an example that is said to be one."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bots.loan_applications import application_file, generate_example


def test_the_committed_example_is_what_the_generator_makes(tmp_path: Path) -> None:
    assert generate_example.write(tmp_path / "made.csv").read_bytes() == generate_example.FILE.read_bytes()
    assert generate_example.make_applications(1) != generate_example.make_applications(2)


def test_no_example_is_a_real_application(repository: Path) -> None:
    place = repository.parent / "shared" / "data" / "mortgage_applications.csv"
    if not place.exists():
        pytest.skip(f"the real applications are not in {place}")
    compared = [name for name in generate_example.COLUMNS if name not in ("rownames", "afam")]
    with place.open(encoding="utf-8", newline="") as file:
        real = {tuple(row[name] for name in compared) for row in csv.DictReader(file)}
    made = {tuple(row[name] for name in compared) for row in generate_example.make_applications()}
    assert len(made) == generate_example.APPLICATIONS
    assert not made & real


def test_a_given_file_comes_first_and_the_example_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(application_file, "REAL", tmp_path / "real.csv")
    assert application_file.choose_applications("mine.csv") == "mine.csv"
    assert Path(application_file.choose_applications()) == generate_example.FILE
    told = capfd.readouterr().out
    assert "THESE ARE EXAMPLES" in told
    assert "--variable APPLICATIONS:your.csv" in told
    (tmp_path / "real.csv").touch()
    assert application_file.choose_applications() == str(tmp_path / "real.csv")
