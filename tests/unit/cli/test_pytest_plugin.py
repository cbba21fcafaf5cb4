"""pytest collects the tests of decision workbooks that somebody asked for, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from referee.cli.pytest_plugin import is_decision_workbook
from referee.workbook import write_workbook
from tests.unit.cli.test_test import TESTS
from tests.unit.engine.limits import write_limits
from tests.unit.engine.test_workbook_tests import case, draft

Pytest = Callable[..., tuple[int, str]]


@pytest.fixture
def run(repository: Path, tmp_path: Path) -> Pytest:
    """Runs pytest in `tmp_path` as if the package were installed."""
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = rules\n")
    (tmp_path / "rules").mkdir()

    def pytest_run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "referee.cli.pytest_plugin",
                "-p",
                "no:cacheprovider",
                *arguments,
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(repository / "library"),
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
            capture_output=True,
            encoding="utf-8",
        )
        return done.returncode, done.stdout + done.stderr

    return pytest_run


def test_each_line_of_the_tests_sheet_is_a_test_with_a_readable_failure(run: Pytest, tmp_path: Path) -> None:
    tests = (*TESTS[:2], case("wrong", {"route": "auto"}, kind="toy", price=50))
    write_workbook(tmp_path / "rules" / "orders.xlsx", draft(*tests))
    code, said = run("rules", "-v")
    assert code == 1
    assert "rules/orders.xlsx::small PASSED" in said and "rules/orders.xlsx::wrong FAILED" in said
    assert 'orders.xlsx, sheet Tests, cell E5: expected route "auto", found "exception"' in said
    assert "    fired: routing, rule 3 (orders.xlsx, sheet routing, cell A6)" in said
    assert "Traceback" not in said and "workbook_tests.py" not in said


def test_a_workbook_nobody_asked_for_is_left_alone(run: Pytest, tmp_path: Path) -> None:
    write_workbook(tmp_path / "rules" / "orders.xlsx", draft(*TESTS))
    code, said = run()
    assert code == pytest.ExitCode.NO_TESTS_COLLECTED, said


@pytest.mark.parametrize(("asked", "passed"), [(["rules/orders.xlsx"], "4 passed"), ([], "no tests ran")])
def test_the_processes_of_xdist_know_what_was_asked_for(
    run: Pytest, tmp_path: Path, asked: list[str], passed: str
) -> None:
    write_workbook(tmp_path / "rules" / "orders.xlsx", draft(*TESTS))
    _, said = run("-p", "xdist", "-n", "1", *asked)
    assert passed in said


def test_workbooks_with_faults_or_without_tests_are_errors(run: Pytest, tmp_path: Path) -> None:
    write_limits(tmp_path / "rules" / "broken.xlsx", ((">>= 10", "-", "auto", "pay", None, ""),))
    write_limits(tmp_path / "rules" / "untested.xlsx")
    code, said = run("rules")
    assert code == pytest.ExitCode.INTERRUPTED
    assert "broken.xlsx, sheet routing, cell B4: `>>= 10`" in said
    assert "untested.xlsx: the sheet Tests has no tests; `referee test --suggest` proposes some" in said
    assert "Traceback" not in said


def test_what_is_no_decision_workbook_is_left_alone(run: Pytest, tmp_path: Path) -> None:
    Workbook().save(tmp_path / "rules" / "cases.xlsx")
    (tmp_path / "rules" / "broken.xlsx").write_bytes(b"PK\x03\x04 no archive")
    (tmp_path / "rules" / "~$orders.xlsx").write_bytes(b"lock")
    code, said = run("rules")
    assert code == pytest.ExitCode.NO_TESTS_COLLECTED, said


def test_a_decision_workbook_is_known_by_its_sheets(tmp_path: Path) -> None:
    write_limits(tmp_path / "payments.xlsx")
    assert is_decision_workbook(tmp_path / "payments.xlsx")
    assert not is_decision_workbook(tmp_path / "absent.xlsx")


def test_the_example_workbooks_are_collected_as_documented(repository: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "decision_tables/",
            "--collect-only",
            "-q",
            "-p",
            "no:cacheprovider",
        ],
        cwd=repository,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout
    assert "decision_tables/invoice_approval.xlsx::clean invoice" in done.stdout
