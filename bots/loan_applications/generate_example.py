"""Makes ``input/example_applications.csv``: mortgage applications for those who have none.

Run ``python bots/loan_applications/generate_example.py``. Every value is drawn from a seed, none is taken from real
applications; the same seed gives the same bytes on every machine. What the bank decided (``deny``) is left out, as no
bank decided these.
"""

from __future__ import annotations

import random
from pathlib import Path

SEED = 20260316
APPLICATIONS = 40
FILE = Path(__file__).resolve().parent / "input" / "example_applications.csv"
COLUMNS = (
    *("rownames", "pirat", "hirat", "lvrat", "chist", "mhist", "phist", "unemp"),
    *("selfemp", "insurance", "condomin", "afam", "single", "hschool"),
)


def make_applications(seed: int = SEED) -> list[dict[str, str]]:
    """Mostly sound applications, some with a blemish, and two that can't be decided as they stand."""
    chance = random.Random(seed)

    def between(least: float, most: float, digits: int) -> str:
        return f"{least + (most - least) * chance.random():.{digits}f}"

    def one_of(*texts: str) -> str:
        return texts[int(chance.random() * len(texts))]

    def yes(share: float) -> str:
        return "yes" if chance.random() < share else "no"

    applications = []
    for number in range(1, APPLICATIONS + 1):
        housing = between(0.12, 0.36, 3)
        applications.append(
            {
                "rownames": f"EXAMPLE-{number:03}",
                "pirat": f"{float(housing) + 0.12 * chance.random():.3f}",
                "hirat": housing,
                "lvrat": between(0.4, 0.98, 3),
                "chist": one_of("1", "1", "1", "1", "2", "2", "3", "4", "6"),
                "mhist": one_of("1", "1", "1", "2", "2", "2", "3"),
                "phist": yes(0.07),
                "unemp": between(1.8, 9.5, 1),
                "selfemp": yes(0.12),
                "insurance": yes(0.1),
                "condomin": yes(0.3),
                "afam": yes(0.5),
                "single": yes(0.4),
                "hschool": yes(0.95),
            }
        )
    applications[6]["hirat"] = ""
    applications[18]["unemp"] = "-1"
    return applications


def write(path: Path = FILE) -> Path:
    lines = [",".join(COLUMNS), *(",".join(row[name] for name in COLUMNS) for row in make_applications())]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return path


if __name__ == "__main__":
    print(write())
