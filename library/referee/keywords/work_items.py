"""Keywords for bots that take their cases from a work queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING, Any

from robot.api import logger
from robot.api.deco import keyword
from robot.libraries.BuiltIn import BuiltIn
from robot.utils import DotDict

from referee.domain import InputError
from referee.domain.counting import counted, number_of
from referee.keywords.bot import Bot
from referee.keywords.failures import SEE_TO_THE_SYSTEM, all_failed, failures, what_to_do
from referee.keywords.limits import limits_of_run, require_no_option
from referee.keywords.output_files import Written, require_writable, shown, write_in_any_event
from referee.keywords.progress import Progress
from referee.keywords.run_report import RunReport, item_data, tell
from referee.keywords.stop_request import StopRequest
from referee.keywords.written_back import write_all

if TYPE_CHECKING:
    from referee.engine import ItemSummary
    from referee.workitems import NewItem


class WorkItemKeywords:
    """Put work items into a queue, process them, and say what helps when something fails."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    @keyword(tags=["work items"])
    def add_work_items(
        self,
        source: Path,
        queue: str = "default",
        file: Path | None = None,
        key: str = "",
        sheet: str = "",
        pattern: str = "*",
        priority: int = 0,
        due: datetime | None = None,
        reopen: bool = False,
    ) -> DotDict:
        """Adds one work item for each row of an Excel or CSV file, or for each file of a folder, to a queue.

        ``key`` is the column that identifies an item, the fact that identifies a case if empty. The same key is the
        same item: adding it again changes it while it waits, and leaves it alone once it is in work or finished, unless
        ``reopen`` is true. Of a folder, files that fit the ``pattern`` are taken, and kept with their item.

        ``file`` is the file of the work queues, ``output/queue.sqlite`` or what ``REFEREE_QUEUE_FILE`` names.

        A list without a column for a required fact is refused, with the heading that was likely meant.

        Returns the counts: ``count`` of all, ``new``, ``updated``, ``unchanged``, ``reopened``, ``left``. A missing or
        empty input fails: no items come of it.

        | ${counts}    `Add Work Items`    input/invoices.xlsx    queue=invoices
        | Log    ${counts}[new] of ${counts}[count] are new
        """
        from referee.workitems import Outcome, WorkQueue, items_in_folder, items_of_case_list
        from referee.workitems.queue_place import queue_place

        require_no_option(WorkItemKeywords.add_work_items, source, queue, file or "", key, sheet)
        items: Sequence[NewItem]
        if source.is_dir():
            items = items_in_folder(source, pattern, priority=priority, due=due)
        else:
            rules = self._bot.referee.workbook
            items = items_of_case_list(
                source,
                sheet,
                key=key or rules.settings.case_id,
                priority=priority,
                due=due,
                dictionary=rules.dictionary,
                warn=logger.warn,
            )
        opened = WorkQueue(file or queue_place())
        try:
            added = opened.add_many(queue, items, reopen=reopen)
        finally:
            opened.close()
        counts = Counter(one.outcome for one in added)
        told = counted({str(outcome): count for outcome, count in counts.items()})
        logger.info(f"{number_of(len(added), 'item')} for the queue {queue}: {told}")
        return DotDict(count=len(added), **{str(outcome): counts[outcome] for outcome in Outcome})

    @keyword(tags=["work items"])
    def on_repeat(self, action: str, keyword_name: str, *arguments: Any) -> None:
        """Names the keyword that finds out whether a failed action was done all the same, before it is tried again.

        It is called with the case, then with ``arguments``. What it returns is the result of the action: then the case
        is done. If it returns nothing, the action was not done and is begun again. If it fails, nobody knows.

        Without such a keyword a failed action is never repeated, as it might be done twice; its case goes to people.

        | `On Repeat`    post invoice    Find Posted Invoice
        """
        self._bot.on_repeat(action, keyword_name, arguments)

    @keyword(tags=["work items"])
    def on_restart(self, keyword_name: str, *arguments: Any) -> None:
        """Names the keyword that starts the application anew, called with ``arguments`` after a technical failure and
        before the next case or work item. If it fails, the run stops.

        | `On Restart`    Restart Accounts Program
        """
        self._bot.on_restart(keyword_name, arguments)

    @keyword(tags=["work items"])
    def on_failure(self, keyword_name: str, *arguments: Any) -> None:
        """Names the keyword that takes a picture when an action has failed, before the application is restarted.

        It is called with the case, then with ``arguments``. It returns the path of a file or a list of paths;
        `Process Work Items` keeps these files with the work item (see ``referee queue show``).

        | `On Failure`    Keep What The Screen Shows
        """
        self._bot.on_failure(keyword_name, arguments)

    @keyword(tags=["work items"])
    def get_work_item_file(self, name: str = "") -> str:
        """The path of a copy of a file that belongs to the work item in hand, in the output folder.

        For keywords that `Process Work Items` calls. ``name`` may be left out if the item has only one file.

        | ${path}    `Get Work Item File`
        | Open Pdf    ${path}
        """
        run = self._bot.latest_item_run
        if run is None:
            raise InputError(
                "there is no work item in hand; this is for keywords that Process Work Items calls"
            )
        found, kept = run.file(name)
        target = _output_folder() / "items" / kept.name[:16] / Path(found).name
        target.parent.mkdir(parents=True, exist_ok=True)
        copyfile(kept, target)
        return str(target)

    @keyword(tags=["work items"])
    def process_work_items(
        self,
        queue: str = "default",
        file: Path | None = None,
        until: str = "",
        within: timedelta | None = None,
        at_most: int | None = None,
        stop_after: int = 3,
        attempts: int = 3,
        pause: timedelta = timedelta(minutes=1),
        wait: timedelta = timedelta(minutes=2),
        look_again: timedelta = timedelta(minutes=15),
        lease: timedelta = timedelta(minutes=1),
        worklist: Path | None = None,
    ) -> DotDict:
        """Takes items from a work queue one after another: decides each, acts on it, and sets its state accordingly.

        | = What became of the case =                   | = State of the item =                                |
        | done automatically                            | DONE                                                 |
        | for people                                    | DONE, and it is on the worklist                      |
        | an exception whose playbook goes on           | PENDING until its next date, at most ``look_again``  |
        | an exception whose playbook has ended         | FAILED BUSINESS, the rule as code                    |
        | refused by the target system                  | FAILED BUSINESS, and it is on the worklist           |
        | failed, and `On Repeat` can tell if it was done | PENDING for another attempt after a ``pause`` |
        | failed otherwise, or for ``attempts`` times   | FAILED APPLICATION, and it is on the worklist        |
        | its data are no facts by name                 | FAILED BUSINESS, and it is on the worklist           |
        | a lost bot was acting on it                   | FAILED APPLICATION, in doubt, on the worklist        |
        | ``attempts`` bots were lost with it           | FAILED APPLICATION, and it is on the worklist        |

        The key of an item is the id of its case. Several bots may process the same queue at the same time, each with an
        output folder of its own; an item whose bot is lost goes to another ``lease`` after its last sign of life. The
        ``pause`` before another attempt doubles each time.

        The run ends when no item is ready, nor will be within ``wait``; at the time ``until`` (``06:00``, or date and
        time), after the time ``within`` or ``at_most`` so many items, whichever comes first; when it is asked to stop
        (SIGTERM, Ctrl-C), after the item in hand. When an action has failed for ``stop_after`` items in a row (0:
        never; one that is tried again counts once) or the application can't be restarted, the keyword fails; items that
        were not begun wait for the next run. It fails, too, when every action that was tried failed, those left out
        that the target system refused. Limits that leave no work, such as ``at_most=0``, are refused.

        ``file`` is the file of the work queues, ``output/queue.sqlite`` or what ``REFEREE_QUEUE_FILE`` names.

        Returns ``count`` of items, each counted once and in its last state, ``attempts``, ``routes``, ``states``,
        ``failed``, ``lost``, ``ended``, ``seconds``. The output folder gets
        ``summary.html`` with routes, failures and the seconds of each step, ``summary.json`` with the same, which
        is up to date while the run works, and the ``worklist``.

        | `Process Work Items`    invoices    until=06:00    at_most=200
        """
        from referee.handoff import Worklist
        from referee.workitems import WorkQueue
        from referee.workitems.queue_place import queue_place

        require_no_option(WorkItemKeywords.process_work_items, queue, file or "", until)
        file = file or queue_place()
        bot = self._bot
        output = _output_folder()
        worklist = worklist or output / "worklist.xlsx"
        require_writable(worklist, output)
        report = RunReport(output)
        require_writable(report.page, output)
        write_backs = bot.write_backs()
        if attempts < 1 or lease <= timedelta():
            raise InputError("an item needs at least 1 attempt, and a lease that is longer than nothing")
        opened = WorkQueue(
            file,
            create=False,
            lease=lease.total_seconds(),
            most_failures=attempts,
            pause=pause,
            clock=bot.referee.clock,
        )
        try:
            with StopRequest() as asked_to_stop, Progress(f"{bot.referee.name}: {queue}") as progress:

                def show(summary: ItemSummary, ready: int) -> None:
                    report.update(**item_data(summary, 0), ready=ready)
                    progress.show(summary.items, summary.items + ready)

                limits = limits_of_run(until, within, at_most, bot.referee.clock(), asked_to_stop)
                summary = bot.item_run(opened, queue, limits, wait, look_again, stop_after, show).process()
            waiting = {counts.queue: counts.pending for counts in opened.counts()}
        finally:
            opened.close()
        if queue not in waiting:
            remark = (
                f"{file} holds no items for the queue {queue!r}; its queues: {', '.join(waiting) or 'none'}"
            )
            summary = replace(summary, remarks=(*summary.remarks, remark))
        listed = Worklist(bot.log)
        files = {
            "worklist": write_in_any_event(
                worklist, lambda path: listed.export(path, decision=summary.decision)
            ),
            **write_all(write_backs),
        }
        open_tasks = len(listed.items(decision=summary.decision))
        report.finish(item_data(summary, open_tasks))
        self._tell(summary, files, report, open_tasks)
        mend = what_to_do(summary.failed, bot.keyword_of)
        _require_success(summary, files, waiting.get(queue, 0), mend)
        return DotDict(
            count=summary.items,
            attempts=summary.attempts,
            routes=DotDict(summary.routes),
            states=DotDict(summary.states),
            failed=len(summary.failed),
            lost=summary.lost,
            ended=summary.ended,
            seconds=round(summary.seconds, 2),
        )

    def _tell(
        self, summary: ItemSummary, files: Mapping[str, Written], report: RunReport, open_tasks: int
    ) -> None:
        remarks = [*(file.remark for file in files.values() if file.remark), *summary.remarks]
        lines = [
            f"{summary.decision}, queue {summary.queue}: {_taken(summary)} in {summary.seconds:.1f} s",
            f"  routes     {counted(summary.routes)}",
            f"  items      {counted(summary.states)}",
            *([f"  lost       {number_of(summary.lost, 'item')} to other bots"] if summary.lost else []),
            *([f"  failed     {failures(summary.failed)}"] if summary.failed else []),
            f"  worklist   {open_tasks} waiting for people",
            f"  ended      {summary.stopped or summary.ended}",
            f"  report     {shown(report.page)}",
            f"  audit log  {shown(self._bot.audit)}",
            *(f"  remark     {remark}" for remark in remarks),
        ]
        tell(lines, remarks)


def _output_folder() -> Path:
    return Path(str(BuiltIn().get_variable_value("${OUTPUT DIR}", ".")))


def _taken(summary: ItemSummary) -> str:
    """``2 items``, or ``2 items with 4 attempts`` where some were taken more than once."""
    more = f" with {summary.attempts} attempts" if summary.attempts > summary.items else ""
    return f"{number_of(summary.items, 'item')}{more}"


def _require_success(summary: ItemSummary, files: Mapping[str, Written], waiting: int, mend: str) -> None:
    if summary.stopped:
        raise AssertionError(
            f"the run stopped: {summary.stopped.rstrip('.')}. {number_of(waiting, 'item')} pending for the next run; "
            f"{mend or SEE_TO_THE_SYSTEM}"
        )
    if summary.nothing_worked:
        raise AssertionError(all_failed(summary.failed, mend))
    for name, file in files.items():
        if file.failed:
            raise AssertionError(
                f"every item was processed, but the {name} could not be written: {file.remark}"
            )
