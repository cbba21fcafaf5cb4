"""Small random tables of every type and hit policy, and the plain truth about them: every case decided, one by one."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from referee import feel
from referee.checks import InputValues
from referee.tables import CellText, DecisionTable, HitPolicy, InputClause, OutputClause, Rule


@dataclass(frozen=True)
class Sort:
    """A type with literals to compare with, and values of which at least one lies wherever answers can differ."""

    type: str
    literals: tuple[str, ...]
    values: tuple[str, ...]
    allowed: tuple[str, ...] = ("",)
    is_ordered: bool = True


def _of(function: str, *texts: str) -> tuple[str, ...]:
    return tuple(f'{function}("{text}")' for text in texts)


SORTS = (
    Sort(
        "number",
        ("0", "1", "2.5", "-3"),
        ("-4", "-3", "-1", "0", "0.5", "1", "2", "2.5", "7"),
        ("", "[0..2.5]", "0,1,2.5", "> -3"),
    ),
    Sort("string", ('"a"', '"b"', '"c"'), ('"a"', '"b"', '"c"', '"z"'), ("", '"a","b"', 'not("c")'), False),
    Sort(
        "string",
        ('"b"', '"bb"', '""'),
        ('""', '"a"', '"b"', '"ba"', '"bb"', '"c"'),
        ("", '>= "b"'),
    ),
    Sort("boolean", ("true", "false"), ("true", "false"), ("", "true"), False),
    Sort(
        "date",
        _of("date", "2024-02-28", "2024-02-29", "2024-03-05"),
        _of("date", "2024-02-01", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-05", "2024-04-01"),
        ("", '>= date("2024-02-28")'),
    ),
    Sort(
        "time",
        _of("time", "00:00:00", "08:00:00", "08:00:01"),
        _of("time", "00:00:00", "04:00:00", "08:00:00", "08:00:01", "23:00:00"),
    ),
    Sort(
        "date and time",
        _of("date and time", "2024-02-28T23:59:59", "2024-02-29T00:00:00", "2024-03-01T12:00:00"),
        _of(
            "date and time",
            "2024-02-01T00:00:00",
            "2024-02-28T23:59:59",
            "2024-02-29T00:00:00",
            "2024-02-29T13:00:00",
            "2024-03-01T12:00:00",
            "2025-01-01T00:00:00",
        ),
    ),
    Sort(
        "days and time duration",
        _of("duration", "P1D", "PT36H", "PT0S"),
        _of("duration", "-P1D", "PT0S", "PT1H", "P1D", "PT30H", "PT36H", "P9D"),
    ),
    Sort(
        "years and months duration",
        _of("duration", "P1Y", "P13M", "P0M"),
        _of("duration", "-P1M", "P0M", "P1M", "P1Y", "P13M", "P3Y"),
    ),
)

POLICIES = tuple(HitPolicy)
NAMES = ("input a", "input b", "input c")


@dataclass(frozen=True)
class Truth:
    """What is so for one case: the rules that are true, and whether another one could be, for all that can be told."""

    case: dict[str, Any]
    true: tuple[int, ...]
    is_doubtful: bool


@dataclass(frozen=True)
class Sample:
    table: DecisionTable
    inputs: dict[str, InputValues]
    sorts: tuple[Sort, ...]

    def cases(self) -> Iterator[dict[str, Any]]:
        """A case of every region there is, and of no other."""
        axes: list[list[Any]] = []
        for name, sort in zip(self.inputs, self.sorts, strict=True):
            allowed = self.inputs[name].allowed_values
            values = [feel.evaluate(text).value for text in sort.values]
            kept = [
                value for value in values if not allowed or feel.unary_tests(allowed, value).value is True
            ]
            axes.append([*kept, *([None] if self.inputs[name].may_be_null else [])])
        for case in product(*axes):
            yield dict(zip(self.inputs, case, strict=True))

    def truths(self) -> list[Truth]:
        """Every case read plainly, cell by cell."""
        silent = [
            all("null" not in rule.inputs[column].text for rule in self.table.rules)
            for column in range(len(self.sorts))
        ]
        found = []
        for case in self.cases():
            true, in_doubt = [], False
            for rule in self.table.rules:
                verdicts: list[bool | None] = []
                possible = True
                for cell, value, no_word in zip(rule.inputs, case.values(), silent, strict=True):
                    if not cell.is_irrelevant:
                        verdict = _tests(cell.text)(value, {}, [])
                        if verdict is None and value is None and not no_word and _asks_order(cell.text):
                            verdict = False
                        verdicts.append(verdict)
                        possible &= verdict is not False or (value is None and no_word)
                if all(verdicts):
                    true.append(rule.number)
                in_doubt |= possible and not all(verdicts)
            found.append(Truth(case, tuple(true), in_doubt))
        return found


def _asks_order(text: str) -> bool:
    """Whether a cell leaves open only how null stands to its literals."""
    return not text.startswith("not(") and "?" not in text


@cache
def _tests(text: str) -> feel.UnaryTests:
    return feel.compile_unary_tests(text)


def sample(seed: int, policies: Sequence[HitPolicy] = POLICIES, most_rules: int = 6) -> Sample:
    chance = random.Random(seed)
    sorts = tuple(chance.choice(SORTS) for _ in range(chance.randint(1, 3)))
    inputs = {
        name: InputValues(sort.type, chance.choice(sort.allowed), chance.random() < 0.25)
        for name, sort in zip(NAMES, sorts, strict=False)
    }
    policy = chance.choice(policies)
    rules = tuple(
        Rule(
            number,
            tuple(
                CellText(_cell(chance, sort, inputs[name].may_be_null))
                for name, sort in zip(inputs, sorts, strict=True)
            ),
            (CellText(chance.choice(('"x"', '"y"', '"z"')), None),),
        )
        for number in range(1, chance.randint(1, most_rules) + 1)
    )
    clauses = tuple(InputClause(CellText(name), sort.type) for name, sort in zip(inputs, sorts, strict=True))
    priorities = CellText('"y","x","z"') if policy.needs_priorities else None
    output = OutputClause("result", "string", priorities)
    return Sample(DecisionTable("sample", policy, clauses, (output,), (), rules), inputs, sorts)


def _cell(chance: random.Random, sort: Sort, may_be_null: bool) -> str:
    kind = chance.random()
    if kind < 0.3:
        return "-"
    if kind < 0.36 and may_be_null:
        return chance.choice(("null", "not(null)"))
    tests = [_test(chance, sort) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
    if kind < 0.45:
        return f"not({', '.join(tests)})"
    if kind < 0.5:
        literal = chance.choice(sort.literals)
        return f"? != {literal} and ? != {chance.choice(sort.literals)}"
    return ", ".join(tests)


def _test(chance: random.Random, sort: Sort) -> str:
    literal = chance.choice(sort.literals)
    if not sort.is_ordered or chance.random() < 0.3:
        return literal
    if chance.random() < 0.5:
        return f"{chance.choice(('<', '<=', '>', '>=', '!='))} {literal}"
    return f"{chance.choice('[(')}{literal}..{chance.choice(sort.literals)}{chance.choice('])')}"
