"""RefereeLibrary: the keyword classes put together for Robot Framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from robotlibcore import DynamicCore

from referee import __version__
from referee.keywords.bot import Bot
from referee.keywords.credentials import CredentialKeywords
from referee.keywords.processing import ProcessingKeywords
from referee.keywords.refusal import refusals_noted
from referee.keywords.run_start import RunStart
from referee.keywords.single_case import LoopEnd, SingleCaseKeywords
from referee.keywords.work_items import WorkItemKeywords
from referee.keywords.workbook_cells import WorkbookKeywords


class RefereeLibrary(DynamicCore):  # type: ignore[misc]  # PythonLibCore ships no types
    """Decides what happens to each case of a bot: *auto*, *exception* or *human*.

    The rules stand in a decision workbook that reviewers keep in Excel. The bot says where its cases come from and
    which keyword performs each action of the routing table; the library decides, writes every decision to the audit
    log before anyone acts on it, resumes after a crash without doing a case twice, keeps the worklist for people and
    writes a result workbook.

    = A whole bot =

    | * Settings *
    | Library     RefereeLibrary    decision_tables/loan_applications.xlsx
    |
    | * Tasks *
    | Decide Loan Applications
    |     `Read Cases`       applications.csv
    |     `On Action`        offer loan    Offer Loan
    |     `Process Cases`
    |
    | * Keywords *
    | Offer Loan
    |     [Arguments]    ${case}
    |     Log    Offer for application ${case}[id] at ${case}[facts][lvrat]

    = What a keyword of yours gets =

    A keyword named with `On Action` is called with one dictionary: ``id``, ``facts`` (by name, as the data
    dictionary reads them), ``route``, ``action``, ``queue``, ``reasons`` and ``outputs``. What it returns goes into the
    audit log as the result of the action, a confirmation number for example. If it fails, the case goes to people. Let
    the message begin with ``refused:`` when the target system works and turned down this one case; after several other
    failures in a row the run stops (see `Process Cases`).

    = When in doubt =

    A missing fact, a wrong type, a value that is not allowed, a cell that can't be evaluated, a model without a score:
    the case goes to a person with the reason. An invalid workbook, an untrusted model, an action without keyword, a
    keyword that does not exist or an audit log that can't be written stop the run before the first case.
    """

    ROBOT_LIBRARY_SCOPE = "SUITE"
    ROBOT_LIBRARY_VERSION = __version__
    ROBOT_LIBRARY_DOC_FORMAT = "ROBOT"

    def __init__(
        self,
        workbook: Path,
        models: Path = Path("models"),
        audit: Path = Path("output/audit"),
        playbooks: Path = Path("resources/playbooks"),
    ) -> None:
        """Names the decision workbook and the folders of models, audit log and playbooks.

        Relative paths start at the folder in which the robot was started. Nothing is opened until the first keyword
        needs it.
        """
        bot = Bot(workbook, models, audit, playbooks)
        self.ROBOT_LIBRARY_LISTENER = [bot.secrets, RunStart(), LoopEnd(bot)]
        super().__init__(
            [
                ProcessingKeywords(bot),
                SingleCaseKeywords(bot),
                WorkItemKeywords(bot),
                WorkbookKeywords(bot),
                CredentialKeywords(bot),
            ]
        )

    def run_keyword(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> Any:
        """Runs a keyword for Robot Framework and remembers a refusal, on which the exit code depends."""
        with refusals_noted():
            return super().run_keyword(name, args, kwargs)
