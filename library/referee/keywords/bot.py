"""What the keywords of one suite share: the decision, the bot's actions and its cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robot.api import logger
from robot.errors import ExecutionFailed
from robot.libraries.BuiltIn import BuiltIn
from robot.utils import DotDict

from referee.domain import Case, Decision, Diagnostic, InputError, Route, RunStoppedError
from referee.keywords.decision_report import decision_table
from referee.keywords.named_keyword import NamedKeyword
from referee.keywords.progress import Progress
from referee.keywords.secrets import MARK, KnownSecrets, is_secret
from referee.keywords.written_back import ResultColumns, WriteBack

if TYPE_CHECKING:
    from referee.audit import AuditLog
    from referee.engine import BotHelp, ItemRun, ItemSummary, Referee, Run, RunLimits
    from referee.workitems import WorkQueue


class Bot:
    """The decision of a suite, loaded when first needed, and the keyword for each action."""

    def __init__(self, workbook: Path, models: Path, audit: Path, playbooks: Path) -> None:
        self.workbook = workbook
        self.audit = audit
        self._models = models
        self._playbooks = playbooks
        self._referee: Referee | None = None
        self._keywords: dict[str, NamedKeyword] = {}
        self._looks: dict[str, NamedKeyword] = {}
        self._restart: NamedKeyword | None = None
        self._evidence: NamedKeyword | None = None
        self.secrets = KnownSecrets()
        self.latest_item_run: ItemRun | None = None
        self.has_own_loop = False
        self.cases: Sequence[Case] | None = None
        self.source: Path | None = None
        self.sheet = ""
        self._write_backs: dict[str, tuple[str, ResultColumns]] = {}

    @property
    def takes_unapproved_models(self) -> bool:
        """Whether the workbook asks models, and this machine holds no keys of people who approve them."""
        from referee.scoring.approval import approvers_folder

        return bool(self.referee.workbook.models) and approvers_folder(self._models) is None

    @property
    def referee(self) -> Referee:
        """Loads the workbook and verifies the models on first use."""
        if self._referee is None:
            from referee.engine import Referee

            referee = Referee(self.workbook, models=self._models, audit=self.audit, clock=_now)
            if referee.ledger is not None:
                with Progress("reading the audit log, MB") as progress:
                    referee.ledger.refresh(lambda done, size: progress.show(done >> 20, size >> 20))
            self._referee = referee
        return self._referee

    @property
    def log(self) -> AuditLog:
        log = self.referee.log
        assert log is not None, "a bot always has an audit log"
        return log

    def finish_own_loop(self) -> Iterable[str]:
        """Brings checkpoint and shipping of the log up to date after a loop of one's own, as the keywords that process
        cases do themselves. What the person in charge must know, a sentence each. Raises `AuditError`.
        """
        had_loop, self.has_own_loop = self.has_own_loop, False
        return self.log.finish() if had_loop else ()

    def on_action(self, action: str, keyword: str, arguments: tuple[Any, ...]) -> None:
        """Raises `InputError` when the same task names another keyword for the action: one of both was meant for
        something else.
        """
        self._keywords[action] = self._named(
            ("On Action", action), keyword, arguments, self._keywords.get(action)
        )

    def keyword_of(self, action: str) -> NamedKeyword | None:
        return self._keywords.get(action)

    def on_repeat(self, action: str, keyword: str, arguments: tuple[Any, ...]) -> None:
        """Raises `InputError` as `on_action` does."""
        self._looks[action] = self._named(("On Repeat", action), keyword, arguments, self._looks.get(action))

    def on_restart(self, keyword: str, arguments: tuple[Any, ...]) -> None:
        """Raises `InputError` as `on_action` does."""
        self._restart = self._named(("On Restart",), keyword, arguments, self._restart)

    def on_failure(self, keyword: str, arguments: tuple[Any, ...]) -> None:
        """Raises `InputError` as `on_action` does."""
        self._evidence = self._named(("On Failure",), keyword, arguments, self._evidence)

    def write_results_back(self, columns: ResultColumns) -> None:
        """Holds for the task at hand, outside of one for all; replaces what was asked for the same workbook before."""
        path = "" if columns.path is None else str(columns.path.resolve())
        self._write_backs[path] = self._task, columns

    def write_backs(self) -> list[WriteBack]:
        """The workbooks that results are to be written into, checked by now."""
        found = [
            WriteBack(self.referee, columns, self.source, self.sheet)
            for task, columns in self._write_backs.values()
            if task in ("", self._task)
        ]
        for one in found:
            one.check()
        return found

    @property
    def _task(self) -> str:
        return str(BuiltIn().get_variable_value("${TEST NAME}", "") or "")

    def _named(
        self,
        said: tuple[str, ...],
        keyword: str,
        arguments: tuple[Any, ...],
        before: NamedKeyword | None,
    ) -> NamedKeyword:
        named = NamedKeyword(said, keyword, arguments, self._task)
        if before is not None and before.task == named.task and before != named:
            what = f"the action {said[1]!r}" if said[1:] else f"`{said[0]}`"
            raise InputError(
                f"{what} is named twice, in `{before}` and in `{named}`; keep the line that is meant"
            )
        return named

    def run(
        self,
        stop_after: int | None = None,
        limits: RunLimits | None = None,
        progress: Callable[[int, int], None] = lambda settled, cases: None,
    ) -> Run:
        """A run that performs actions with the keywords named so far; raises `RulesError` with all faults of these."""
        from referee.engine import STOP_AFTER, Run, RunLimits
        from referee.exceptions import read_playbooks

        return Run(
            self.referee,
            self._actions(),
            read_playbooks(self._playbooks),
            bot=self._name,
            faults=self._faults(),
            stop_after=STOP_AFTER if stop_after is None else stop_after,
            bot_help=self._bot_help(),
            limits=limits or RunLimits(),
            noted=lambda decision: note_decision(self.referee, decision),
            progress=progress,
        )

    def item_run(
        self,
        queue: WorkQueue,
        name: str,
        limits: RunLimits,
        wait: timedelta,
        look_again: timedelta,
        stop_after: int,
        progress: Callable[[ItemSummary, int], None],
    ) -> ItemRun:
        """The same for the items of a queue."""
        from referee.engine import ItemRun
        from referee.exceptions import read_playbooks

        self.latest_item_run = ItemRun(
            self.referee,
            queue,
            name,
            self._actions(),
            read_playbooks(self._playbooks),
            limits=limits,
            wait=wait,
            look_again=look_again,
            bot_help=self._bot_help(),
            bot=self._name,
            faults=self._faults(),
            stop_after=stop_after,
            noted=lambda decision: note_decision(self.referee, decision),
            progress=progress,
        )
        return self.latest_item_run

    def _bot_help(self) -> BotHelp:
        from referee.engine import BotHelp

        restart, evidence = self._restart, self._evidence
        return BotHelp(
            self._look_table(),
            (lambda: self._call(restart)) if restart else None,
            (lambda decision: _files(self._call(evidence, decision))) if evidence else None,
        )

    def _actions(self) -> dict[str, Callable[[Decision], Any]]:
        return {action: self._performer(self._keywords[action]) for action in sorted(self._keywords)}

    def _look_table(self) -> dict[str, Callable[[Decision], Any]]:
        return {action: self._performer(self._looks[action]) for action in sorted(self._looks)}

    def _faults(self) -> list[Diagnostic]:
        """Of all keywords named so far."""
        with_case = [named for table in (self._keywords, self._looks) for _, named in sorted(table.items())]
        if self._evidence is not None:
            with_case.append(self._evidence)
        faults = [fault for named in with_case for fault in named.faults(SPECIMEN)]
        return faults if self._restart is None else [*faults, *self._restart.faults()]

    def _performer(self, named: NamedKeyword) -> Callable[[Decision], Any]:
        return lambda decision: self.secrets.without(plain(self._call(named, decision)))

    def _call(self, named: NamedKeyword, *decisions: Decision) -> Any:
        """Runs the keyword with the case, if it is about one, and its arguments. Its error tells no secret."""
        self.secrets.learn(named.arguments)
        try:
            cases = [case_dictionary(decision) for decision in decisions]
            return BuiltIn().run_keyword(named.keyword, *cases, *named.passed_on)
        except ExecutionFailed as error:
            told = self.secrets.without(str(error))
            # `Fatal Error`, or SIGINT or SIGTERM, after which Robot Framework refuses every further keyword.
            if error.exit:
                about = "".join(f" for {decision.case_id}" for decision in decisions)
                what = f"performing {named.said[1]!r}" if named.said[1:] else f"running {named.keyword!r}"
                raise RunStoppedError(f"stopped while {what}{about}: {told}") from None
            if told != str(error):
                raise RuntimeError(told) from None
            raise

    @property
    def _name(self) -> str:
        return str(BuiltIn().get_variable_value("${SUITE NAME}", ""))

    def cases_from(self, rows: Sequence[Mapping[str, Any]]) -> list[Case]:
        """Rows of facts as cases; the workbook's `Case id` fact names them. Raises `InputError` with every fault."""
        from referee.engine import id_text

        fact = self.referee.workbook.settings.case_id
        cases: list[Case] = []
        first: dict[str, int] = {}
        faults: list[str] = []
        for number, row in enumerate(rows, 1):
            case_id = id_text(row.get(fact))
            if not case_id:
                faults.append(f"row {number} has no {fact!r}, which identifies a case")
            elif case_id in first:
                faults.append(f"rows {first[case_id]} and {number} have the same {fact!r}: {case_id}")
            first.setdefault(case_id, number)
            cases.append(Case(case_id, dict(row), f"row {number}"))
        if faults:
            raise InputError("the cases can't be used: " + "; ".join(faults))
        return cases


def _files(given: Any) -> list[Path]:
    """The files that a keyword names: one, a list of them, or none."""
    paths = given if isinstance(given, list | tuple) else [given] if given else []
    return [Path(str(path)) for path in paths]


def note_decision(referee: Referee, decision: Decision) -> None:
    """The decision as a small table in log.html; where it goes to people, with what pushed its scores."""
    pushed = referee.pushed(decision) if decision.route is Route.HUMAN or referee.tells_pushed else {}
    logger.info(decision_table(decision, pushed), html=True)


class CaseDictionary(DotDict):  # type: ignore[misc]  # Robot Framework's utilities are untyped
    """What a bot's keyword is told about a case. Logs show its id alone: facts may be sensitive."""

    def __str__(self) -> str:
        return f"case {self['id']}"

    __repr__ = __str__


def case_dictionary(decision: Decision) -> CaseDictionary:
    """What a bot's keyword is told about a case."""
    return CaseDictionary(
        id=decision.case_id,
        facts=DotDict(decision.facts),
        route=str(decision.route),
        action=decision.action,
        queue=decision.queue,
        reasons=list(decision.reasons),
        outputs=DotDict(decision.outputs),
    )


SPECIMEN = CaseDictionary(
    id="", facts=DotDict(), route="", action="", queue="", reasons=[], outputs=DotDict()
)
"""Has the form of every case, to check keywords with."""


def plain(result: Any) -> Any:
    """What a keyword returned, as the audit log can hold it: what has no JSON form as its text."""
    if result is None or isinstance(result, str | bool | int | float):
        return result
    if is_secret(result):
        return MARK
    if isinstance(result, Mapping):
        return {str(key): plain(value) for key, value in result.items()}
    if isinstance(result, list | tuple):
        return [plain(value) for value in result]
    return str(result)


def _now() -> datetime:
    return datetime.now(UTC)
