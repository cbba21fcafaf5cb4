"""What the reviewer guide says that `referee test` and `referee explain` print is what they print."""

from __future__ import annotations

import shutil
from pathlib import Path

from openpyxl import load_workbook

from tests.unit.cli.conftest import Command

APPLICATION = {
    "rownames": "A-17",
    "pirat": "0.44",
    "hirat": "0.25",
    "lvrat": "0.85",
    "chist": "2",
    "mhist": "2",
    "phist": "no",
    "unemp": "3.2",
    "selfemp": "no",
    "insurance": "no",
    "condomin": "no",
    "single": "yes",
    "hschool": "yes",
}


def printed(repository: Path, beginning: str) -> str:
    """The code block of the guide that begins so."""
    guide = (repository / "docs" / "reviewer-guide.md").read_text("utf-8")
    block = guide[guide.index(f"```\n{beginning}") + 4 :]
    return block[: block.index("```")]


def test_the_failures_of_a_changed_copy(referee: Command, desk: Path, repository: Path) -> None:
    workbook = load_workbook(repository / "decision_tables" / "loan_applications.xlsx")
    workbook["Routing"]["D11"] = "<= 0.09"
    tests = workbook["Tests"]
    tests.delete_rows(next(cell.row for cell in tests["A"] if cell.value == "insurance denied, tight"))
    workbook.save(desk / "my_copy.xlsx")
    assert referee("test", "my_copy.xlsx").out == printed(repository, "my_copy.xlsx: 2 of 25")


def test_the_explanation_of_a_case(referee: Command, desk: Path, repository: Path) -> None:
    shutil.copytree(repository / "models", desk / "models")
    (desk / "applications.csv").write_text(f"{','.join(APPLICATION)}\n{','.join(APPLICATION.values())}\n")
    loans = str(repository / "decision_tables" / "loan_applications.xlsx")
    said = referee("explain", loans, "--cases", "applications.csv", "--case", "A-17")
    assert said.out == printed(repository, "case A-17")
