"""A matcher whose work is bounded: it gives what a backtracking one gives, but never tries the same step twice.

Without back-references, a step (an instruction at a place in the text) that failed once fails always, so each is tried
once and the work grows with the size of the pattern times the length of the text. Back-references need every attempt;
there a limit on the number of steps ends a search with a fault.

Source: R. Cox, "Regular Expression Matching in the Wild" (the bit-state backtracker of RE2).
"""

from __future__ import annotations

from referee.feel.fault import Fault
from referee.feel.regex.character_set import CharacterSet
from referee.feel.regex.nodes import (
    BackReference,
    Characters,
    Choice,
    Group,
    LineStart,
    Node,
    Repeat,
    Sequence,
)

MAX_STEPS = 3_000_000
MAX_INSTRUCTIONS = 20_000

_CHARACTER, _SPLIT, _JUMP, _SAVE, _START, _END, _REFERENCE, _MARK, _ADVANCED, _MATCH = range(10)

Spans = tuple[tuple[int, int], ...]


class Program:
    """The instructions of an expression. Each is its operation and up to two operands."""

    def __init__(self, node: Node, groups: int) -> None:
        self.code: list[tuple[int, int, int]] = []
        self.sets: list[CharacterSet] = []
        self.slots = 2 * (groups + 1)
        self.has_references = _has_references(node)
        self._emit(_SAVE, 0)
        self._add(node)
        self._emit(_SAVE, 1)
        self._emit(_MATCH)

    def _emit(self, operation: int, first: int = 0, second: int = 0) -> int:
        if len(self.code) >= MAX_INSTRUCTIONS:
            raise Fault("too-much-work", "the pattern has too many repetitions")
        self.code.append((operation, first, second))
        return len(self.code) - 1

    def _add(self, node: Node) -> None:
        if isinstance(node, Characters):
            self.sets.append(node.members)
            self._emit(_CHARACTER, len(self.sets) - 1)
        elif isinstance(node, Sequence):
            for part in node.parts:
                self._add(part)
        elif isinstance(node, Choice):
            self._add_choice(node)
        elif isinstance(node, Group):
            if node.number:
                self._emit(_SAVE, 2 * node.number)
            self._add(node.body)
            if node.number:
                self._emit(_SAVE, 2 * node.number + 1)
        elif isinstance(node, Repeat):
            self._add_repeat(node)
        elif isinstance(node, BackReference):
            self._emit(_REFERENCE, node.group)
        else:
            self._emit(_START if isinstance(node, LineStart) else _END)

    def _add_choice(self, node: Choice) -> None:
        jumps = []
        for branch in node.branches[:-1]:
            split = self._emit(_SPLIT)
            self._add(branch)
            jumps.append(self._emit(_JUMP))
            self.code[split] = (_SPLIT, split + 1, len(self.code))
        self._add(node.branches[-1])
        for jump in jumps:
            self.code[jump] = (_JUMP, len(self.code), 0)

    def _add_repeat(self, node: Repeat) -> None:
        for _ in range(node.least):
            self._add(node.body)
        if node.most is None:
            split = self._emit(_SPLIT)
            slot = self.slots
            if self.has_references:
                self.slots += 1
                self._emit(_MARK, slot)
            self._add(node.body)
            if self.has_references:
                self._emit(_ADVANCED, slot)
            self._emit(_JUMP, split)
            self._choose(split, len(self.code), node.greedy)
            return
        splits = []
        for _ in range(node.most - node.least):
            splits.append(self._emit(_SPLIT))
            self._add(node.body)
        for split in splits:
            self._choose(split, len(self.code), node.greedy)

    def _choose(self, split: int, exit_: int, greedy: bool) -> None:
        self.code[split] = (_SPLIT, split + 1, exit_) if greedy else (_SPLIT, exit_, split + 1)


def _has_references(node: Node) -> bool:
    if isinstance(node, BackReference):
        return True
    if isinstance(node, Sequence):
        return any(map(_has_references, node.parts))
    if isinstance(node, Choice):
        return any(map(_has_references, node.branches))
    if isinstance(node, (Group, Repeat)):
        return _has_references(node.body)
    return False


class BoundedMatcher:
    """Searches one text. The ``steps`` of all its searches together are bounded; ``Fault`` beyond."""

    def __init__(self, program: Program, text: str, *, multi_line: bool, ignore_case: bool) -> None:
        self._program = program
        self._text = text
        self._codes = [ord(character) for character in text]
        self._multi_line = multi_line
        self._ignore_case = ignore_case
        self.steps = 0
        self._known: dict[tuple[int, int], bool] = {}

    def search(self, start: int) -> Spans | None:
        """Spans of the first match from ``start`` on and of its groups, -1 for a group without; ``None`` if none."""
        visited: set[int] = set()
        for place in range(start, len(self._text) + 1):
            slots = self._match_at(place, visited)
            if slots is not None:
                return tuple(zip(slots[::2], slots[1::2], strict=False))
        return None

    def _match_at(self, start: int, visited: set[int]) -> list[int] | None:
        program, text = self._program, self._text
        code, memo, width = program.code, not program.has_references, len(text) + 1
        slots = [-1] * program.slots
        # either a step to try, or (negative) a slot to set back on the way
        stack: list[tuple[int, int]] = [(0, start)]
        while stack:
            step, place = stack.pop()
            if step < 0:
                slots[-step - 1] = place
                continue
            while True:
                self._count()
                if memo:
                    key = step * width + place
                    if key in visited:
                        break
                    visited.add(key)
                operation, first, second = code[step]
                if operation == _CHARACTER:
                    if place >= len(text) or not self._is_in(first, place):
                        break
                    place += 1
                    step += 1
                elif operation == _SPLIT:
                    stack.append((second, place))
                    step = first
                elif operation == _JUMP:
                    step = first
                elif operation in (_SAVE, _MARK):
                    stack.append((-first - 1, slots[first]))
                    slots[first] = place
                    step += 1
                elif operation == _ADVANCED:
                    if slots[first] == place:
                        break
                    step += 1
                elif operation == _REFERENCE:
                    end = self._end_of_reference(slots, first, place)
                    if end < 0:
                        break
                    place = end
                    step += 1
                elif operation == _MATCH:
                    return slots[: 2 * (len(slots) // 2)]
                elif self._is_at_start(place) if operation == _START else self._is_at_end(place):
                    step += 1
                else:
                    break
        return None

    def _count(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise Fault("too-much-work", "the pattern needs too much work on this text; make it simpler")

    def _is_in(self, members: int, place: int) -> bool:
        key = (members, self._codes[place])
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = key[1] in self._program.sets[members]
        return known

    def _end_of_reference(self, slots: list[int], group: int, place: int) -> int:
        start, end = slots[2 * group], slots[2 * group + 1]
        if start < 0 or end < 0:
            return place
        wanted, found = self._text[start:end], self._text[place : place + end - start]
        if self._ignore_case:
            wanted, found = wanted.lower(), found.lower()
        return place + end - start if wanted == found else -1

    def _is_at_start(self, place: int) -> bool:
        if place == 0:
            return True
        return self._multi_line and self._text[place - 1] == "\n" and place < len(self._text)

    def _is_at_end(self, place: int) -> bool:
        return place == len(self._text) or (self._multi_line and self._text[place] == "\n")
