"""Keywords that process all cases of a bot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robot.api import logger
from robot.api.deco import keyword
from robot.libraries.BuiltIn import BuiltIn
from robot.utils import DotDict

from referee.domain import Case, Decision, InputError
from referee.keywords.bot import Bot
from referee.keywords.progress import Progress

if TYPE_CHECKING:
    from referee.engine import RunSummary
    from referee.workitems import CaseState


SENSITIVE = "(sensitive)"
"""Stands in the results for a fact that the data dictionary marks as sensitive."""


class ProcessingKeywords:
    """Name the input, name the actions, process everything."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._decisions: Sequence[Decision] = ()

    @keyword(tags=["process"])
    def read_cases(self, path: Path, sheet: str = "") -> list[Case]:
        """Reads the cases to process, one a row, from an Excel sheet or a CSV file and keeps them for `Process Cases`.

        The first row names the facts as the workbook's Facts sheet does; other columns are left out. The workbook says
        which fact identifies a case. ``sheet`` is the sheet's name; the first sheet if empty.

        | `Read Cases`    input/applications.csv
        | `Read Cases`    input/march.xlsx    sheet=Applications
        """
        from referee.workbook import read_cases

        self._bot.source, self._bot.sheet = path, sheet
        self._bot.cases = read_cases(path, sheet, self._bot.referee.workbook.settings.case_id)
        logger.info(f"{len(self._bot.cases)} cases read from {path}")
        return list(self._bot.cases)

    @keyword(tags=["process"])
    def use_cases(self, cases: list[Mapping[str, Any]]) -> None:
        """Takes the cases to process from a list of dictionaries with facts by name, for bots that gather them.

        | ${invoices}    Match Invoices    input/invoices.xlsx
        | `Use Cases`      ${invoices}
        """
        self._bot.source, self._bot.sheet = None, ""
        self._bot.cases = self._bot.cases_from(cases)
        logger.info(f"{len(self._bot.cases)} cases taken over")

    @keyword(tags=["process"])
    def on_action(self, action: str, keyword_name: str, *arguments: Any) -> None:
        """Names the keyword that performs an action of the routing table or a step of a playbook.

        The keyword is called with the case (see `What a keyword of yours gets`), then with ``arguments``.

        | `On Action`    post invoice    Post Invoice In Portal
        """
        self._bot.on_action(action, keyword_name, arguments)

    @keyword(tags=["process"])
    def process_cases(self, results: Path | None = None, worklist: Path | None = None) -> DotDict:
        """Decides every case, writes it to the audit log, acts on it, and takes up what earlier runs left open.

        Nothing is done twice: cases that are finished are left alone, a case that a killed run was acting on goes to
        people as in doubt. Returns the counts: ``cases``, ``routes``, ``outcomes``, ``earlier``, ``seconds``.

        ``results`` is the workbook with the decision beside each case (``results.xlsx`` in the output folder by
        default), ``worklist`` the workbook with what people must answer (``worklist.xlsx``); answers come back with
        ``referee worklist import``.

        | ${counts}    `Process Cases`    results=output/march.xlsx
        | Log    ${counts}[routes] of ${counts}[cases]
        """
        from referee.handoff import Worklist
        from referee.workbook import write_results

        if self._bot.cases is None:
            raise InputError("there are no cases to process; use Read Cases or Use Cases first")
        output = Path(str(BuiltIn().get_variable_value("${OUTPUT DIR}", ".")))
        results = results or output / "results.xlsx"
        worklist = worklist or output / "worklist.xlsx"
        read = {path.resolve() for path in (self._bot.source, self._bot.workbook) if path is not None}
        for path in (results, worklist):
            if path.resolve() in read:
                raise InputError(f"{path}: this file is what the bot reads; write to another one")
        with Progress(self._bot.referee.name) as progress:
            summary = self._bot.run(progress.show).process(self._bot.cases)
        self._decisions = summary.decisions
        write_results(
            self._bot.source,
            [self._shown(decision) for decision in summary.decisions],
            results,
            sheet=self._bot.sheet,
            id_column=self._bot.referee.workbook.settings.case_id,
            statuses={case_id: _told(state) for case_id, state in summary.states.items()},
        )
        open_tasks = Worklist(self._bot.log).export(worklist, decision=summary.decision)
        self._tell(
            summary, {"results": results, "worklist": worklist, "audit log": self._bot.audit}, open_tasks
        )
        return DotDict(
            cases=len(summary.decisions),
            routes=DotDict(summary.routes),
            outcomes=DotDict(summary.outcomes),
            earlier=summary.earlier,
            seconds=round(summary.seconds, 2),
        )

    @keyword(tags=["process"])
    def get_decisions(self) -> list[Decision]:
        """The decisions of the last `Process Cases`, in the order of the input, for reports of your own.

        | ${decisions}    `Get Decisions`
        | Log    ${decisions[0].route}: ${decisions[0].reasons}
        """
        return list(self._decisions)

    def _shown(self, decision: Decision) -> Decision:
        """The decision with its sensitive facts hidden: results are passed around."""
        hidden = self._bot.referee.workbook.dictionary.sensitive
        facts = {
            name: SENSITIVE if name in hidden and value is not None else value
            for name, value in decision.facts.items()
        }
        return replace(decision, facts=facts)

    def _tell(self, summary: RunSummary, files: Mapping[str, Path], open_tasks: int) -> None:
        def counted(counts: Mapping[str, int]) -> str:
            return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"

        lines = [
            f"{summary.decision}: {len(summary.decisions)} cases in {summary.seconds:.1f} s",
            f"  routes     {counted(summary.routes)}",
            f"  outcomes   {counted(summary.outcomes)}",
            f"  earlier    {summary.earlier} were finished by earlier runs",
            f"  worklist   {open_tasks} waiting for people",
            *(f"  {name:<10} {path}" for name, path in files.items()),
        ]
        logger.console("\n" + "\n".join(lines))
        logger.info("\n".join(lines))


def _told(state: CaseState) -> str:
    """What became of a case, with what the bot's keyword gave back: ``done: AP-2026-000123``."""
    return f"{state.status}: {state.result}" if state.result is not None else str(state.status)
