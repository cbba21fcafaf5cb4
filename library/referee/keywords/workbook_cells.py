"""Keywords that write into the workbooks people keep their cases in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robot.api import logger
from robot.api.deco import keyword

from referee.domain import Case, Decision, InputError
from referee.keywords.bot import Bot
from referee.keywords.output_files import shown
from referee.keywords.written_back import RESULT_HEADINGS, ResultColumns, set_cells


class WorkbookKeywords:
    """Write results into the list that the cases come from."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    @keyword(tags=["workbook"])
    def write_results_back(self, file: Path | None = None, sheet: str = "", **columns: str) -> None:
        """Asks for the results of `Process Cases` or `Process Work Items` in the workbook that people keep cases in.

        Say it before these. ``columns`` name the headings: ``route``, ``action``, ``queue``, ``reasons``, ``status``
        and ``result`` (what your keyword returned), or ``result.NAME`` for one entry of a dictionary that it returned.
        Without any, the columns are *route*, *reasons*, *status* and *result*. A heading that is not there is added
        behind the last column; rows are found by case id, wherever they stand by then. Without ``file`` it is that of
        `Read Cases`.

        All else in the file stays as it is: formulas, formats, charts, pivot tables, macros, comments, other sheets. A
        formula, the case id and the facts of the decision are never overwritten, nor what stands in these columns
        beside a case that no bot has decided. That is told before the first case, also when somebody has the file open.
        If it is open at the end, the results go into a copy beside it, ``invoices (2).xlsx``, and the summary says so.
        A row whose facts were changed meanwhile is left alone.

        | `Read Cases`            input/invoices.xlsx
        | `Write Results Back`    route=Route    reasons=Why    result=Confirmation
        | `Process Cases`
        """
        self._bot.write_results_back(ResultColumns(file, sheet, columns or RESULT_HEADINGS))

    @keyword(tags=["workbook"])
    def set_case_cells(
        self, case: Any, in_file: Path | None = None, in_sheet: str = "", **cells: Any
    ) -> None:
        """Writes cells into the row of one case, in columns found by heading or added behind the last.

        ``case`` is a case, a decision or a case id. The workbook is the one of `Read Cases`, or ``in_file``. When the
        keyword returns, the cells are in the file, in one step. Text stays text, ``007`` too; numbers, dates and truth
        values of Robot Framework are written as such. The case id, facts of the decision and formulas are never
        overwritten. For many cases `Write Results Back` is the faster way.

        Fails, and changes nothing, when somebody has the workbook open or it has no such case.

        | `Set Case Cells`    ${case}    Status=posted    Confirmation=${number}
        | `Set Case Cells`    R-2041    in_file=input/invoices.xlsx    Paid=${True}
        """
        path = in_file or self._bot.source
        if path is None:
            raise InputError(
                "Set Case Cells needs a file, since no cases were read from one; name it with in_file="
            )
        if not cells:
            raise InputError("Set Case Cells needs at least one cell, such as `Status=posted`")
        sheet = in_sheet or ("" if in_file else self._bot.sheet)
        case_id = _case_id(case)
        set_cells(self._bot.referee, path, sheet, case_id, cells)
        logger.info(f"case {case_id}: {', '.join(cells)} written into {shown(path)}")


def _case_id(case: Any) -> str:
    if isinstance(case, Case):
        return case.id
    if isinstance(case, Decision):
        return case.case_id
    return str(case["id"] if isinstance(case, Mapping) and "id" in case else case)
