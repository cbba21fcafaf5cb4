"""A new bot: a folder that runs at once, to be changed piece by piece."""

from __future__ import annotations

import datetime
import keyword
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from referee.domain import Diagnostic, InputError, LineAddress, RulesError
from referee.files import write_whole
from referee.project.robot_yaml import NAME, Project, read_robot_yaml, task_entry

RESOURCES: Mapping[str, str] = {
    "web": "ap_portal.resource",
    "desktop": "supplier_accounts.resource",
    "greenscreen": "credit_desk.resource",
}
"""The business keywords that a kind of bot uses; the kind ``spreadsheet`` needs none."""

_TEMPLATES = Path(__file__).parent / "templates"
_WORDS = re.compile(r"[a-z][a-z0-9_]{1,39}")
_DEVICES = re.compile(r"con|prn|aux|nul|com\d|lpt\d")  # no files on Windows
_TAKEN = {"test", "tests", "runs", "audit", "checks", "examples"}  # folders that mean something else
_NEW_ROBOT_YAML = """\
# One task per bot, in the format of rcc. `referee run BOT` runs one of them.
tasks:
{tasks}
devTasks:
{tests}
artifactsDir: output
PYTHONPATH:
  - .
"""
_ROBOT_TOML = """\
# For editors (RobotCode): where libraries and resources are looked for.
python-path = [{folders}]
"""


@dataclass(frozen=True, slots=True)
class NewBot:
    """What was made, by its paths in the project's folder, in the order in which people look at it."""

    name: str
    folder: Path
    made: tuple[Path, ...]


def make_bot(folder: Path, name: str, kind: str, *, author: str, day: datetime.date) -> NewBot:
    """Makes the bot in the project ``folder`` and names it in robot.yaml, which is made where there is none.

    Nothing that exists is overwritten. Raises InputError with every reason why it can't be made; then nothing was made.
    """
    name = re.sub(r"[ -]+", "_", " ".join(name.split()).lower())
    place = folder / NAME
    project = read_robot_yaml(place) if place.exists() else None
    text = _robot_yaml(place, project, name)
    resources = list(_missing_resources(folder, kind))
    faults = list(_faults(folder, project, name))
    if faults:
        raise InputError(f"the bot `{name}` can't be made:\n" + "\n".join(f"  {fault}" for fault in faults))
    bot = folder / "bots" / name
    try:
        made = [*_files(folder, bot, name, kind, author, day)]
        for source, target in resources:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            made.append(target)
        if not (folder / "robot.toml").exists():
            folders = ["."] if project is None else [*project.python_path_words()] or ["."]
            write_whole(
                folder / "robot.toml", _ROBOT_TOML.format(folders=", ".join(f'"{f}"' for f in folders))
            )
            made.append(folder / "robot.toml")
        write_whole(place, text)
    except OSError as fault:
        raise InputError(
            f"{fault.filename or folder}: can't be written ({fault.strerror or fault}); make room or give access, "
            f"remove {bot}, and run the command again"
        ) from None
    made.append(place)
    return NewBot(name, folder, tuple(path.relative_to(folder) for path in made))


def _faults(folder: Path, project: Project | None, name: str) -> Iterator[str]:
    if not _WORDS.fullmatch(name):
        yield "the name is that of a folder and a task: 2 to 40 letters a to z, digits and _, a letter first"
    elif (
        keyword.iskeyword(name)
        or name in sys.stdlib_module_names
        or name in _TAKEN
        or _DEVICES.fullmatch(name)
    ):
        yield f"`{name}` has another meaning for Python, Windows or Referee; say what the bot does: pay_suppliers"
    for path in (folder / "bots" / name, folder / "decision_tables" / f"{name}.xlsx"):
        if path.exists():
            yield f"{path.relative_to(folder)} exists; give the bot another name"
    if project is not None:
        for task in (name, f"{name}_test"):
            if task in project.tasks or task in project.dev_tasks:
                yield f"robot.yaml has a task `{task}`; give the bot another name"


def _files(folder: Path, bot: Path, name: str, kind: str, author: str, day: datetime.date) -> Iterator[Path]:
    from referee.project.example_decisions import EXAMPLES
    from referee.workbook import write_table, write_workbook

    example = EXAMPLES[kind]
    title = name.replace("_", " ").strip().title()
    (bot / "input").mkdir(parents=True)
    end = (_TEMPLATES / "readme_end.md").read_text(encoding="utf-8")
    for file in ("tasks.robot", "tests.robot", "README.md"):
        text = (_TEMPLATES / kind / file).read_text(encoding="utf-8") + (end if file == "README.md" else "")
        write_whole(bot / file, text.replace("@name@", name).replace("@title@", title))
        yield bot / file
    write_table(bot / "input" / "cases.xlsx", example.columns, example.cases, sheet="Cases")
    yield bot / "input" / "cases.xlsx"
    workbook = folder / "decision_tables" / f"{name}.xlsx"
    write_workbook(workbook, example.decision(name.replace("_", " "), author, day))
    yield workbook


def _missing_resources(folder: Path, kind: str) -> Iterator[tuple[Path, Path]]:
    """What is to be copied into a project that lacks the business keywords of this kind, with its place there.

    The system for practice comes with them. A project that has the keywords keeps its own.
    """
    wanted = RESOURCES.get(kind, "")
    if not wanted or (folder / "resources" / wanted).exists():
        return
    source = packaged_resources()
    yield source / wanted, folder / "resources" / wanted
    for file in sorted((source / "legacy").rglob("*")):
        target = folder / "resources" / file.relative_to(source)
        if file.is_file() and "__pycache__" not in file.parts and not target.exists():
            yield file, target


def packaged_resources() -> Path:
    """The folder ``resources`` that comes with the package; in a clone it is the repository's own."""
    package = Path(__file__).resolve().parents[1]
    for place in (package / "resources", package.parents[1] / "resources"):
        if (place / RESOURCES["web"]).is_file():
            return place
    raise InputError(
        "the installed package lacks its resources, which bots for applications need; install it again, or take "
        "--kind spreadsheet"
    )


def _robot_yaml(place: Path, project: Project | None, name: str) -> str:
    """The text of robot.yaml with the new bot, all else as it was."""
    if project is None:
        return _NEW_ROBOT_YAML.format(
            tasks=task_entry(name, (".",)).rstrip(), tests=_test_entry(name, (".",)).rstrip()
        )
    text = place.read_bytes().decode("utf-8-sig")
    python_path = project.python_path_words()
    text = _inserted(text, "tasks", task_entry(name, python_path))
    return _inserted(text, "devTasks", _test_entry(name, python_path))


def _test_entry(name: str, python_path: Sequence[str]) -> str:
    return task_entry(f"{name}_test", python_path, suite=f"bots/{name}/tests.robot", rpa=False)


def _inserted(text: str, field: str, entry: str) -> str:
    """Puts the lines of an entry behind the last one of a field; the field behind ``tasks`` where there is none."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines()
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)  # the file has been read without a fault
    fields = {str(key.value): value for key, value in root.value}
    node = fields.get(field)
    if node is None:
        at = _last_line(fields["tasks"]) + 1
        lines[at:at] = ["", f"{field}:", *entry.rstrip().split("\n")]
    elif not isinstance(node, yaml.MappingNode) or node.flow_style:
        line = node.start_mark.line + 1
        fault = Diagnostic(
            "robot-yaml",
            f"`{field}` is written in braces or empty; write each task on lines of its own, so that one can be added",
            place=LineAddress(NAME, line),
        )
        raise RulesError(NAME, [fault])
    else:
        indent = " " * node.value[0][0].start_mark.column
        at = _last_line(node) + 1
        lines[at:at] = [indent + line[2:] for line in entry.rstrip().split("\n")]
    return newline.join(lines) + newline


def _last_line(node: yaml.Node) -> int:
    """The last line (from 0) that a node stands on, without the comments that follow it."""
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return max(_last_line(value) for _, value in node.value)
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        return max(_last_line(value) for value in node.value)
    mark = node.end_mark
    return mark.line - 1 if mark.column == 0 and mark.line > node.start_mark.line else mark.line
