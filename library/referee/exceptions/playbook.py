"""Playbooks: what to do, step by step, about a case that took the exception route. Written as YAML by people."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from referee import feel
from referee.domain import Diagnostic, LineAddress, RulesError
from referee.feel.values import DaysTimeDuration

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

START = "start"
REPLY = "reply"
OVERDUE = "overdue"
FAILED = "failed"
EVENTS = (START, REPLY, OVERDUE, FAILED)
CONDITION_NAMES = ("facts", "event", "attempts")


class _OnceEach(yaml.BaseLoader):
    """Every scalar is text, and an entry that is written twice is a fault; YAML would keep the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"`{key.value}` is written twice",
                    problem_mark=key.start_mark,
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class _WrittenTransition(_Written):
    on: Name
    when: str = "true"
    do: str = ""
    go_to: Name = Field(alias="go to")


class _WrittenState(_Written):
    transitions: list[_WrittenTransition] = []
    check: str = ""
    due: str = ""
    close: str = ""
    hand_over: str = Field("", alias="hand over")


class _WrittenPlaybook(_Written):
    playbook: Name
    version: Name
    purpose: str = ""
    start: Name
    states: dict[str, _WrittenState]


@dataclass(frozen=True, slots=True)
class Transition:
    """On ``on``, if ``when`` holds (FEEL over ``facts``, ``event`` and ``attempts``): perform ``do``, go to ``target``.

    ``attempts`` counts how often the current state has been entered.
    """

    id: str
    on: str
    when: feel.Expression
    do: str
    target: str


@dataclass(frozen=True, slots=True)
class State:
    """A place to be in: either it ends the playbook (``close`` or ``hand_over``) or it waits for an event.

    ``check`` is the action that looks for a reply; ``due`` how long to wait before ``overdue`` happens.
    """

    name: str
    transitions: tuple[Transition, ...]
    check: str
    due: DaysTimeDuration | None
    close: str
    hand_over: str

    @property
    def is_end(self) -> bool:
        return bool(self.close or self.hand_over)


@dataclass(frozen=True, slots=True)
class Playbook:
    """A checked playbook. ``sha256`` is of the file's bytes."""

    name: str
    version: str
    purpose: str
    start: str
    states: Mapping[str, State]
    sha256: str
    path: str

    @property
    def actions(self) -> frozenset[str]:
        """Every action that a step or a check may perform."""
        steps = {t.do for state in self.states.values() for t in state.transitions if t.do}
        return frozenset(steps | {state.check for state in self.states.values() if state.check})


def read_playbooks(folder: Path) -> dict[str, Playbook]:
    """Every playbook (``*.yaml``) of a folder by its name; an absent folder has none.

    Raises `RulesError` with all faults of all files.
    """
    playbooks: dict[str, Playbook] = {}
    faults: list[Diagnostic] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            playbook = read_playbook(path)
        except RulesError as error:
            faults.extend(error.faults)
            continue
        if (twin := playbooks.get(playbook.name)) is not None:
            faults.append(
                _fault(
                    path, f"playbook {playbook.name!r} is also in {twin.path}; give one of them another name"
                )
            )
        playbooks[playbook.name] = playbook
    if faults:
        raise RulesError(f"playbooks in {folder}", faults)
    return playbooks


def read_playbook(path: Path) -> Playbook:
    """A playbook from its file. Raises `RulesError` with every fault of the file."""
    try:
        content = path.read_bytes()
        # Every scalar as text: YAML 1.1 would read `on` as true and a version 1.10 as the number 1.1.
        tree = yaml.load(content.decode("utf-8"), Loader=_OnceEach)
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(str(path), [_fault(path, f"can't be read as text: {error}")]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 0
        problem = getattr(error, "problem", None) or "not YAML"
        raise RulesError(str(path), [_fault(path, f"{problem}; correct the YAML", line)]) from error
    try:
        written = _WrittenPlaybook.model_validate(tree)
    except ValidationError as error:
        raise RulesError(str(path), [_fault(path, _sentence(e)) for e in error.errors()]) from error
    faults: list[Diagnostic] = []
    states = {name: _state(path, name, state, faults) for name, state in written.states.items()}
    faults.extend(_structure_faults(path, written.start, states))
    if faults:
        raise RulesError(str(path), faults)
    return Playbook(
        written.playbook,
        written.version,
        written.purpose,
        written.start,
        states,
        hashlib.sha256(content).hexdigest(),
        str(path),
    )


def _state(path: Path, name: str, written: _WrittenState, faults: list[Diagnostic]) -> State:
    transitions = []
    for number, transition in enumerate(written.transitions, 1):
        place = f"state {name!r}, transition {number}"
        try:
            when = feel.compile_expression(transition.when, CONDITION_NAMES)
        except feel.FeelSyntaxError as error:
            faults.append(_fault(path, f"{place}: `when` is not FEEL: {error}"))
            continue
        unknown = sorted(set(when.names) - set(CONDITION_NAMES))
        if unknown:
            faults.append(
                _fault(
                    path, f"{place}: `when` uses {', '.join(unknown)}; known are {', '.join(CONDITION_NAMES)}"
                )
            )
        if transition.on not in EVENTS:
            faults.append(
                _fault(path, f"{place}: unknown event {transition.on!r}; use one of {', '.join(EVENTS)}")
            )
        transitions.append(
            Transition(f"{name}/{number}", transition.on, when, transition.do.strip(), transition.go_to)
        )
    due: DaysTimeDuration | None = None
    if written.due:
        value = feel.evaluate("duration(text)", {"text": written.due}).value
        if isinstance(value, DaysTimeDuration) and value.total_seconds > 0:
            due = value
        else:
            faults.append(
                _fault(
                    path,
                    f"state {name!r}: `due: {written.due}` is not a positive duration of days and time; "
                    "write P2D or PT4H",
                )
            )
    return State(
        name, tuple(transitions), written.check.strip(), due, written.close.strip(), written.hand_over.strip()
    )


def _structure_faults(path: Path, start: str, states: Mapping[str, State]) -> Iterator[Diagnostic]:
    if start not in states:
        yield _fault(path, f"the start state {start!r} is not among the states: {', '.join(states)}")
        return
    for state in states.values():
        if state.close and state.hand_over:
            yield _fault(path, f"state {state.name!r} has both `close` and `hand over`; keep one")
        if state.is_end and (state.transitions or state.check or state.due):
            yield _fault(
                path, f"state {state.name!r} ends the playbook, so it can't have transitions, check or due"
            )
        if not state.is_end and not state.transitions:
            yield _fault(
                path, f"state {state.name!r} has no way out; add transitions, `close` or `hand over`"
            )
        for transition in state.transitions:
            if transition.target not in states:
                yield _fault(
                    path, f"state {state.name!r} goes to {transition.target!r}, which is not among the states"
                )
        handled = {transition.on for transition in state.transitions}
        if not state.is_end and state.name != start and not (state.check or state.due):
            yield _fault(
                path, f"state {state.name!r} waits for nothing; add `check` (an action) or `due` (a duration)"
            )
        if state.due and OVERDUE not in handled:
            yield _fault(path, f"state {state.name!r} has `due` but no transition on overdue")
        if state.check and REPLY not in handled:
            yield _fault(path, f"state {state.name!r} has `check` but no transition on reply")
    if START not in {transition.on for transition in states[start].transitions}:
        yield _fault(path, f"the start state {start!r} has no transition on start")
    reached = {start}
    frontier = [start]
    while frontier:
        for transition in states[frontier.pop()].transitions:
            if transition.target in states and transition.target not in reached:
                reached.add(transition.target)
                frontier.append(transition.target)
    for name in states:
        if name not in reached:
            yield _fault(path, f"state {name!r} can never be reached; remove it or add a transition to it")


def _sentence(error: Any) -> str:
    where = " → ".join(str(part) for part in error["loc"]) or "the file"
    found = error["type"]
    if found == "extra_forbidden":
        return f"{where}: unknown entry; remove it or correct its spelling"
    if found == "missing":
        return f"{where}: is missing; add it"
    return f"{where}: {error['msg'].lower()}"


def _fault(path: Path, message: str, line: int = 0) -> Diagnostic:
    return Diagnostic("playbook-fault", message, place=LineAddress(str(path), line))
