"""How long the proofs of a table take, and how much memory: tables of several shapes, each size in its own process.

python benchmarks/table_checks.py              all sizes
python benchmarks/table_checks.py 1000 6       1,000 rules over 6 inputs
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise, product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "library"))

from referee.checks import Budget, InputValues, check_table
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
    rows = []
    for _ in range(rules - 1):
        row = []
        for at in range(inputs):
            if chance.random() < 1 / 3:
                row.append("-")
            elif at % 2:
                row.append(", ".join(f'"value {value}"' for value in chance.sample(range(20), 3)))
            else:
                low = chance.randrange(1000)
                row.append(f"[{low}..{low + chance.randrange(1, 200)}]")
        rows.append(row)
    return [*rows, ["-"] * inputs]


def holes(rules: int, inputs: int, chance: random.Random) -> Rows:
    """A grid in which a hundredth of the rules is missing and another is there twice."""
    rows = grid(rules, inputs, chance)
    few = max(1, len(rows) // 100)
    for _ in range(few):
        rows.pop(chance.randrange(len(rows)))
    return [*rows, *chance.sample(rows, few)]


SHAPES: dict[str, tuple[Callable[[int, int, random.Random], Rows], HitPolicy]] = {
    "grid": (grid, HitPolicy.UNIQUE),
    "split": (split, HitPolicy.UNIQUE),
    "holes": (holes, HitPolicy.ANY),
    "mixed": (mixed, HitPolicy.FIRST),
}


def table(shape: str, rules: int, inputs: int) -> tuple[DecisionTable, dict[str, InputValues]]:
    make, policy = SHAPES[shape]
    chance = random.Random(7)
    rows = make(rules, inputs, chance)
    names = [f"input {at}" for at in range(inputs)]
    values = {}
    for at, name in enumerate(names):
        cells = {row[at] for row in rows if row[at].startswith('"') and "," not in row[at]}
        if shape == "mixed" and at % 2:
            cells = {f'"value {value}"' for value in range(20)}
        is_text = bool(cells)
        low_to_high = "[0..1000)" if shape == "split" else ""
        values[name] = InputValues("string" if is_text else "number", ",".join(sorted(cells)) or low_to_high)
    written = tuple(
        Rule(number, tuple(map(CellText, row)), (CellText(f'"{chance.choice("abcdefgh")}"'),))
        for number, row in enumerate(rows, 1)
    )
    clauses = tuple(InputClause(CellText(name), values[name].type) for name in names)
    return DecisionTable(shape, policy, clauses, (OutputClause("result"),), (), written), values


def measure(shape: str, rules: int, inputs: int) -> None:
    made, values = table(shape, rules, inputs)
    started = time.perf_counter()
    report = check_table(made, values, budget=Budget(TARGETS.get(rules, 120.0)))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    codes: dict[str, int] = {}
    for finding in report.findings:
        codes[finding.code] = codes.get(finding.code, 0) + 1
    found = ", ".join(f"{count} {code}" for code, count in codes.items()) or "nothing found"
    unproved = f"; NOT PROVED: {', '.join(report.unproved)}" if report.unproved else ""
    print(
        f"{len(made.rules):>6} x {inputs}  {shape:<6} {seconds:8.2f} s {peak:>6} MB  {found}{unproved}",
        flush=True,
    )


def main(arguments: Sequence[str]) -> None:
    if len(arguments) == 3:
        measure(arguments[0], int(arguments[1]), int(arguments[2]))
        return
    sizes = [(int(arguments[0]), int(arguments[1]))] if arguments else SIZES
    for rules, inputs in sizes:
        for shape in SHAPES:
            subprocess.run([sys.executable, __file__, shape, str(rules), str(inputs)], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
