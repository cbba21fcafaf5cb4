"""pytest collects decision workbooks: each line of a Tests sheet is a test.

Only workbooks that somebody asked for are collected: named on the command line, or within a folder named there. So
``pytest decision_tables/`` runs them, and ``pytest`` alone doesn't look for any. Other Excel files are left alone.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from referee.engine.trial import Trial
    from referee.engine.workbook_tests import WorkbookTestResult
    from referee.workbook import WorkbookTest

_SUFFIXES = (".xlsx", ".xlsm")
_NEEDED = {"decision", "facts"}
_LONGEST_LIST_OF_SHEETS = 1_000_000
_ASKED = "referee_workbooks_asked"


class WorkbookFile(pytest.File):
    """A decision workbook. One that can't be used is an error with all its faults, and so is one without tests."""

    def collect(self) -> Iterator[WorkbookRow]:
        from referee.domain import RefereeError
        from referee.engine.trial import Trial
        from referee.workbook import read_workbook

        try:
            workbook = read_workbook(self.path)
        except RefereeError as error:
            raise self.CollectError(str(error)) from None
        if not workbook.tests:
            raise self.CollectError(
                f"{self.path.name}: the sheet Tests has no tests; `referee test --suggest` proposes some"
            )
        trial = Trial(workbook)
        for test in workbook.tests:
            yield WorkbookRow.from_parent(self, name=test.name, test=test, trial=trial)


class WorkbookRow(pytest.Item):
    """One line of a Tests sheet."""

    def __init__(self, *, test: WorkbookTest, trial: Trial, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._test = test
        self._trial = trial

    def runtest(self) -> None:
        from referee.engine.workbook_tests import run_test

        result = run_test(self._trial, self._test)
        if not result.passed:
            raise TestFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        if not isinstance(excinfo.value, TestFailed):
            return super().repr_failure(excinfo, *args, **kwargs)
        from referee.cli.test import by_cause, told

        lines = []
        for causes, mismatches in by_cause(excinfo.value.result.mismatches):
            lines += [f"{mismatch.place}: {told(mismatch)}" for mismatch in mismatches]
            lines += [f"    {cause}" for cause in causes]
        return "\n".join(lines)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        place = self._test.place
        row = "".join(filter(str.isdigit, place.cell)) if place is not None else ""
        return self.path, int(row) - 1 if row else None, f"{self.path.name}: {self.name}"


class TestFailed(Exception):
    """A line of a Tests sheet expects something else than the rules give."""

    __test__ = False

    def __init__(self, result: WorkbookTestResult) -> None:
        self.result = result
        super().__init__(result.test.name)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> WorkbookFile | None:
    """The workbook, if it is one that holds a decision and that was asked for."""
    if file_path.suffix.casefold() not in _SUFFIXES or not _is_asked_for(parent.config):
        return None
    return WorkbookFile.from_parent(parent, path=file_path) if is_decision_workbook(file_path) else None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a process of pytest-xdist, which always has paths as arguments, whether a person gave them."""
    node.workerinput[_ASKED] = _is_asked_for(node.config)


def is_decision_workbook(path: Path) -> bool:
    """Whether a file is an Excel workbook with the sheets Decision and Facts; any doubt about that is a no."""
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        with zipfile.ZipFile(path) as package, package.open("xl/workbook.xml") as part:
            root = fromstring(part.read(_LONGEST_LIST_OF_SHEETS))
    except (
        OSError,
        KeyError,
        zipfile.BadZipFile,
        RuntimeError,
        NotImplementedError,
        ParseError,
        DefusedXmlException,
    ):
        return False
    names = {
        str(element.get("name", "")).strip().casefold()
        for element in root.iter()
        if str(element.tag).rpartition("}")[2] == "sheet"
    }
    return names >= _NEEDED


def _is_asked_for(config: pytest.Config) -> bool:
    """Whether the paths that are collected were given on the command line."""
    told = getattr(config, "workerinput", {}).get(_ASKED)
    return bool(told) if told is not None else config.args_source is pytest.Config.ArgsSource.ARGS
