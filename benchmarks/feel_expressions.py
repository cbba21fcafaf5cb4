"""FEEL expressions against other packages that evaluate them from Python, in one run on one machine.

    python benchmarks/feel_expressions.py

Each engine gives the same values for the same facts (checked). ``prepared`` is an expression compiled once and
evaluated again and again, where an engine offers that; ``from text`` hands over text and facts each time. Figures
are medians of rounds in which the engines take turns, in microseconds. Packages that are missing are left out:
bkflow-feel and pySFeel (FEEL), zen-engine (its own expression language, binary numbers, in Rust).
"""

from __future__ import annotations

import logging
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "library"))

from referee import feel

ROUNDS = 15
SECONDS_PER_ROUND = 0.02
FACTS: dict[str, Any] = {
    "amount": 1200,
    "fee": 25,
    "country": "DE",
    "loan": {"amount": 250000, "rate": 5, "term": 360},
    "numbers": [3, 1, 4, 1, 5, 9, 2, 6],
}
# FEEL text, the same for zen where it differs, and the value
EXPRESSIONS: list[tuple[str, str | None, Any]] = [
    ("amount + fee * 2", None, 1250),
    ("amount > 1000", None, True),
    ('amount > 1000 and country = "DE"', 'amount > 1000 and country == "DE"', True),
    ('if amount > 1000 then "large" else "small"', 'amount > 1000 ? "large" : "small"', "large"),
    ("loan.amount * loan.rate / 100", None, 12500),
    ("amount in [1000..2000]", None, True),
    ("sum(numbers)", None, 31),
    ("some n in numbers satisfies n > 8", "some(numbers, # > 8)", True),
    ("for n in numbers return n * 2", "map(numbers, # * 2)", [6, 2, 8, 2, 10, 18, 4, 12]),
]

Run = Callable[[], Any]


def referee_runs(text: str) -> dict[str, Run]:
    scope, sink = feel.evaluate("facts", {"facts": FACTS}).value, []
    expression = feel.compile_expression(text, FACTS)
    return {
        "referee, prepared": lambda: expression(scope, sink),
        "referee, from text": lambda: feel.evaluate(text, FACTS).value,
    }


def bkflow_runs(text: str) -> dict[str, Run]:
    try:
        from bkflow_feel.api import parse_expression
    except ImportError:
        return {}
    logging.getLogger("bkflow_feel").setLevel(logging.CRITICAL)
    return {"bkflow-feel, from text": lambda: parse_expression(text, FACTS)}


def pysfeel_runs(text: str) -> dict[str, Run]:
    try:
        from pySFeel import SFeelParser
    except ImportError:
        return {}
    parser = SFeelParser()
    for name, value in (
        ("amount", "1200"),
        ("fee", "25"),
        ("country", '"DE"'),
        ("numbers", "[3,1,4,1,5,9,2,6]"),
    ):
        parser.sFeelParse(f"{name} <- {value}")
    return {"pySFeel, from text": lambda: parser.sFeelParse(text)[1]}


def zen_runs(text: str) -> dict[str, Run]:
    try:
        import zen
    except ImportError:
        return {}
    prepared = zen.compile_expression(text)
    return {
        "zen-engine, prepared": lambda: prepared.evaluate(FACTS),
        "zen-engine, from text": lambda: zen.evaluate_expression(text, FACTS),
    }


def gives(run: Run, value: Any) -> bool:
    """Whether an engine gives the value; one that can't read the expression is left out of the comparison."""
    try:
        return bool(run() == value)
    except Exception:  # noqa: BLE001 (another engine's failure of whatever kind leaves it out)
        return False


def seconds_per_call(run: Run, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - start) / calls


def main() -> None:
    for text, zen_text, value in EXPRESSIONS:
        runs = referee_runs(text) | bkflow_runs(text) | pysfeel_runs(text) | zen_runs(zen_text or text)
        runs = {name: run for name, run in runs.items() if gives(run, value)}
        calls = {
            name: max(1, int(SECONDS_PER_ROUND / seconds_per_call(run, 20))) for name, run in runs.items()
        }
        rounds: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, run in runs.items():
                rounds[name].append(seconds_per_call(run, calls[name]))
        print(text)
        for name, taken in rounds.items():
            print(f"  {statistics.median(taken) * 1e6:9.2f}  {name}")


if __name__ == "__main__":
    main()
