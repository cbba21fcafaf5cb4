"""The same regular expression for Python's ``re``, and how long that may take at worst."""

from __future__ import annotations

from collections.abc import Iterable

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


def python_pattern(node: Node, *, multi_line: bool, ignore_case: bool) -> str:
    """The text for ``re.compile`` without flags."""
    if isinstance(node, Characters):
        return _class(node.members)
    if isinstance(node, Sequence):
        return "".join(
            python_pattern(part, multi_line=multi_line, ignore_case=ignore_case) for part in node.parts
        )
    if isinstance(node, Choice):
        branches = (
            python_pattern(part, multi_line=multi_line, ignore_case=ignore_case) for part in node.branches
        )
        return f"(?:{'|'.join(branches)})"
    if isinstance(node, Group):
        body = python_pattern(node.body, multi_line=multi_line, ignore_case=ignore_case)
        return f"({body})" if node.number else f"(?:{body})"
    if isinstance(node, Repeat):
        body = python_pattern(node.body, multi_line=multi_line, ignore_case=ignore_case)
        most = "" if node.most is None else node.most
        return f"(?:{body}){{{node.least},{most}}}{'' if node.greedy else '?'}"
    if isinstance(node, BackReference):
        reference = f"(?i:\\{node.group})" if ignore_case else f"(?:\\{node.group})"
        return f"(?({node.group}){reference}|)"
    if isinstance(node, LineStart):
        # a line end at the very end of the text starts no line
        return r"(?:\A|(?<=\n)(?!\Z))" if multi_line else r"\A"
    return r"(?=\n|\Z)" if multi_line else r"\Z"


def _class(members: CharacterSet) -> str:
    if not members.ranges:
        return r"(?!)"
    parts = []
    for first, last in members.ranges:
        parts.append(_code(first) if first == last else f"{_code(first)}-{_code(last)}")
    return f"[{''.join(parts)}]"


def _code(code: int) -> str:
    return f"\\U{code:08x}"


def size(node: Node) -> int:
    """How many steps the expression has when repetitions with a count are written out."""
    if isinstance(node, Sequence):
        return sum(map(size, node.parts)) + 1
    if isinstance(node, Choice):
        return sum(map(size, node.branches)) + len(node.branches)
    if isinstance(node, Group):
        return size(node.body) + 2
    if isinstance(node, Repeat):
        copies = node.least + 1 if node.most is None else max(node.most, 1)
        return (size(node.body) + 1) * copies
    return 1


def worst_degree(node: Node) -> int | None:
    """The power of the text's length that the worst attempt at one place grows with; ``None`` if exponentially.

    It is an upper bound: what can go one of two ways counts like what can go as many ways as the text is long. A
    repetition of what takes no character counts as exponential, as `re` may go round it once more than needed.
    """
    if isinstance(node, Sequence):
        return _sum(worst_degree(part) for part in node.parts)
    if isinstance(node, Choice):
        degree = _sum(worst_degree(part) for part in node.branches)
        return None if degree is None else degree + 1
    if isinstance(node, Group):
        return worst_degree(node.body)
    if isinstance(node, BackReference):
        return 1
    if not isinstance(node, Repeat):
        return 0
    if _takes_nothing(node.body):
        return None
    degree = worst_degree(node.body)
    if node.least == node.most:
        return degree if degree == 0 or node.most == 1 else None
    return 1 if degree == 0 else None


def _takes_nothing(node: Node) -> bool:
    """Whether the expression is made of places alone, such as the start of the text."""
    if isinstance(node, Sequence):
        return all(map(_takes_nothing, node.parts))
    if isinstance(node, Choice):
        return any(map(_takes_nothing, node.branches))
    if isinstance(node, Group | Repeat):
        return _takes_nothing(node.body)
    return not isinstance(node, Characters | BackReference)


def _sum(degrees: Iterable[int | None]) -> int | None:
    total = 0
    for degree in degrees:
        if degree is None:
            return None
        total += degree
    return total
