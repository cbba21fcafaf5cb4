"""robot.yaml: read as rcc does, every fault at once with its line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from referee.domain import InputError, RulesError
from referee.project.robot_yaml import Project, read_project, read_robot_yaml

GOOD = """\
tasks:
  payments:
    shell: python -m robot --rpa --outputdir output/payments bots/payments/tasks.robot
  letters:
    command:
      - python
      - letters.py
      - a b
  Send Reminders:
    robotTaskName: Send Reminders
artifactsDir: output
PATH: [tools]
PYTHONPATH:
  - library
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bots" / "payments").mkdir(parents=True)
    (tmp_path / "bots" / "payments" / "tasks.robot").touch()
    (tmp_path / "letters.py").touch()
    (tmp_path / "library").mkdir()
    return tmp_path


def read(folder: Path, text: str) -> Project:
    (folder / "robot.yaml").write_text(text, encoding="utf-8")
    return read_robot_yaml(folder / "robot.yaml")


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(RulesError) as error:
        read(folder, text)
    assert str(error.value).startswith("robot.yaml can't be used, ")
    return [str(fault) for fault in error.value.faults]


def test_every_way_to_name_a_command_is_read(folder: Path) -> None:
    project = read(folder, GOOD)
    assert list(project.tasks) == ["payments", "letters", "Send Reminders"]
    assert [task.line for task in project.tasks.values()] == [2, 4, 9]
    bot_process = [sys.executable, "-m", "referee.keywords.bot_process"]
    assert project.task("payments").command(["--dryrun"]) == [
        *bot_process,
        *("--rpa", "--outputdir", "output/payments", "--dryrun", "bots/payments/tasks.robot"),
    ]
    assert project.task("letters").command() == [sys.executable, "letters.py", "a b"]
    assert project.task("Send Reminders").command()[:3] == bot_process
    assert project.task("Send Reminders").command()[-3:] == ["--task", "Send Reminders", "."]
    assert project.task().name == project.main == "payments"


def test_the_output_folder_is_the_last_one_named(folder: Path) -> None:
    task = read(folder, GOOD).task("payments")
    assert task.output_folder() == "output/payments"
    assert (
        task.output_folder(["--outputdir=elsewhere"])
        == task.output_folder(["-d", "elsewhere"])
        == "elsewhere"
    )
    assert read(folder, GOOD).task("letters").output_folder() == ""


def test_bots_find_the_projects_folders_first(folder: Path) -> None:
    project = read(folder, GOOD)
    found = project.environment({"PATH": "/bin", "HOME": "/h"})
    assert found["PATH"] == os.pathsep.join([str(folder / "tools"), "/bin"])
    assert found["PYTHONPATH"] == str(folder / "library")
    assert found["ROBOT_ROOT"] == str(folder)
    assert found["ROBOT_ARTIFACTS"] == str(folder / "output")
    assert found["HOME"] == "/h"


def test_a_bot_that_is_not_there_is_told_with_those_there_are(folder: Path) -> None:
    project = read(folder, GOOD)
    with pytest.raises(
        InputError, match=r"there is no bot `pay`; robot\.yaml has: payments, letters, Send Reminders"
    ):
        project.task("pay")
    (folder / "bots" / "claims").mkdir()
    (folder / "bots" / "claims" / "tasks.robot").touch()
    with pytest.raises(InputError) as error:
        project.task("claims")
    assert str(error.value).endswith(
        "  claims:\n    shell: python -m robot --rpa --outputdir output/claims --pythonpath library "
        "bots/claims/tasks.robot\n"
    )


def test_every_fault_is_told_at_once_by_line(folder: Path) -> None:
    found = faults(
        folder,
        """\
mainTask: paymints
tasks:
  payments:
    shell: python -m robot --rpa bots/payments/task.robot
  both:
    shell: python letters.py
    command: [python, letters.py]
  none:
    schell: python letters.py
  quoted:
    shell: python "letters.py
  scripts:
    shell: python missing.py
environmentConfigs:
  - environment_windows_amd64_freeze.yaml
  - conda.yaml
artifactDir: output
PYTHONPATH: library
PATH:
  - /opt/tools
ignoreFiles:
  - .gitignore
""",
    )
    assert found == [
        "robot.yaml: the field `artifactsDir` is missing; it names where runs write, such as `output`",
        "robot.yaml, line 1: the mainTask `paymints` is none of its tasks: payments, scripts",
        "robot.yaml, line 4: the task `payments` runs bots/payments/task.robot, and there is no such file",
        "robot.yaml, line 6: the task `both` needs one of `shell`, `robotTaskName` and `command`, and has "
        "`command` and `shell`",
        "robot.yaml, line 9: the task `none` has no field `schell`; did you mean `shell`?",
        "robot.yaml, line 9: the task `none` needs one of `shell`, `robotTaskName` and `command`, and has none",
        "robot.yaml, line 11: the command of the task `quoted` can't be read (No closing quotation); "
        "close what is quoted",
        "robot.yaml, line 13: the task `scripts` runs missing.py, and there is no such file",
        "robot.yaml, line 16: the environment conda.yaml is not there; make it, or take the line out",
        "robot.yaml, line 17: the file has no field `artifactDir`; did you mean `artifactsDir`?",
        "robot.yaml, line 18: `PYTHONPATH` is a list; write each entry on a line of its own, with `- ` before it",
        "robot.yaml, line 20: PATH: `/opt/tools` ties the bots to one machine; write it from the project's folder",
        "robot.yaml, line 22: ignoreFiles: there is no file .gitignore",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "robot.yaml: the file has no fields; it needs at least `tasks:` and `artifactsDir:`"),
        ("tasks:\nartifactsDir: output\n", "`tasks` holds no task"),
        ("tasks: {a: }\nartifactsDir: output\n", "the task `a` has no command; give it a `shell:`"),
        (
            "tasks:\n  a:\n    shell: python letters.py\n  a:\n    shell: x\nartifactsDir: o\n",
            "`a` is written twice",
        ),
        ("tasks: [\n", "robot.yaml, line 2: "),
        ("tasks:\n  a:\n    shell: python -m robot --rpa\nartifactsDir: o\n", "names no .robot file"),
        ("python_path: [a]\ntasks: {}\nartifactsDir: o\n", "did you mean `PYTHONPATH`?"),
    ],
)
def test_a_fault_says_what_to_do(folder: Path, text: str, fault: str) -> None:
    assert fault in "\n".join(faults(folder, text))


def test_the_project_is_found_from_a_folder_inside_it(folder: Path) -> None:
    read(folder, GOOD)
    assert read_project(folder / "bots" / "payments").folder == folder


def test_a_folder_without_robot_yaml_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"neither this folder nor one above it has a robot\.yaml"):
        read_project(tmp_path)


def test_the_projects_own_robot_yaml_has_no_fault(repository: Path) -> None:
    assert {"invoice_approval", "loan_applications"} <= set(read_project(repository).tasks)


def test_a_file_that_is_not_utf_8_is_told_with_its_line_and_how_to_save_it(folder: Path) -> None:
    (folder / "robot.yaml").write_bytes(GOOD.replace("a b", "Büro").encode("latin-1"))
    with pytest.raises(RulesError) as error:
        read_robot_yaml(folder / "robot.yaml")
    assert "robot.yaml, line 8: there is a letter that isn't UTF-8; save the file as UTF-8" in str(
        error.value
    )
