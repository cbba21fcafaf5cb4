"""What the keywords of one suite share: the decision, the bot's actions and its cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robot.api import logger
from robot.errors import ExecutionFailed
from robot.libraries.BuiltIn import BuiltIn
from robot.utils import DotDict

from referee.domain import Case, Decision, InputError, RunStoppedError
from referee.keywords.decision_report import decision_table
from referee.keywords.named_keyword import NamedKeyword

if TYPE_CHECKING:
    from referee.audit import AuditLog
    from referee.engine import Referee, Run


class Bot:
    """The decision of a suite, loaded when first needed, and the keyword for each action."""

    def __init__(self, workbook: Path, models: Path, audit: Path, playbooks: Path) -> None:
        self.workbook = workbook
        self.audit = audit
        self._models = models
        self._playbooks = playbooks
        self._referee: Referee | None = None
        self._keywords: dict[str, NamedKeyword] = {}
        self.cases: Sequence[Case] | None = None
        self.source: Path | None = None
        self.sheet = ""

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

            self._referee = Referee(self.workbook, models=self._models, audit=self.audit, clock=_now)
        return self._referee

    @property
    def log(self) -> AuditLog:
        log = self.referee.log
        assert log is not None, "a bot always has an audit log"
        return log

    def on_action(self, action: str, keyword: str, arguments: tuple[Any, ...]) -> None:
        """Raises `InputError` when the same task names another keyword for the action: one of both was meant for
        something else.
        """
        named = NamedKeyword(
            action, keyword, arguments, str(BuiltIn().get_variable_value("${TEST NAME}", "") or "")
        )
        before = self._keywords.get(action)
        if before is not None and before.task == named.task and before != named:
            raise InputError(
                f"the action {action!r} is named twice, in `{before}` and in `{named}`; "
                "keep the line that is meant"
            )
        self._keywords[action] = named

    def run(
        self,
        stop_after: int | None = None,
        progress: Callable[[int, int], None] = lambda settled, cases: None,
    ) -> Run:
        """A run that performs actions with the keywords named so far; raises `RulesError` with all faults of these."""
        from referee.engine import STOP_AFTER, Run
        from referee.exceptions import read_playbooks

        named = [self._keywords[action] for action in sorted(self._keywords)]
        return Run(
            self.referee,
            {keyword.action: _performer(keyword) for keyword in named},
            read_playbooks(self._playbooks),
            bot=str(BuiltIn().get_variable_value("${SUITE NAME}", "")),
            faults=[fault for keyword in named for fault in keyword.faults(SPECIMEN)],
            stop_after=STOP_AFTER if stop_after is None else stop_after,
            noted=lambda decision: note_decision(self.referee, decision),
            progress=progress,
        )

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


def _performer(named: NamedKeyword) -> Callable[[Decision], Any]:
    def perform(decision: Decision) -> Any:
        try:
            return plain(BuiltIn().run_keyword(named.keyword, case_dictionary(decision), *named.arguments))
        except ExecutionFailed as error:
            # `Fatal Error`, or SIGINT or SIGTERM, after which Robot Framework refuses every further keyword.
            if error.exit:
                raise RunStoppedError(
                    f"stopped while performing {named.action!r} for {decision.case_id}: {error}"
                ) from None
            raise

    return perform


def note_decision(referee: Referee, decision: Decision) -> None:
    """The decision as a small table in log.html, with what pushed its scores."""
    logger.info(decision_table(decision, referee.pushed(decision)), html=True)


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
    if isinstance(result, Mapping):
        return {str(key): plain(value) for key, value in result.items()}
    if isinstance(result, list | tuple):
        return [plain(value) for value in result]
    return str(result)


def _now() -> datetime:
    return datetime.now(UTC)
