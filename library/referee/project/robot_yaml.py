"""``robot.yaml``: the bots of a project folder and how each is started. The fields are those of rcc."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from referee.domain import Diagnostic, InputError, LineAddress, RulesError
from referee.feel.names import suggestion

NAME = "robot.yaml"
FIELDS = frozenset(
    {
        "tasks",
        "devTasks",
        "condaConfigFile",
        "environmentConfigs",
        "preRunScripts",
        "artifactsDir",
        "ignoreFiles",
        "PATH",
        "PYTHONPATH",
        "mainTask",  # not rcc's, which doesn't look at it
    }
)
LISTS = ("environmentConfigs", "preRunScripts", "ignoreFiles", "PATH", "PYTHONPATH")
WAYS = frozenset({"shell", "robotTaskName", "command"})
BOT_PROCESS = "referee.keywords.bot_process"
_PYTHON = ("python", "python3", "python.exe")


@dataclass(frozen=True, slots=True)
class BotTask:
    """A task as it is written: ``words`` are its command, ``line`` is where it stands."""

    name: str
    words: tuple[str, ...]
    line: int

    @property
    def runs_robot(self) -> bool:
        """Whether the command is Robot Framework's."""
        return self.words[:1] == ("robot",) or (
            self.words[0] in _PYTHON and self.words[1:3] == ("-m", "robot")
        )

    def command(self, options: Sequence[str] = ()) -> list[str]:
        """The words of a process to start in the project's folder; ``options`` go before the last word, the path.

        Python is the one that runs this. Robot Framework runs in the process that ends with 2 when the bot was given
        what can't be used.
        """
        words = list(self.words)
        if self.runs_robot:
            words[: 1 if words[0] == "robot" else 3] = [sys.executable, "-m", BOT_PROCESS]
        elif words[0] in _PYTHON:
            words[0] = sys.executable
        return [*words[:-1], *options, words[-1]]

    def output_folder(self, options: Sequence[str] = ()) -> str:
        """The folder that Robot Framework writes to, as it is named; empty where none is."""
        found = ""
        words = [*self.words, *options]
        for word, following in zip(words, [*words[1:], ""], strict=True):
            if word in ("--outputdir", "-d"):
                found = following
            elif word.startswith("--outputdir="):
                found = word.partition("=")[2]
        return found


@dataclass(frozen=True, slots=True)
class Project:
    """A checked ``robot.yaml``. ``folder`` is where it stands and where its bots are started.

    ``dev_tasks`` are for those who make the bots: tests of them, for example.
    """

    folder: Path
    tasks: Mapping[str, BotTask]
    main: str
    artifacts: Path
    path: tuple[Path, ...] = ()
    python_path: tuple[Path, ...] = ()
    dev_tasks: Mapping[str, BotTask] = field(default_factory=dict)

    def task(self, name: str = "") -> BotTask:
        """The bot of that name, or the main one. Raises InputError naming those there are."""
        found = self.tasks.get(name or self.main) or self.dev_tasks.get(name)
        if found is not None:
            return found
        if (self.folder / "bots" / name / "tasks.robot").is_file():
            raise InputError(
                f"bots/{name}/tasks.robot is there, but robot.yaml doesn't name it; add to its tasks:\n"
                + task_entry(name, self.python_path_words())
            )
        raise InputError(f"there is no bot `{name}`; robot.yaml has: {', '.join(self.tasks)}")

    def python_path_words(self) -> tuple[str, ...]:
        """The folders of PYTHONPATH as they are written from the project's folder."""
        return tuple(Path(os.path.relpath(path, self.folder)).as_posix() for path in self.python_path)

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The environment of the bots: PATH and PYTHONPATH of the file come first, and rcc's variables are there."""
        ours = dict(base)
        for name, folders in (("PATH", self.path), ("PYTHONPATH", self.python_path)):
            parts = [*map(str, folders), *filter(None, [base.get(name)])]
            if parts:
                ours[name] = os.pathsep.join(parts)
        return ours | {"ROBOT_ROOT": str(self.folder), "ROBOT_ARTIFACTS": str(self.artifacts)}


def task_entry(name: str, python_path: Sequence[str] = (), *, suite: str = "", rpa: bool = True) -> str:
    """The lines of ``robot.yaml`` for a bot; ``suite`` is its file, ``bots/NAME/tasks.robot`` if not given."""
    options = " --rpa" * rpa + f" --outputdir output/{name}"
    options += "".join(f" --pythonpath {folder}" for folder in python_path)
    return f"  {name}:\n    shell: python -m robot{options} {suite or f'bots/{name}/tasks.robot'}\n"


def read_project(folder: Path) -> Project:
    """The project in ``folder`` or in the nearest folder above it that has a ``robot.yaml``.

    Raises InputError where there is none, and RulesError with every fault of the file.
    """
    place = project_folder(folder)
    if place is not None:
        return read_robot_yaml(place / NAME)
    raise InputError(
        f"{folder.resolve()}: neither this folder nor one above it has a robot.yaml; change to the folder of your "
        "bots, name it with --project, or make a first bot with `referee new bot`"
    )


def project_folder(folder: Path) -> Path | None:
    """This folder or the nearest one above it that has a ``robot.yaml``."""
    start = folder.resolve()
    return next((place for place in (start, *start.parents) if (place / NAME).is_file()), None)


def read_robot_yaml(path: Path) -> Project:
    """Raises RulesError with every fault of the file by line."""
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as fault:
        raise InputError(f"{path}: this file can't be read ({fault.strerror or fault})") from None
    except UnicodeDecodeError as fault:
        message = (
            "there is a letter that isn't UTF-8; save the file as UTF-8, which editors offer in `Save as`, as the "
            "encoding"
        )
        place = LineAddress(path.name, content.count(b"\n", 0, fault.start) + 1)
        raise RulesError(path.name, [Diagnostic("robot-yaml", message, place=place)]) from None
    reading = _Reading(path)
    project = reading.project(text)
    if reading.faults or project is None:
        raise RulesError(path.name, sorted(reading.faults, key=_line))
    return project


def _line(fault: Diagnostic) -> int:
    return fault.place.line if isinstance(fault.place, LineAddress) else 0


@dataclass(slots=True)
class _Reading:
    """Collects the faults of one file while it is read."""

    path: Path
    faults: list[Diagnostic] = field(default_factory=list)

    def fault(self, node: yaml.Node | None, message: str) -> None:
        line = 0 if node is None else node.start_mark.line + 1
        self.faults.append(Diagnostic("robot-yaml", message, place=LineAddress(self.path.name, line)))

    def project(self, text: str) -> Project | None:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line = 0 if mark is None else mark.line + 1
            message = f"{error.problem or error}; mend the YAML of this line or the one above it"
            self.faults.append(Diagnostic("robot-yaml", message, place=LineAddress(self.path.name, line)))
            return None
        except yaml.YAMLError as error:
            self.fault(None, f"this is no YAML: {error}")
            return None
        if not isinstance(root, yaml.MappingNode):
            self.fault(root, "the file has no fields; it needs at least `tasks:` and `artifactsDir:`")
            return None
        fields = dict(self.entries(root, FIELDS, "the file"))
        for name in sorted({"tasks", "artifactsDir"} - set(fields)):
            use = "the bots and their commands" if name == "tasks" else "where runs write, such as `output`"
            self.fault(None, f"the field `{name}` is missing; it names {use}")
        folder = self.path.resolve().parent
        tasks = self.tasks(fields.get("tasks"), required=True)
        dev_tasks = self.tasks(fields.get("devTasks"), required=False)
        for name in sorted(set(tasks) & set(dev_tasks)):
            self.fault(
                fields["devTasks"], f"`{name}` is in tasks and in devTasks; give one of them another name"
            )
        listed = {name: self.texts(fields.get(name), name) for name in LISTS}
        artifacts = self.text(fields.get("artifactsDir"), "artifactsDir") or "output"
        if Path(artifacts).is_absolute():
            self.fault(
                fields["artifactsDir"],
                f"`{artifacts}` ties the bots to one machine; name a folder in the project",
            )
        self.check_files(fields, listed)
        main = self.text(fields.get("mainTask"), "mainTask")
        if main and tasks and main not in tasks:
            others = ", ".join(tasks)
            self.fault(fields["mainTask"], f"the mainTask `{main}` is none of its tasks: {others}")
        if not tasks:
            return None
        return Project(
            folder,
            tasks,
            main or next(iter(tasks)),
            folder / artifacts,
            tuple(folder / text for text, _ in listed["PATH"]),
            tuple(folder / text for text, _ in listed["PYTHONPATH"]),
            dev_tasks,
        )

    def entries(
        self, node: yaml.MappingNode, known: frozenset[str] | None, owner: str
    ) -> Iterator[tuple[str, yaml.Node]]:
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                self.fault(key, f"`{name}` is written twice in {owner}; keep one of them")
            elif known is not None and name not in known:
                alike = suggestion(name, known) or _ignoring_case(name, known)
                self.fault(
                    key, f"{owner} has no field `{name}`{alike or '; it has ' + ', '.join(sorted(known))}"
                )
            else:
                yield name, value
            seen.add(name)

    def tasks(self, node: yaml.Node | None, *, required: bool) -> dict[str, BotTask]:
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            if required:
                self.fault(
                    node, "`tasks` holds no task; write its name, a colon, and its `shell:` on the next line"
                )
            return {}
        found = {}
        for name, value in self.entries(node, None, "tasks"):
            words = self.command(name, value)
            if words:
                found[name] = BotTask(
                    name, words, value.start_mark.line
                )  # the line of the name, above the value
        return found

    def command(self, name: str, node: yaml.Node) -> tuple[str, ...]:
        if not isinstance(node, yaml.MappingNode):
            self.fault(node, f"the task `{name}` has no command; give it a `shell:`")
            return ()
        ways = dict(self.entries(node, WAYS, f"the task `{name}`"))
        if len(ways) != 1:
            has = "none" if not ways else " and ".join(f"`{way}`" for way in sorted(ways))
            self.fault(
                node, f"the task `{name}` needs one of `shell`, `robotTaskName` and `command`, and has {has}"
            )
            return ()
        ((way, value),) = ways.items()
        if way == "command":
            words = tuple(text for text, _ in self.texts(value, way))
        elif way == "robotTaskName":
            task = self.text(value, way)
            words = (
                "python",
                "-m",
                "robot",
                "--report",
                "NONE",
                "--outputdir",
                "output",
                "--task",
                task,
                ".",
            )
        else:
            try:
                words = tuple(shlex.split(self.text(value, way)))
            except ValueError as error:
                self.fault(
                    value, f"the command of the task `{name}` can't be read ({error}); close what is quoted"
                )
                return ()
        if not any(words):
            self.fault(value, f"the command of the task `{name}` is empty")
            return ()
        self.check_command(name, value, words)
        return words

    def check_command(self, name: str, node: yaml.Node, words: tuple[str, ...]) -> None:
        """The file that a command runs must be there; which one that is can be told of Python and Robot Framework."""
        task = BotTask(name, words, 0)
        if task.runs_robot:
            wanted = words[-1]
            if len(words) == (1 if words[0] == "robot" else 3) or wanted.startswith("-"):
                self.fault(
                    node, f"the command of the task `{name}` names no .robot file; it has to be the last word"
                )
                return
        elif words[0] in _PYTHON and words[1:] and words[1].endswith(".py"):
            wanted = words[1]
        else:
            return
        if not (self.path.parent / wanted).exists():
            self.fault(node, f"the task `{name}` runs {wanted}, and there is no such file")

    def check_files(
        self, fields: Mapping[str, yaml.Node], listed: Mapping[str, list[tuple[str, yaml.Node]]]
    ) -> None:
        folder = self.path.parent
        environments = list(listed["environmentConfigs"])
        if "condaConfigFile" in fields:
            text = self.text(fields["condaConfigFile"], "condaConfigFile")
            environments.append((text, fields["condaConfigFile"]))
        for text, node in environments:
            # rcc itself writes files of that name, one for each system, and skips those that aren't there yet
            if text and "freeze" not in text and not (folder / text).is_file():
                self.fault(node, f"the environment {text} is not there; make it, or take the line out")
        for text, node in listed["ignoreFiles"]:
            if not (folder / text).is_file():
                self.fault(node, f"ignoreFiles: there is no file {text}")
        for name in ("PATH", "PYTHONPATH", "ignoreFiles"):
            for text, node in listed[name]:
                if Path(text).is_absolute():
                    self.fault(
                        node,
                        f"{name}: `{text}` ties the bots to one machine; write it from the project's folder",
                    )
        for text, node in listed["PYTHONPATH"]:
            if not Path(text).is_absolute() and not (folder / text).is_dir():
                self.fault(node, f"PYTHONPATH: there is no folder {text}")

    def texts(self, node: yaml.Node | None, name: str) -> list[tuple[str, yaml.Node]]:
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")):
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.fault(
                node, f"`{name}` is a list; write each entry on a line of its own, with `- ` before it"
            )
            return []
        pairs = [(self.text(item, name), item) for item in node.value]
        return [(text, item) for text, item in pairs if text]

    def text(self, node: yaml.Node | None, name: str) -> str:
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode) or not str(node.value).strip():
            self.fault(node, f"`{name}` needs a text")
            return ""
        return str(node.value)


def _ignoring_case(name: str, known: frozenset[str]) -> str:
    alike = {entry.casefold(): entry for entry in known}.get(
        name.casefold().replace("_", "").replace("-", "")
    )
    return f"; did you mean `{alike}`?" if alike else ""
