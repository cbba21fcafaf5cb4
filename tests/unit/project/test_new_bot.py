"""`referee new bot`: runs, passes its test and every check from the first minute; overwrites nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from referee.project.new_bot import RESOURCES, packaged_resources
from referee.project.robot_yaml import read_project

KINDS = ["spreadsheet", *(kind for kind, name in RESOURCES.items() if (packaged_resources() / name).exists())]
NEEDS = {"web": "chromedriver", "greenscreen": "s3270", "desktop": "Xvfb"}


class Desk:
    """An empty folder and the commands, with the package at hand as if it was installed."""

    def __init__(self, path: Path, repository: Path) -> None:
        self.path = path
        self.environment = {**os.environ, "PYTHONPATH": str(repository / "library")}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
        )

    def referee(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "referee.cli.main", *words)

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.path).as_posix(): path.read_bytes()
            for path in sorted(self.path.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def desk(tmp_path: Path, repository: Path) -> Desk:
    return Desk(tmp_path, repository)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_bot_runs_and_is_sound_at_once(desk: Desk, kind: str) -> None:
    if kind in NEEDS and shutil.which(NEEDS[kind]) is None:
        pytest.skip(f"there is no {NEEDS[kind]}")
    made = desk.referee("new", "bot", "First Steps", "--kind", kind, "--owner", "Ann")
    assert made.returncode == 0, made.stderr
    names = [line for line in made.stdout.splitlines() if line.startswith("bots/")]
    assert names == [
        f"bots/first_steps/{name}" for name in ("tasks.robot", "tests.robot", "README.md", "input/cases.xlsx")
    ]

    workbook = "decision_tables/first_steps.xlsx"
    assert desk.referee("check", workbook).returncode == 0
    assert desk.referee("test", workbook).returncode == 0
    tested = desk.referee("run", "first_steps_test")
    assert tested.returncode == 0, tested.stdout
    ran = desk.referee("run", "first_steps")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " auto" in ran.stdout and " human" in ran.stdout and " done" in ran.stdout
    again = desk.referee("run", "first_steps")
    assert again.returncode == 0 and "were finished by earlier runs" in again.stdout
    dry = desk.referee("run", "first_steps", "--dryrun")
    assert dry.returncode == 0, dry.stdout

    for tool in (("check", "bots"), ("format", "--check", "bots")):
        said = desk.run("-m", "robocop", *tool)
        assert said.returncode == 0, said.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_the_test_of_a_bot_leaves_every_other_audit_log_as_it_is(desk: Desk, kind: str) -> None:
    """A log that a test removed or wrote to would have the bot do its cases a second time."""
    assert desk.referee("new", "bot", "pay", "--kind", kind, "--owner", "Ann").returncode == 0
    options = ("--cases", "bots/pay/input/cases.xlsx", "--audit", "output/audit")
    decided = desk.referee("decide", "decision_tables/pay.xlsx", *options)
    assert decided.returncode == 0, decided.stderr

    def logged() -> dict[str, bytes]:
        return {name: content for name, content in desk.files().items() if name.startswith("output/audit/")}

    before = logged()
    assert any(name.endswith(".jsonl") for name in before)
    temporary = desk.path / "temporary"
    temporary.mkdir()
    desk.environment.update(TMPDIR=str(temporary), TEMP=str(temporary), TMP=str(temporary))
    for words in (
        ("-m", "robot", "--outputdir", "output", "bots/pay/tests.robot"),
        ("-m", "robot", "--dryrun", "--outputdir", "output", "bots/pay/tests.robot"),
        ("-m", "referee.cli.main", "run", "pay_test", "--outputdir", "output"),
    ):
        tested = desk.run(*words)
        assert tested.returncode == 0, tested.stdout + tested.stderr
        assert logged() == before
    assert [path.name for path in temporary.glob("referee-test-*")] == []


def test_a_changed_rule_is_seen_by_the_bots_test(desk: Desk) -> None:
    from openpyxl import load_workbook

    assert desk.referee("new", "bot", "pay").returncode == 0
    assert desk.referee("run", "pay_test").returncode == 0
    place = desk.path / "decision_tables" / "pay.xlsx"
    workbook = load_workbook(place)
    for row in workbook["Size"].iter_rows():
        for cell in row:
            if cell.value in ("<= 500", "(500..5000]"):
                cell.value = str(cell.value).replace("500..", "10..").replace("<= 500", "<= 10")
    workbook.save(place)
    tested = desk.referee("run", "pay_test")
    assert tested.returncode == 1
    assert "took the route human, not auto" in tested.stdout


def test_a_second_bot_is_added_and_comments_stay(desk: Desk) -> None:
    place = desk.path / "robot.yaml"
    (desk.path / "other.py").touch()
    text = (
        "# our bots\n"
        "tasks:\n"
        "    other:  # the first one\n"
        "        shell: python other.py\n"
        "\n"
        "# where runs write\n"
        "artifactsDir: output\n"
    )
    place.write_bytes(text.replace("\n", "\r\n").encode())
    assert desk.referee("new", "bot", "letters").returncode == 0
    found = place.read_bytes().decode()
    assert "\n" not in found.replace("\r\n", "")
    lines = found.split("\r\n")
    assert lines[:4] == text.split("\n")[:4]
    assert lines[4] == "    letters:"
    assert [line for line in text.split("\n") if line not in lines] == []
    assert desk.referee("new", "bot", "reminders").returncode == 0
    project = read_project(desk.path)
    assert list(project.tasks) == ["other", "letters", "reminders"]
    assert list(project.dev_tasks) == ["letters_test", "reminders_test"]
    assert yaml.safe_load(place.read_text())["artifactsDir"] == "output"


def test_a_bot_is_added_to_the_projects_own_robot_yaml(desk: Desk, repository: Path) -> None:
    text = (repository / "robot.yaml").read_text(encoding="utf-8")
    (desk.path / "robot.yaml").write_text(text, encoding="utf-8")
    for name in read_project(repository).tasks:
        (desk.path / "bots" / name).mkdir(parents=True)
        (desk.path / "bots" / name / "tasks.robot").touch()
    for name in ("conda.yaml", ".gitignore"):
        shutil.copyfile(repository / name, desk.path / name)
    (desk.path / "library").mkdir()
    made = desk.referee("new", "bot", "letters")
    assert made.returncode == 0, made.stderr
    found = (desk.path / "robot.yaml").read_text(encoding="utf-8").splitlines()
    assert [line for line in text.splitlines() if line not in found] == []
    assert read_project(desk.path).task("letters").words[-1] == "bots/letters/tasks.robot"
    assert "--pythonpath library --pythonpath ." in " ".join(read_project(desk.path).task("letters").words)


def test_the_keywords_of_a_project_are_kept_and_missing_ones_are_copied(desk: Desk) -> None:
    (desk.path / "resources" / "legacy").mkdir(parents=True)
    own = desk.path / "resources" / "legacy" / "supervise.py"
    own.write_text("# ours\n")
    assert desk.referee("new", "bot", "post", "--kind", "web").returncode == 0
    assert own.read_text() == "# ours\n"
    copied = desk.path / "resources" / "ap_portal.resource"
    assert copied.read_bytes() == (packaged_resources() / "ap_portal.resource").read_bytes()
    copied.write_text("*** Keywords ***\n")
    own.unlink()
    assert desk.referee("new", "bot", "post_more", "--kind", "web").returncode == 0
    assert copied.read_text() == "*** Keywords ***\n"
    assert not own.exists()


def test_the_installed_package_brings_the_keywords_with_it(desk: Desk, repository: Path) -> None:
    wheels, site = desk.path / "wheels", desk.path / "site"
    build = ["-m", "hatchling", "build", "--target", "wheel", "--directory", str(wheels)]
    done = subprocess.run(
        [sys.executable, *build], cwd=repository, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = wheels.iterdir()
    shutil.unpack_archive(wheel, site, "zip")
    desk.environment["PYTHONPATH"] = str(site)
    made = desk.referee("new", "bot", "post", "--kind", "web", "--project", "empty")
    assert made.returncode == 0, made.stderr
    source = repository / "resources" / "ap_portal.resource"
    assert (desk.path / "empty" / "resources" / "ap_portal.resource").read_bytes() == source.read_bytes()
    assert (desk.path / "empty" / "resources" / "legacy" / "ap_portal" / "vendors.csv").is_file()
    assert not list((desk.path / "empty").rglob("__pycache__"))


def test_nothing_is_overwritten_and_every_reason_is_told(desk: Desk) -> None:
    assert desk.referee("new", "bot", "letters").returncode == 0
    before = desk.files()
    said = desk.referee("new", "bot", "Letters")
    assert said.returncode == 2
    assert said.stderr.splitlines() == [
        "referee: the bot `letters` can't be made:",
        "  bots/letters exists; give the bot another name",
        "  decision_tables/letters.xlsx exists; give the bot another name",
        "  robot.yaml has a task `letters`; give the bot another name",
        "  robot.yaml has a task `letters_test`; give the bot another name",
    ]
    assert desk.files() == before


@pytest.mark.parametrize("name", ["", "1st", "a/b", "..", "class", "json", "con", "straße", "a" * 41, "runs"])
def test_a_name_that_robot_framework_python_or_windows_would_misread_is_refused(
    desk: Desk, name: str
) -> None:
    said = desk.referee("new", "bot", name)
    assert said.returncode == 2
    assert "can't be made" in said.stderr
    assert desk.files() == {}


def test_a_robot_yaml_with_faults_stops_it_before_anything_is_made(desk: Desk) -> None:
    (desk.path / "robot.yaml").write_text("tasks:\n  a: {shel: b}\n")
    before = desk.files()
    said = desk.referee("new", "bot", "letters")
    assert said.returncode == 2
    assert "did you mean `shell`?" in said.stderr
    assert desk.files() == before


def test_tasks_in_braces_are_told_to_be_written_on_lines(desk: Desk) -> None:
    (desk.path / "robot.yaml").write_text("tasks: {a: {command: [ls]}}\nartifactsDir: output\n")
    before = desk.files()
    said = desk.referee("new", "bot", "letters")
    assert said.returncode == 2
    assert "robot.yaml, line 1: `tasks` is written in braces or empty" in said.stderr
    assert desk.files() == before
