"""Decision tables against zen-engine, in one run on one machine: single decisions, batches, loading, memory.

    python benchmarks/decision_tables.py [part of a table's name, or "loading" ...]

Both engines decide the same cases by the same rules. Referee's results (value and matched rule, types checked) are
compared with a plain reading of the rules; zen is called through its static loader and ``evaluate(key, dict)``.
Figures are medians of rounds in which the engines take turns. Every round has cases that neither engine has seen, so
deciding is measured and not remembering. Needs the package zen-engine.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "library"))

from referee.dmn import DecisionNode, InputData, Model, TableLogic
from referee.tables import CellText, DecisionTable, HitPolicy, InputClause, OutputClause, Rule

ROUNDS = 15
CASES = 1_000
CHECKED = 3_000
BATCHES = 5
BATCH = 100_000
LOADS = 3

Value = str | int | float | bool
Test = Callable[[Any], bool]


@dataclass(frozen=True)
class Workload:
    """A table in neutral form: columns with types, rules as (cell texts, plain tests), and a maker of cases."""

    name: str
    columns: list[tuple[str, str]]
    rules: list[list[tuple[str, str, Test]]]
    case: Callable[[random.Random], dict[str, Value]]

    def matched(self, case: dict[str, Value]) -> int | None:
        """The first rule, counted from 1, whose every test is true: the plain reading."""
        for number, rule in enumerate(self.rules, 1):
            if all(test(case[name]) for (name, _), (_, _, test) in zip(self.columns, rule, strict=True)):
                return number
        return None


Cell = tuple[str, str, Test]


def anything() -> Cell:
    return "-", "", lambda value: True


def one_of(*texts: str) -> Cell:
    listed = ", ".join(f'"{text}"' for text in texts)
    return listed, listed, lambda value: value in texts


def between(start: float, end: float) -> Cell:
    return f"[{start}..{end})", f"[{start}..{end})", lambda value: start <= value < end


def is_bool(wanted: bool) -> Cell:
    text = "true" if wanted else "false"
    return text, text, lambda value: value is wanted


def small(seed: int) -> Workload:
    """6 inputs and 20 rules of the everyday kind."""
    chance = random.Random(seed)
    countries = ["DE", "FR", "NL", "AT", "CH", "IT"]
    segments = ["gold", "silver", "bronze"]
    rules = []
    for number in range(19):
        low = number * 500
        rules.append(
            [
                between(low, low + 900) if number % 4 else anything(),
                one_of(*chance.sample(countries, 3)) if number % 3 else anything(),
                one_of(chance.choice(segments)) if number % 2 else anything(),
                between(chance.randrange(0, 50) / 100, 1.5),
                is_bool(chance.random() < 0.5) if number % 5 else anything(),
                between(chance.randrange(0, 10), 60),
            ]
        )
    rules.append([anything()] * 6)
    columns = [("amount", "number"), ("country", "string"), ("segment", "string"), ("score", "number")]
    columns += [("known", "boolean"), ("age", "number")]

    def case(chance: random.Random) -> dict[str, Value]:
        return {
            "amount": round(chance.uniform(0, 10_000), 2),
            "country": chance.choice(countries),
            "segment": chance.choice(segments),
            "score": round(chance.random(), 4),
            "known": chance.random() < 0.5,
            "age": chance.randrange(0, 70),
        }

    return Workload("6x20", columns, rules, case)


def equality(size: int, seed: int) -> Workload:
    """4 columns of keys; every rule another combination, in random order."""
    chance = random.Random(seed)
    per_column = round(size**0.25 + 0.5)
    keys = [[f"{letter}{number:03}" for number in range(per_column)] for letter in "abcd"]
    combinations = [
        (first, second, third, fourth)
        for first in keys[0]
        for second in keys[1]
        for third in keys[2]
        for fourth in keys[3]
    ]
    chance.shuffle(combinations)
    rules = [[one_of(key) for key in combination] for combination in combinations[:size]]
    columns = [(f"key {letter}".replace(" ", "_"), "string") for letter in "abcd"]

    def case(chance: random.Random) -> dict[str, Value]:
        return {name: chance.choice(each) for (name, _), each in zip(columns, keys, strict=True)}

    return Workload(f"4x{size} equality", columns, rules, case)


def ranges(size: int, seed: int) -> Workload:
    """4 columns of numeric ranges with ends of their own, wide enough to overlap."""
    chance = random.Random(seed)

    def cell() -> Cell:
        start = round(chance.uniform(0, 900), 2)
        return between(start, round(start + chance.uniform(20, 200), 2))

    rules = [[cell() for _ in range(4)] for _ in range(size)]
    columns = [(f"value_{letter}", "number") for letter in "abcd"]

    def case(chance: random.Random) -> dict[str, Value]:
        return {name: round(chance.uniform(0, 1000), 2) for name, _ in columns}

    return Workload(f"4x{size} ranges", columns, rules, case)


def referee_model(workload: Workload) -> Model:
    table = DecisionTable(
        name="Routing",
        hit_policy=HitPolicy.FIRST,
        inputs=tuple(InputClause(CellText(name), kind) for name, kind in workload.columns),
        outputs=(OutputClause("route", "string"),),
        annotations=(),
        rules=tuple(
            Rule(number, tuple(CellText(text) for text, _, _ in rule), (CellText(f'"r{number}"'),))
            for number, rule in enumerate(workload.rules, 1)
        ),
    )
    return Model.build(
        workload.name,
        [InputData(name, kind) for name, kind in workload.columns],
        [DecisionNode("Routing", TableLogic(table), "string")],
    )


def zen_engine(workload: Workload) -> Any:
    import zen

    ids = [f"in{position}" for position in range(len(workload.columns))]
    content = {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in", "position": {"x": 0, "y": 0}},
            {
                "id": "table",
                "type": "decisionTableNode",
                "name": "table",
                "position": {"x": 0, "y": 0},
                "content": {
                    "hitPolicy": "first",
                    "inputs": [
                        {"id": key, "name": name, "type": "expression", "field": name}
                        for key, (name, _) in zip(ids, workload.columns, strict=True)
                    ],
                    "outputs": [{"id": "out", "name": "route", "type": "expression", "field": "route"}],
                    "rules": [
                        {
                            "_id": f"r{number}",
                            **{key: text for key, (_, text, _) in zip(ids, rule, strict=True)},
                            "out": f'"r{number}"',
                        }
                        for number, rule in enumerate(workload.rules, 1)
                    ],
                },
            },
            {"id": "out", "type": "outputNode", "name": "out", "position": {"x": 0, "y": 0}},
        ],
        "edges": [
            {"id": "e1", "sourceId": "in", "targetId": "table", "type": "edge"},
            {"id": "e2", "sourceId": "table", "targetId": "out", "type": "edge"},
        ],
    }
    return zen.ZenEngine({"loader": {"type": "static", "content": {"table": content}}})


def seconds_each(call: Callable[[dict[str, Value]], Any], cases: list[dict[str, Value]]) -> float:
    started = time.perf_counter()
    for case in cases:
        call(case)
    return (time.perf_counter() - started) / len(cases)


def compare(workload: Workload) -> float:
    """Prints how both engines do; gives Referee's time for a decision in its fastest round, in seconds."""
    print(f"\n{workload.name}")
    model = referee_model(workload)
    engine = zen_engine(workload)
    chance = random.Random(7)
    wrong = check(workload, model, engine, [workload.case(chance) for _ in range(CHECKED)])
    print(f"  {CHECKED} cases checked against a plain reading: {wrong}")
    few = max(20, min(CASES, 100_000 // len(workload.rules)))
    ours, theirs = [], []
    for _ in range(ROUNDS):
        cases = [workload.case(chance) for _ in range(CASES)]
        ours.append(seconds_each(lambda case: model.evaluate("Routing", case), cases))
        theirs.append(seconds_each(lambda case: engine.evaluate("table", case), cases[:few]))
    mine, zens = statistics.median(ours), statistics.median(theirs)
    print(
        f"  single: referee {mine * 1e6:.2f} µs, zen {zens * 1e6:.1f} µs, ratio of medians {zens / mine:.1f}; "
        f"fastest rounds {min(ours) * 1e6:.2f} and {min(theirs) * 1e6:.1f} µs, ratio {min(theirs) / min(ours):.1f}"
    )
    batch(workload, model, engine, chance)
    return min(ours)


def check(workload: Workload, model: Model, engine: Any, cases: list[dict[str, Value]]) -> str:
    """How often either engine differs from the plain reading, in rule, value or trace."""
    ours = theirs = 0
    for position, case in enumerate(cases):
        number = workload.matched(case)
        evaluation = model.evaluate("Routing", case)
        fired = [rule.number for rule in evaluation.trace[-1].rules]
        wanted = None if number is None else f"r{number}"
        ours += evaluation.value != wanted or fired != ([] if number is None else [number])
        if position < 300:
            theirs += (engine.evaluate("table", case)["result"] or {}).get("route") != wanted
    return f"referee differs in {ours}, zen (first 300 cases) in {theirs}"


def batch(workload: Workload, model: Model, engine: Any, chance: random.Random) -> None:
    """Whole columns at once, as lists and as arrays, against the engine's own batch call.

    Referee's rate is by processor time, which a busy machine disturbs least; it uses one core.
    """
    from_lists, from_arrays, zens = [], [], []
    wrong = 0
    for _ in range(BATCHES):
        cases = [workload.case(chance) for _ in range(BATCH)]
        columns = {name: [case[name] for case in cases] for name, _ in workload.columns}
        arrays = {name: numpy.array(column) for name, column in columns.items()}
        started = time.process_time()
        values = model.evaluate_many("Routing", columns)
        from_lists.append(BATCH / (time.process_time() - started))
        started = time.process_time()
        same = model.evaluate_many("Routing", arrays)
        from_arrays.append(BATCH / (time.process_time() - started))
        sample = range(0, BATCH, BATCH // 200)
        wrong += values != same
        wrong += sum(values[each] != model.evaluate("Routing", cases[each]).value for each in sample)
        few = cases[: max(20, 50_000 // len(workload.rules))]
        started = time.perf_counter()
        engine.evaluate_batch([{"key": "table", "context": case} for case in few])
        zens.append(len(few) / (time.perf_counter() - started))
    lists, arrays_, zen = map(statistics.median, (from_lists, from_arrays, zens))
    print(
        f"  batches of {BATCH}: referee {lists:,.0f} decisions a second of one core from lists, {arrays_:,.0f} from "
        f"arrays, zen {zen:,.0f} a second; "
        f"{wrong} differ from single decisions"
    )


def loading() -> None:
    """Load time (processor time, as it uses one core) and memory by size and kind of table."""
    print(f"\n{'table':20}{'loads in':>10}{'holds':>10}{'at most':>10}")
    for size in (20, 1_000, 10_000):
        for make in (equality, ranges):
            workload = make(size, size)
            times = []
            for _ in range(LOADS):
                started = time.process_time()
                model = referee_model(workload)
                times.append(time.process_time() - started)
                del model
                gc.collect()
            tracemalloc.start()
            model = referee_model(workload)
            gc.collect()
            held, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            del model
            print(f"{workload.name:20}{min(times):>8.3f} s{held / 1e6:>7.1f} MB{most / 1e6:>7.1f} MB")


def main(filters: list[str]) -> None:
    workloads = [small(1)]
    workloads += [make(size, size) for make in (equality, ranges) for size in (1_000, 10_000)]
    times = {
        each.name: compare(each)
        for each in workloads
        if not filters or any(part in each.name for part in filters)
    }
    if "6x20" in times and len(times) > 1:
        grown = {name: taken / times["6x20"] for name, taken in times.items()}
        print(
            "\ntime per decision (fastest rounds), 6x20 = 1: "
            + ", ".join(f"{name} {by:.1f}" for name, by in grown.items())
        )
    if not filters or "loading" in filters:
        loading()


if __name__ == "__main__":
    main(sys.argv[1:])
