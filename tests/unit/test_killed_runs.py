"""What killed runs left behind goes at the next start; what belongs to live runs and to others stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from referee import killed_runs

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
]

SLEEPER = "import time; time.sleep(300)"
HIDDEN_CHILD = (
    "import subprocess, sys, time;"
    " subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'], env={}); time.sleep(300)"
)
RUN = """
import os, subprocess, sys, time
from referee.killed_runs import begin_run, temporary_folder
told = begin_run()
environment = eval(sys.argv[1], {"os": os})
program = subprocess.Popen([sys.executable, "-c", sys.argv[3]], env=environment, start_new_session=True)
print(program.pid, temporary_folder("test"), flush=True)
if sys.argv[2] == "stays":
    time.sleep(300)
"""


class Started:
    """A run with one program and one temporary folder."""

    def __init__(
        self,
        tmp: Path,
        environment: str = "None",
        then: str = "stays",
        program: str = SLEEPER,
        **variables: str,
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, environment, then, program],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp), "PYTHONPATH": os.pathsep.join(sys.path), **variables},
        )
        assert self.process.stdout is not None
        pid, _, folder = self.process.stdout.readline().strip().partition(" ")
        self.program, self.folder = psutil.Process(int(pid)), Path(folder)

    @property
    def has_its_program(self) -> bool:
        return self.program.is_running() and self.program.status() != psutil.STATUS_ZOMBIE

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Started]]:
    """Starts runs whose temporary folders, and ours, are in a folder of the test."""
    runs: list[Started] = []
    monkeypatch.setattr(killed_runs.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(killed_runs, "_begun", [])
    monkeypatch.setenv(killed_runs.VARIABLE, "")

    def started(*arguments: str, **variables: str) -> Started:
        runs.append(Started(tmp_path, *arguments, **variables))
        return runs[-1]

    yield started
    for run in runs:
        run.kill()
        if run.has_its_program:
            run.program.kill()


def test_the_program_and_the_folder_of_a_killed_run_go_at_the_next_start(start) -> None:
    run = start()
    run.kill()
    assert run.has_its_program and run.folder.is_dir()
    leftovers = killed_runs.begin_run()
    assert not run.has_its_program and not run.folder.exists()
    assert f"(pid {run.program.pid})" in str(leftovers)
    assert str(leftovers).endswith(" and removed 1 temporary folder")
    assert not killed_runs.begin_run(), "the second call has nothing to do"


def test_a_live_run_keeps_its_program_and_its_folder(start) -> None:
    run = start()
    assert not killed_runs.begin_run()
    assert run.has_its_program and run.folder.is_dir()


def test_what_a_run_leaves_on_purpose_when_it_ends_stays(start) -> None:
    run = start("None", "ends")
    run.process.wait()
    killed_runs.begin_run()
    assert run.has_its_program


def test_a_program_that_rewrote_its_environment_goes_with_the_one_that_started_it(start) -> None:
    run = start("None", "stays", HIDDEN_CHILD)
    until = time.monotonic() + 15
    while not (hidden := run.program.children()):
        assert time.monotonic() < until
        time.sleep(0.05)
    run.kill()
    killed_runs.begin_run()
    assert not hidden[0].is_running() or hidden[0].status() == psutil.STATUS_ZOMBIE


def test_a_live_run_that_a_killed_run_had_started_is_left_alone(start) -> None:
    first = start()
    mark = first.program.environ()[killed_runs.VARIABLE]
    second = start("None", "stays", **{killed_runs.VARIABLE: mark})
    first.kill()
    killed_runs.begin_run()
    assert not first.has_its_program
    assert second.process.poll() is None and second.has_its_program and second.folder.is_dir()


def test_programs_with_a_foreign_mark_and_runs_of_other_machines_are_left_alone(start) -> None:
    unknown = start("{**os.environ, 'REFEREE_RUN': 'something of somebody else'}")
    elsewhere = start()
    note = next(elsewhere.folder.parent.glob(f"referee-run-*-{elsewhere.process.pid}-*"))
    place = note.name.split("-")[2]
    note.rename(note.with_name(note.name.replace(place, "0" * 8)))
    unknown.kill()
    elsewhere.kill()
    killed_runs.begin_run()
    assert unknown.has_its_program and elsewhere.has_its_program


def test_a_number_that_now_belongs_to_another_process_is_a_run_that_is_gone(start, tmp_path: Path) -> None:
    run = start()
    note = next(path for path in tmp_path.iterdir() if path.is_file())
    reused = "-".join([*note.name.split("-")[:3], str(os.getpid()), *note.name.split("-")[4:]])
    note.with_name(reused).touch()
    killed_runs.begin_run()
    assert not (tmp_path / reused).exists() and note.exists() and run.has_its_program
