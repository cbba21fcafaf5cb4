"""Each task of robot.yaml is run as schedules run it, in a copy of what it needs, with nothing left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from referee.project.robot_yaml import read_project

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = read_project(REPOSITORY)
FOLDERS = ("bots", "decision_tables", "models", "resources")
FILES = ("robot.yaml", "conda.yaml", ".gitignore")

pytestmark = pytest.mark.browser


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's folder without what runs have left in it."""
    for name in FOLDERS:
        shutil.copytree(
            REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "output")
        )
    for name in FILES:
        shutil.copyfile(REPOSITORY / name, tmp_path / name)
    (tmp_path / "library").symlink_to(REPOSITORY / "library")
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="links a folder")
@pytest.mark.parametrize("name", [*PROJECT.tasks, *PROJECT.dev_tasks])
def test_a_task_of_robot_yaml_runs_to_its_end(copy: Path, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "referee.cli.main", "run", name, "--time-limit", "8m"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "library")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=580,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "left programs running" not in done.stderr
    (run,) = (path for path in (copy / "output" / "runs" / name).iterdir() if path.is_dir())
    assert {"console.txt", "log.html", "output.xml", "run.json"} <= {path.name for path in run.iterdir()}
