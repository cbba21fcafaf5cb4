"""The way in: run.py, in real processes, on copies of itself with a small robot.yaml."""

import ast
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

import run

ROBOT_YAML = """\
mainTask: main_job
tasks:
  first:
    shell: python -c "import os; print(os.environ.get('PYTHONDONTWRITEBYTECODE'))" bots/first
  main_job:
    shell: python -c "import sys; print('main', sys.argv[1:])" bots/main_job
  other:
    shell: python -c "import sys; print('other', sys.argv[1:]); sys.exit(3)" bots/other
artifactsDir: output
"""


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(folder / "run.py"), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        timeout=120,
    )


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    """What set-up looks at, in a folder of its own."""
    for name in ("run.py", "pyproject.toml", "requirements.lock"):
        shutil.copy(repository / name, tmp_path / name)
    (tmp_path / "robot.yaml").write_text(ROBOT_YAML, encoding="utf-8")
    return tmp_path


@pytest.fixture
def set_up_clone(repository: Path, clone: Path) -> Path:
    """A clone that is set up: an environment that sees our packages, and the stamp that says so."""
    environment = clone / ".venv"
    venv.create(environment, symlinks=os.name != "nt")
    packages = sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)})
    (Path(packages) / "ours.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    shutil.copytree(
        repository / "library", clone / "library"
    )  # compiled files too: the first start shall be quick
    stamp = "import run; run.STAMP.write_text(run.wanted_stamp(), encoding='ascii')"
    subprocess.run([sys.executable, "-c", stamp], cwd=clone, env={**os.environ, "PYTHONPATH": ""}, check=True)
    return clone


def seconds_of_children() -> float:
    """Processor time, as others may be busy too; Windows doesn't tell it."""
    times = os.times()
    return times.elapsed if os.name == "nt" else times.children_user + times.children_system


def test_second_run_starts_the_main_job_within_two_seconds(set_up_clone: Path) -> None:
    before = seconds_of_children()
    done = start(set_up_clone)
    assert seconds_of_children() - before < 2
    assert (done.returncode, done.stdout) == (0, "main ['bots/main_job']\n")


def test_options_go_before_the_path_and_a_bot_that_fails_ends_with_1(set_up_clone: Path) -> None:
    done = start(set_up_clone, "other", "--variable", "INPUT:a b.xlsx")
    assert done.stdout == "other ['--variable', 'INPUT:a b.xlsx', 'bots/other']\n"
    assert done.returncode == 1


def test_unknown_bot_is_named_with_those_there_are(set_up_clone: Path) -> None:
    done = start(set_up_clone, "invoices")
    assert done.returncode == 2
    assert done.stderr == "referee: there is no bot `invoices`; robot.yaml has: first, main_job, other\n"


def test_a_bot_that_robot_yaml_lacks_gets_the_lines_to_add(set_up_clone: Path) -> None:
    (set_up_clone / "bots" / "expense_claims").mkdir(parents=True)
    (set_up_clone / "bots" / "expense_claims" / "tasks.robot").touch()
    done = start(set_up_clone, "expense_claims")
    assert done.returncode == 2
    assert "robot.yaml doesn't name it; add to its tasks:\n  expense_claims:\n    shell: python -m robot" in (
        done.stderr
    )


def test_robot_framework_is_run_in_the_process_that_knows_about_refusals(
    set_up_clone: Path,
) -> None:
    task = "artifactsDir: output\ntasks:\n  bot:\n    shell: python -m robot --outputdir output/bot bots/bot.robot\n"
    (set_up_clone / "robot.yaml").write_text(task, encoding="utf-8")
    (set_up_clone / "bots").mkdir()
    (set_up_clone / "bots" / "bot.robot").write_text(
        "*** Settings ***\nLibrary    RefereeLibrary    none.xlsx\n"
        "*** Tasks ***\nDecide\n    Read Cases    none.csv\n",
        encoding="utf-8",
    )
    done = start(set_up_clone, "bot")
    assert done.returncode == 2
    assert "none.xlsx: there is no such file" in done.stdout


def test_a_main_task_that_is_not_there_is_named(set_up_clone: Path) -> None:
    place = set_up_clone / "robot.yaml"
    place.write_text(ROBOT_YAML.replace("mainTask: main_job", "mainTask: main_jop"), encoding="utf-8")
    done = start(set_up_clone)
    assert done.returncode == 2
    assert "the mainTask `main_jop` is none of its tasks: first, main_job, other" in done.stderr


def test_bots_keep_their_compiled_files(set_up_clone: Path) -> None:
    assert start(set_up_clone, "first", PYTHONDONTWRITEBYTECODE="1").stdout == "None\n"


def test_changed_lock_asks_for_a_new_set_up(set_up_clone: Path) -> None:
    needs = "import run; print(run.needs_set_up())"
    ask = [sys.executable, "-c", needs]
    env = {**os.environ, "PYTHONPATH": ""}
    assert subprocess.check_output(ask, cwd=set_up_clone, env=env, text=True) == "False\n"
    with (set_up_clone / "requirements.lock").open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    assert subprocess.check_output(ask, cwd=set_up_clone, env=env, text=True) == "True\n"


LACKS = [*run.missing_for_set_up(), *run.missing_for_bots()] if sys.platform == "linux" else []


@pytest.mark.skipif(bool(LACKS), reason=f"set-up would first install {' '.join(LACKS)}")
def test_no_network_is_one_sentence_and_no_traceback(clone: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # never listens, so each connection is refused at once
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}/simple"
        sources = {"PIP_INDEX_URL": nowhere, "PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": ""}
        done = start(clone, PIP_CONFIG_FILE=os.devnull, **sources)
    assert done.returncode == 2
    assert "the packages could not be downloaded. Check the network" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_needs_no_set_up(clone: Path) -> None:
    done = start(clone, "--help")
    assert done.returncode == 0
    assert "python3 run.py tests" in done.stdout
    assert not (clone / ".venv").exists()


def test_older_python_can_read_the_file_and_is_told(repository: Path) -> None:
    source = (repository / "run.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))
    as_old = source.replace("sys.version_info < (3, 11)", "sys.version_info < (99,)", 1)
    done = subprocess.run([sys.executable, "-c", as_old], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("run.py: Referee needs Python 3.11 or newer, and this is Python 3.")


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("error: failed to write: No space left on device (os error 28)", run.SPACE),
        ("OSError: [Errno 28] No space left on device", run.SPACE),
        ("error: Failed to fetch: `simple/click/`", run.NETWORK),
        ("ERROR: No matching distribution found for uv==0.13.9", run.NETWORK),
        ("error: Hash mismatch for `click==8.5.1`", run.HASH),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", run.HASH),
        ("error: command 'gcc' failed: No such file or directory", run.COMPILER),
        ("error: Microsoft Visual C++ 14.0 or greater is required", run.COMPILER),
        ("something new", ""),
    ],
)
def test_installers_words_become_what_to_do(output: str, sentence: str) -> None:
    assert run.mend(output) == sentence


def test_last_word_on_an_error_is_found_above_the_hints() -> None:
    output = "starting\n  OSError: Readme file does not exist: README.md\nhint: See above for details.\n"
    assert run.last_line(output) == "OSError: Readme file does not exist: README.md"


@pytest.mark.parametrize(
    ("report", "counts"),
    [
        ('<testsuites><testsuite tests="7" skipped="2" failures="1"/></testsuites>', (5, 2)),
        ('<testsuites><testsuite tests="3" skipped="3"/></testsuites>', (0, 3)),
        ("<testsuites><testsuite tes", (0, 0)),
    ],
)
def test_skipped_tests_prove_nothing(tmp_path: Path, report: str, counts: tuple[int, int]) -> None:
    path = tmp_path / "pytest.xml"
    path.write_text(report, encoding="utf-8")
    assert run.tests_run(path) == counts
    assert run.tests_run(tmp_path / "absent.xml") == (0, 0)
