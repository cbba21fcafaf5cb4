"""The `referee` command, run as a shell would, in a folder with a small decision and four payments."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from referee.cli import main
from tests.unit.engine.limits import write_limits

CASES = "payment,country,amount\nP-1,DE,1200\nP-2,FR,9000\nP-3,CH,10\nP-4,DE,\n"


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one sentence of a command that can't use what it was given."""
        assert (self.code, self.out) == (2, ""), self
        assert self.err.startswith("referee: ") and self.err.count("\n") == 1 and self.err.endswith("\n"), (
            self.err
        )
        return self.err.removeprefix("referee: ").rstrip("\n")


Command = Callable[..., Said]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: `payments.xlsx` decides, `cases.csv` holds cases, `notes.txt` and `folder` are neither."""
    monkeypatch.chdir(tmp_path)
    write_limits(tmp_path / "payments.xlsx")
    (tmp_path / "cases.csv").write_text(CASES)
    (tmp_path / "notes.txt").write_text("no workbook\n")
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.fixture
def referee(desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: str) -> Said:
        monkeypatch.setattr("sys.argv", ["referee", *arguments])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture
def drawing(repository: Path) -> ModuleType:
    """The script that draws the pictures of the guide: what it changes in copies is what the guide shows."""
    spec = spec_from_file_location("draw_reports", repository / "docs" / "draw_reports.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
