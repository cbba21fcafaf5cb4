"""What the reviewer guide says that commands print is what they print, and its lines for git work."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.unit.cli.conftest import Command

LABELS = {"ERROR": "fault", "WARNING": "finding", "INFO": "hint"}


@pytest.fixture
def loans(desk: Path, drawing: ModuleType) -> Path:
    """The loan applications in `decision_tables`, with their model, and the made-up cases as `march.csv`."""
    drawing.prepare(desk)
    return desk / "decision_tables" / "loan_applications.xlsx"


def printed(repository: Path, beginning: str) -> str:
    """The code block of the guide that begins so."""
    guide = (repository / "docs" / "reviewer-guide.md").read_text("utf-8")
    block = guide[guide.index(f"```\n{beginning}") + 4 :]
    return block[: block.index("```")]


def test_the_failures_of_a_changed_copy(
    referee: Command, loans: Path, repository: Path, drawing: ModuleType
) -> None:
    drawing.save_changed(loans, Path("my_copy.xlsx"), drawing.LOWERED, drawing.DELETED_TEST)
    assert referee("test", "my_copy.xlsx").out == printed(repository, "my_copy.xlsx: 2 of 25")


@pytest.mark.usefixtures("loans")
def test_the_explanation_of_a_case(referee: Command, repository: Path) -> None:
    said = referee(
        "explain", "decision_tables/loan_applications.xlsx", "--cases", "applications.csv", "--case", "A-17"
    )
    assert said.out == printed(repository, "case A-17")


def test_the_faults_of_a_changed_copy(
    referee: Command, loans: Path, repository: Path, drawing: ModuleType
) -> None:
    drawing.save_changed(loans, Path("my_copy.xlsx"), drawing.FAULTS)
    assert referee("check", "my_copy.xlsx").out == printed(repository, "my_copy.xlsx: 2 faults")


def test_the_findings_of_a_changed_copy(
    referee: Command, loans: Path, repository: Path, drawing: ModuleType
) -> None:
    drawing.save_changed(loans, Path("my_copy.xlsx"), drawing.FINDINGS)
    assert referee("check", "my_copy.xlsx").out == printed(repository, "my_copy.xlsx: no faults, 3 findings")


def test_the_meaning_of_a_change(
    referee: Command, loans: Path, repository: Path, drawing: ModuleType
) -> None:
    drawing.save_changed(loans, Path("my_copy.xlsx"), drawing.CHANGED)
    said = referee("diff", "decision_tables/loan_applications.xlsx", "my_copy.xlsx", "--cases", "march.csv")
    assert said.out == printed(repository, "decision_tables/loan_applications.xlsx →")


def test_git_tells_what_a_change_means(loans: Path, repository: Path, drawing: ModuleType) -> None:
    guide = (repository / "docs" / "reviewer-guide.md").read_text("utf-8")
    told = [shlex.split(line) for line in re.findall(r"^git .*difftool.*$", guide, flags=re.MULTILINE)]
    configured, since_release, between_releases = told
    path = f"PYTHONPATH={shlex.quote(str(repository / 'library'))} {shlex.quote(sys.executable)}"
    by_python = f"{path} -c 'from referee.cli import main; main()'"
    configured[-1] = re.sub("^referee", lambda _: by_python, configured[-1])
    save_as = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "-q", "-a", "-m"]
    run(["git", "init", "-q"], configured, ["git", "add", "decision_tables"], [*save_as, "first"])
    run(["git", "tag", "v1.0"])
    drawing.save_changed(loans, loans, {"Routing!D8": "<= 0.4"})
    (loans.parent / "invoice_approval.xlsx").unlink()
    change = "routing (D8): rule 4: denial model.probabilities.yes: - is now <= 0.4"
    assert change in run(since_release)
    run([*save_as, "second"], ["git", "tag", "v1.1"])
    assert change in run(between_releases)


def test_every_code_of_a_finding_is_explained(repository: Path) -> None:
    guide = (repository / "docs" / "reviewer-guide.md").read_text("utf-8")
    explained = dict(re.findall(r"^\| `([a-z-]+)` \| (fault|finding|hint) \|", guide, flags=re.MULTILINE))
    assert explained.pop("model") == "fault"  # of the workbook, not of a table
    of_cards = (
        "threshold-backed",
        "threshold-partly-backed",
        "threshold-not-backed",
        "score-without-threshold",
    )
    for code in ("model-not-proved", "model-version-open", *of_cards):
        assert explained.pop(code) == "hint"  # of the models' cards
    for code in ("model-label-unknown", "model-fact-not-listed", "model-fact-type", "model-fact-values"):
        assert explained.pop(code) == "finding"  # of the models' cards
    assert set(explained) == set(codes(repository))
    for code, severity in codes(repository).items():
        assert severity in (None, explained[code]), code


def codes(repository: Path) -> dict[str, str | None]:
    """Every code that a check gives a finding, with its severity where it always has the same."""
    found: dict[str, str | None] = {}
    for module in (repository / "library" / "referee" / "checks").glob("*.py"):
        for call in ast.walk(ast.parse(module.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            if call.func.id not in ("Finding", "_finding", "_of_cells", "_of_rule"):
                continue
            names = [each.attr for each in call.args if isinstance(each, ast.Attribute)]
            labels = [LABELS[name] for name in names if name in LABELS]
            for each in call.args:
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    found[each.value] = labels[0] if labels else None
                    break
    return found


def run(*commands: list[str]) -> str:
    """What the last of the commands prints; each must end well."""
    out = ""
    for command in commands:
        out = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout
    return out
