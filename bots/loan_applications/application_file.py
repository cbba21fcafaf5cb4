"""Robot Framework library: which file holds the applications when nobody names one."""

from __future__ import annotations

from pathlib import Path

from robot.api import logger
from robot.api.deco import keyword

REAL = Path("../shared/data/mortgage_applications.csv")
EXAMPLE = Path(__file__).resolve().parent / "input" / "example_applications.csv"


@keyword
def choose_applications(given: str = "") -> str:
    """The file that was given; else the Boston mortgage data; where that is absent, the made-up example, said
    plainly.
    """
    if given:
        return given
    if REAL.exists():
        return str(REAL)
    told = (
        f"THESE ARE EXAMPLES: {REAL} is not here, so the bot takes made-up applications "
        "(bots/loan_applications/input/example_applications.csv). "
        "Give it your own with: --variable APPLICATIONS:your.csv"
    )
    logger.console(f"\n{told}")
    logger.info(told)
    return str(EXAMPLE)
