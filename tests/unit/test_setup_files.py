"""The files that say what is installed and what is run agree with each other."""

import re
import shlex
import tomllib
from importlib.metadata import requires
from itertools import chain
from pathlib import Path

import pytest
import yaml

import run


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return normal(found.group())


def blocks(lock: str) -> list[str]:
    return re.split(r"\n(?=[a-z0-9])", lock.strip())


@pytest.fixture(scope="module")
def lock(repository: Path) -> str:
    return (repository / "requirements.lock").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, object]:
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_lock_covers_every_dependency(project, lock: str) -> None:
    extras = project["optional-dependencies"]
    wanted = {name_of(item) for item in chain(project["dependencies"], *extras.values())}
    locked = {name_of(block) for block in blocks(lock)}
    assert wanted - locked - {"robotframework-referee"} == set()


def test_every_locked_package_has_one_version_and_hashes(lock: str) -> None:
    for block in blocks(lock):
        assert re.match(r"[a-z0-9-]+==[^ ]+( ; .+?)? \\\n    --hash=sha256:[0-9a-f]{64}", block), (
            block.splitlines()[0]
        )


def test_lock_names_no_host(lock: str) -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", lock)


def test_bootstrap_is_complete_in_itself() -> None:
    """Build isolation is off, so what a build needs must stand in the environment before."""
    assert [name_of(block) for block in blocks(run.locked(run.BOOTSTRAP))] == sorted(run.BOOTSTRAP)
    for name in run.BOOTSTRAP:
        needs = [item for item in requires(name) or [] if ";" not in item]
        assert {name_of(item) for item in needs} <= set(run.BOOTSTRAP)


def test_all_extra_holds_every_extra_for_users(project) -> None:
    extras = project["optional-dependencies"]
    (everything,) = extras["all"]
    named = set(everything.partition("[")[2].rstrip("]").split(","))
    assert named == set(extras) - {"all", "dev"}


def test_conda_yaml_installs_the_locked_versions(repository: Path, project, lock: str) -> None:
    conda = yaml.safe_load((repository / "conda.yaml").read_text(encoding="utf-8"))
    (pins,) = [item["pip"] for item in conda["dependencies"] if isinstance(item, dict)]
    used = [items for name, items in project["optional-dependencies"].items() if name not in {"all", "dev"}]
    wanted = {name_of(item) for item in chain(project["dependencies"], *used)}
    assert {name_of(pin) for pin in pins} == wanted
    assert [pin for pin in pins if f"\n{pin} " not in f"\n{lock}"] == []


def robot_yaml(repository: Path) -> dict[str, dict[str, dict[str, str]]]:
    return yaml.safe_load((repository / "robot.yaml").read_text(encoding="utf-8"))


def test_every_bot_has_a_task_that_runs_it(repository: Path) -> None:
    tasks = robot_yaml(repository)["tasks"]
    assert set(tasks) == {path.parent.name for path in (repository / "bots").glob("*/tasks.robot")}
    for name, task in tasks.items():
        words = shlex.split(task["shell"])
        assert words[:4] == ["python", "-m", "robot", "--rpa"]
        assert words[words.index("--outputdir") + 1] == f"output/{name}"
        assert (repository / words[-1]).is_file()


def test_robot_yaml_names_files_and_folders_that_are_there(repository: Path) -> None:
    robot = robot_yaml(repository)
    for name in [*robot["environmentConfigs"], *robot["PATH"], *robot["PYTHONPATH"], *robot["ignoreFiles"]]:
        assert (repository / name).exists(), name
    assert robot["artifactsDir"] == "output"
