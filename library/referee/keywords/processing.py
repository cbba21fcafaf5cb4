"""Keywords that process all cases of a bot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robot.api import logger
from robot.api.deco import keyword
from robot.libraries.BuiltIn import BuiltIn
from robot.utils import DotDict

from referee.domain import Case, Decision, InputError
from referee.domain.counting import counted, number_of
from referee.keywords.bot import Bot
from referee.keywords.failures import SEE_TO_THE_SYSTEM, all_failed, failures, what_to_do
from referee.keywords.limits import limits_of_run, require_no_option
from referee.keywords.output_files import Written, require_writable, shown, write_in_any_event
from referee.keywords.progress import Progress
from referee.keywords.run_report import RunReport, case_data, tell
from referee.keywords.stop_request import StopRequest
from referee.keywords.written_back import write_all

if TYPE_CHECKING:
    from referee.engine import RunSummary
    from referee.workitems import CaseState


class ProcessingKeywords:
    """Name the input, name the actions, process everything."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._decisions: Sequence[Decision] = ()

    @keyword(tags=["process"])
    def read_cases(self, path: Path, sheet: str = "") -> list[Case]:
        """Reads the cases to process, one a row, from an Excel sheet or a CSV file and keeps them for `Process Cases`.

        The first row names the facts as the workbook's Facts sheet does; other columns are left out. The workbook says
        which fact identifies a case. ``sheet`` is the sheet's name; the first sheet if empty. A list without a column
        for a required fact is refused, with the heading that was likely meant.

        | `Read Cases`    input/applications.csv
        | `Read Cases`    input/march.xlsx    sheet=Applications
        """
        from referee.workbook import read_cases

        self._bot.source, self._bot.sheet = path, sheet
        rules = self._bot.referee.workbook
        self._bot.cases = read_cases(
            path, sheet, rules.settings.case_id, dictionary=rules.dictionary, warn=logger.warn
        )
        logger.info(f"{len(self._bot.cases)} cases read from {path}")
        return list(self._bot.cases)

    @keyword(tags=["process"])
    def use_cases(self, cases: list[Any] | str) -> None:
        """Takes the cases to process from a list of dictionaries with facts by name, for bots that gather them.

        The fact that identifies a case must be there and differ in each. An empty list is fine: then there is nothing
        to decide. For a file use `Read Cases`.

        | ${invoices}    Match Invoices    input/invoices.xlsx
        | `Use Cases`      ${invoices}
        """
        if isinstance(cases, str) or not all(isinstance(case, Mapping) for case in cases):
            found = cases if isinstance(cases, str) else next(c for c in cases if not isinstance(c, Mapping))
            raise InputError(
                f"Use Cases takes a list of dictionaries with facts by name, not {str(found)!r}; "
                "to take the cases from a file, say `Read Cases    <file>`"
            )
        self._bot.source, self._bot.sheet = None, ""
        self._bot.cases = self._bot.cases_from(cases)
        logger.info(f"{len(self._bot.cases)} cases taken over")

    @keyword(tags=["process"])
    def on_action(self, action: str, keyword_name: str, *arguments: Any) -> None:
        """Names the keyword that performs an action of the routing table or a step of a playbook.

        The keyword is called with the case (see `What a keyword of yours gets`), then with ``arguments``. Before the
        first case `Process Cases` and `Settle Case` check that the action and the keyword exist and that the keyword
        takes these arguments. A task can't name two keywords for one action.

        | `On Action`    post invoice    Post Invoice In Portal
        """
        self._bot.on_action(action, keyword_name, arguments)

    @keyword(tags=["process"])
    def process_cases(
        self,
        results: Path | None = None,
        worklist: Path | None = None,
        stop_after: int = 3,
        until: str = "",
        within: timedelta | None = None,
        at_most: int | None = None,
    ) -> DotDict:
        """Decides every case, writes it to the audit log, acts on it, and takes up what earlier runs left open.

        Nothing is done twice: cases that are finished are left alone, a case that a killed run was acting on goes to
        people as in doubt. Returns the counts: ``cases``, ``routes``, ``outcomes``, ``earlier``, ``failed``, ``ended``,
        ``seconds``.

        ``results`` is the workbook with the decision beside each case (``results.xlsx`` in the output folder by
        default; sensitive and protected facts are hidden), ``worklist`` the workbook with what people must answer
        (``worklist.xlsx``); answers come back with ``referee worklist import``.

        A case whose action fails goes to people. When an action fails for ``stop_after`` cases in a row (0: never), the
        target system is taken for gone: the run stops, and cases that were not begun stay open for the next run.
        Failures whose message begins with ``refused:`` don't count for this: the target system is there and turned down
        that case alone. The keyword fails, after results and worklist were written, when the run stopped in this way
        or when every action that was tried failed, refused ones left out.

        The run ends between two cases at the time ``until`` (``06:00``, or date and time), after the time ``within``,
        after ``at_most`` cases, and when it is asked to stop (SIGTERM, Ctrl-C): then the keyword passes, ``ended`` says
        why, and cases that were not begun stay open for the next run. Limits that leave no work, such as ``at_most=0``,
        are refused. ``summary.html`` and ``summary.json`` in the
        output folder tell routes, failures and the seconds of each step.

        | ${counts}    `Process Cases`    results=output/march.xlsx
        | Log    ${counts}[routes] of ${counts}[cases]
        """
        from referee.handoff import Worklist
        from referee.workbook import write_results

        require_no_option(ProcessingKeywords.process_cases, results or "", worklist or "", until)
        bot = self._bot
        if bot.cases is None:
            raise InputError("there are no cases to process; use Read Cases or Use Cases first")
        output = Path(str(BuiltIn().get_variable_value("${OUTPUT DIR}", ".")))
        results = results or output / "results.xlsx"
        worklist = worklist or output / "worklist.xlsx"
        self._require_targets(output, results, worklist)
        report = RunReport(output)
        require_writable(report.page, output)
        write_backs = bot.write_backs()
        for write_back in write_backs:
            if results.resolve() == write_back.path.resolve():
                raise InputError(
                    f"{results}: results are written back into this file; name another for `results`"
                )
        with StopRequest() as asked_to_stop, Progress(bot.referee.name) as progress:

            def show(settled: int, cases: int) -> None:
                report.update(decision=bot.referee.name, settled=settled, cases=cases)
                progress.show(settled, cases)

            limits = limits_of_run(until, within, at_most, bot.referee.clock(), asked_to_stop)
            summary = bot.run(stop_after, limits, show).process(bot.cases)
        self._decisions = summary.decisions
        listed = Worklist(bot.log)
        files = {
            "results": write_in_any_event(
                results,
                lambda path: write_results(
                    bot.source,
                    summary.decisions,
                    path,
                    sheet=bot.sheet,
                    id_column=bot.referee.workbook.settings.case_id,
                    statuses={case_id: _told(state) for case_id, state in summary.states.items()},
                    hidden=bot.referee.hidden_facts,
                ),
            ),
            "worklist": write_in_any_event(
                worklist, lambda path: listed.export(path, decision=summary.decision)
            ),
            **write_all(write_backs),
        }
        open_tasks = len(listed.items(decision=summary.decision))
        report.finish(case_data(summary, open_tasks))
        self._tell(summary, files, report, open_tasks)
        _require_success(summary, files, what_to_do(summary.failed, bot.keyword_of))
        return DotDict(
            cases=len(summary.decisions),
            routes=DotDict(summary.routes),
            outcomes=DotDict(summary.outcomes),
            earlier=summary.earlier,
            failed=len(summary.failed),
            ended=summary.ended,
            seconds=round(summary.seconds, 2),
        )

    @keyword(tags=["process"])
    def get_decisions(self) -> list[Decision]:
        """The decisions of the last `Process Cases`, in the order of the input, for reports of your own.

        | ${decisions}    `Get Decisions`
        | Log    ${decisions[0].route}: ${decisions[0].reasons}
        """
        return list(self._decisions)

    def _require_targets(self, output: Path, results: Path, worklist: Path) -> None:
        """What could only be found out when every case is decided must be found out before the first."""
        read = {path.resolve() for path in (self._bot.source, self._bot.workbook) if path is not None}
        for path in (results, worklist):
            if path.resolve() in read:
                raise InputError(f"{path}: this file is what the bot reads; write to another one")
            require_writable(path, output)
        if results.resolve() == worklist.resolve():
            raise InputError(f"{results}: results and worklist need a file each; name two")

    def _tell(
        self, summary: RunSummary, files: Mapping[str, Written], report: RunReport, open_tasks: int
    ) -> None:
        remarks = [*(file.remark for file in files.values() if file.remark), *summary.remarks]
        rules = self._bot.referee.versions.workbook_sha256
        before = sum(decision.versions.workbook_sha256 != rules for decision in summary.decisions)
        lines = [
            f"{summary.decision}: {number_of(len(summary.decisions), 'case')} in {summary.seconds:.1f} s",
            f"  routes     {counted(summary.routes)}",
            f"  outcomes   {counted(summary.outcomes)}",
            f"  earlier    {summary.earlier} were finished by earlier runs",
            *([f"  rules      {_kept(before)}"] if before else []),
            *([f"  failed     {failures(summary.failed)}"] if summary.failed else []),
            f"  worklist   {open_tasks} waiting for people",
            *(f"  {name:<10} {shown(file.path)}" for name, file in files.items() if not file.failed),
            *([f"  ended      {summary.ended}"] if summary.ended else []),
            f"  report     {shown(report.page)}",
            f"  audit log  {shown(self._bot.audit)}",
            *([f"  models     {_TRUSTED_BY_HASH}"] if self._bot.takes_unapproved_models else []),
            *(f"  remark     {remark}" for remark in remarks),
        ]
        tell(lines, remarks)


_TRUSTED_BY_HASH = "trusted by the hashes in their cards; this machine holds no approvers' keys"


def _kept(cases: int) -> str:
    """Whoever changed a rule and sees the old decision has to know why."""
    return f"{number_of(cases, 'case')} decided before the workbook was changed; what was decided stands"


def _require_success(summary: RunSummary, files: Mapping[str, Written], mend: str) -> None:
    """Nobody watches a scheduled bot: what went wrong as a whole must not look like success."""
    if summary.stopped:
        waiting = sum(state.status == "decided" for state in summary.states.values())
        raise AssertionError(
            f"the run stopped: {summary.stopped.rstrip('.')}. {number_of(waiting, 'case')} not begun, open for the "
            f"next run; {mend or SEE_TO_THE_SYSTEM}"
        )
    if summary.nothing_worked:
        raise AssertionError(all_failed(summary.failed, mend))
    for name, file in files.items():
        if file.failed:
            raise AssertionError(
                f"every case was processed, but the {name} could not be written: {file.remark}"
            )


def _told(state: CaseState) -> str:
    """What became of a case, with what the bot's keyword gave back: ``done: AP-2026-000123``."""
    return f"{state.status}: {state.result}" if state.result is not None else str(state.status)
