"""How long the proofs of a table take, and how much memory: shapes of tables under all hit policies.

python benchmarks/table_checks.py                   all sizes, shapes and hit policies, and what a change means
python benchmarks/table_checks.py 1000 6            1,000 rules over 6 inputs
python benchmarks/table_checks.py 1000 6 mixed F    one table
python benchmarks/table_checks.py changes           only what a change means

Seconds are those of the processor, from the table as read to the report, in a process of its own.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "library"))

from referee.checks import Budget, InputValues, Version, check_table, differences
from referee.tables import CellText, DecisionTable, HitPolicy, InputClause, OutputClause, Rule

SIZES = ((20, 6), (1_000, 6), (10_000, 4))
TARGETS = {20: 0.5, 1_000: 10.0, 10_000: 120.0}

Rows = list[list[str]]


def grid(rules: int, inputs: int, chance: random.Random) -> Rows:
    """Every combination of ranges and enumerated values, once: complete and free of overlaps."""
    parts = [1] * inputs
    while True:
        smallest = parts.index(min(parts))
        grown = [*parts[:smallest], parts[smallest] + 1, *parts[smallest + 1 :]]
        total = 1
        for each in grown:
            total *= each
        if total > rules:
            break
        parts = grown
    return [list(row) for row in product(*(_columns(at, count) for at, count in enumerate(parts)))]


def _columns(at: int, count: int) -> list[str]:
    if at % 2:
        return [f'"value {part}"' for part in range(count)]
    cuts = [1000 * part // count for part in range(1, count)]
    ends = [None, *cuts, None]
    texts = []
    for low, high in pairwise(ends):
        if low is None and high is None:
            texts.append("-")
        else:
            texts.append(f"< {high}" if low is None else f">= {low}" if high is None else f"[{low}..{high})")
    return texts


def split(rules: int, inputs: int, chance: random.Random) -> Rows:
    """Space cut in two again and again at random places: complete, free of overlaps, and each rule of its own size."""
    boxes: list[list[tuple[float, float]]] = [[(0, 1000)] * inputs]
    while len(boxes) < rules:
        box = boxes.pop(chance.randrange(len(boxes)))
        at = chance.randrange(inputs)
        low, high = box[at]
        cut = round(chance.uniform(low, high), 6)
        boxes += [[*box[:at], (low, cut), *box[at + 1 :]], [*box[:at], (cut, high), *box[at + 1 :]]]
    return [[f"[{low}..{high})" for low, high in box] for box in boxes]


def mixed(rules: int, inputs: int, chance: random.Random) -> Rows:
    """Rules that overlap as they like, a third of their cells irrelevant, and one at the end that takes the rest."""
    return [*_random(rules - 1, inputs, chance, 1 / 3, 200), ["-"] * inputs]


def crossing(rules: int, inputs: int, chance: random.Random) -> Rows:
    """Rules with wide ranges that lie across each other, and cases that none covers."""
    return _random(rules, inputs, chance, 0.1, 900)


def _random(rules: int, inputs: int, chance: random.Random, irrelevant: float, widest: int) -> Rows:
    rows = []
    for _ in range(rules):
        row = []
        for at in range(inputs):
            if chance.random() < irrelevant:
                row.append("-")
            elif at % 2:
                count = 3 if widest < 500 else 12
                row.append(", ".join(f'"value {value}"' for value in chance.sample(range(20), count)))
            else:
                low = chance.randrange(1000)
                row.append(f"[{low}..{low + chance.randrange(1, widest)}]")
        rows.append(row)
    return rows


def holes(rules: int, inputs: int, chance: random.Random) -> Rows:
    """A grid in which a hundredth of the rules is missing and another is there twice."""
    rows = grid(rules, inputs, chance)
    few = max(1, len(rows) // 100)
    for _ in range(few):
        rows.pop(chance.randrange(len(rows)))
    return [*rows, *chance.sample(rows, few)]


def idle(rules: int, inputs: int, chance: random.Random) -> Rows:
    """Space cut in two again and again, the last input in halves that decide alike: it is tested and never matters."""
    rows = split(rules // 2, inputs - 1, chance)
    return [[*row, half] for row in rows for half in ("< 500", ">= 500")]


SHAPES: dict[str, Callable[[int, int, random.Random], Rows]] = {
    "grid": grid,
    "split": split,
    "holes": holes,
    "idle": idle,
    "mixed": mixed,
    "crossing": crossing,
}
POLICIES = ("U", "A", "F", "P", "C", "R", "O")


def table(shape: str, rules: int, inputs: int, policy: str) -> tuple[DecisionTable, dict[str, InputValues]]:
    chance = random.Random(7)
    rows = SHAPES[shape](rules, inputs, chance)
    names = [f"input {at}" for at in range(inputs)]
    values = {}
    for at, name in enumerate(names):
        cells = {row[at] for row in rows if row[at].startswith('"') and "," not in row[at]}
        if shape in ("mixed", "crossing") and at % 2:
            cells = {f'"value {value}"' for value in range(20)}
        is_text = bool(cells)
        low_to_high = "[0..1000)" if shape in ("split", "idle") else ""
        values[name] = InputValues("string" if is_text else "number", ",".join(sorted(cells)) or low_to_high)
    results = [chance.choice("abcdefgh") for _ in rows]
    if shape == "idle":
        results[1::2] = results[::2]
    written = tuple(
        Rule(number, tuple(map(CellText, row)), (CellText(f'"{result}"'),))
        for number, (row, result) in enumerate(zip(rows, results, strict=True), 1)
    )
    clauses = tuple(InputClause(CellText(name), values[name].type) for name in names)
    ranked = CellText(",".join(f'"{letter}"' for letter in "abcdefgh")) if policy in "PO" else None
    output = OutputClause("result", allowed_values=ranked)
    return DecisionTable(shape, HitPolicy(policy), clauses, (output,), (), written), values


def measure(rules: int, inputs: int, shape: str, policy: str) -> None:
    made, values = table(shape, rules, inputs, policy)
    started = time.process_time()
    report = check_table(made, values, budget=Budget(TARGETS.get(rules, 120.0)))
    seconds = time.process_time() - started
    codes: dict[str, int] = {}
    for finding in report.findings:
        codes[finding.code] = codes.get(finding.code, 0) + 1
    found = ", ".join(f"{count} {code}" for code, count in codes.items()) or "nothing found"
    unproved = f"; NOT PROVED: {', '.join(report.unproved)}" if report.unproved else ""
    print(
        f"{len(made.rules):>6} x {inputs}  {shape:<8} {policy} {seconds:8.2f} s {_peak():>6} MB  {found}{unproved}",
        flush=True,
    )


CHANGES = ("limit", "result", "required", "allowed")


def measure_change(rules: int, inputs: int, shape: str, policy: str, change: str) -> None:
    """How long it takes to tell what a change of one cell, or of what one fact may be, means."""
    made, values = table(shape, rules, inputs, policy)
    before = Version((made,), values, made.name, values)
    after = before
    middle = made.rules[len(made.rules) // 2]
    if change in ("required", "allowed"):
        other = InputValues("number", "[0..900)", change == "required")
        if change == "required":
            other = replace(values["input 0"], may_be_null=True)
        new_values = {**values, "input 0": other}
        after = Version((made,), new_values, made.name, new_values)
    else:
        cells, results = list(middle.inputs), middle.outputs
        if change == "limit":
            cells[0] = CellText("[100..200)")
        else:
            results = (CellText('"h"' if results[0].text != '"h"' else '"a"'),)
        changed = replace(middle, inputs=tuple(cells), outputs=results)
        rows = tuple(changed if rule is middle else rule for rule in made.rules)
        after = Version((replace(made, rules=rows),), values, made.name, values)
    started = time.process_time()
    found = differences(before, after, budget=Budget(TARGETS.get(rules, 120.0)))
    seconds = time.process_time() - started
    unproved = "" if found.is_complete else "; NOT ALL COMPARED"
    print(
        f"{len(made.rules):>6} x {inputs}  {shape:<8} {policy} {change:<9}{seconds:8.2f} s {_peak():>6} MB  "
        f"{len(found.found)} regions{unproved}",
        flush=True,
    )


def _peak() -> int:
    """The most memory that the process held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 * 1024 if sys.platform == "darwin" else 1024)


def main(arguments: Sequence[str]) -> None:
    if len(arguments) == 4:
        measure(int(arguments[0]), int(arguments[1]), arguments[2], arguments[3])
        return
    if len(arguments) == 5:
        measure_change(int(arguments[0]), int(arguments[1]), *arguments[2:])
        return
    sizes = [(int(arguments[0]), int(arguments[1]))] if len(arguments) == 2 else SIZES
    runs = [] if arguments == ["changes"] else list(product(sizes, SHAPES, POLICIES))
    for (rules, inputs), shape, policy in runs:
        _in_own_process(rules, inputs, shape, policy)
    changed = list(product(sizes, ("split", "mixed"), "UF", CHANGES)) if len(arguments) != 2 else []
    for (rules, inputs), shape, policy, change in changed:
        if (shape, policy) in (("split", "U"), ("split", "F"), ("mixed", "F")):
            _in_own_process(rules, inputs, shape, policy, change)


def _in_own_process(*arguments: object) -> None:
    subprocess.run([sys.executable, __file__, *map(str, arguments)], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
