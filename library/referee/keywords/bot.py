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
        self._keywords: dict[str, tuple[str, tuple[Any, ...]]] = {}
        self.cases: Sequence[Case] | None = None
        self.source: Path | None = None
        self.sheet = ""

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
        self._keywords[action] = (keyword, arguments)

    def run(self, progress: Callable[[int, int], None] = lambda settled, cases: None) -> Run:
        """A run that performs actions with the keywords named so far."""
        from referee.engine import Run
        from referee.exceptions import read_playbooks

        actions = {action: self._performer(action) for action in self._keywords}
        name = str(BuiltIn().get_variable_value("${SUITE NAME}", ""))
        return Run(
            self.referee,
            actions,
            read_playbooks(self._playbooks),
            bot=name,
            noted=note_decision,
            progress=progress,
        )

    def cases_from(self, rows: Sequence[Mapping[str, Any]]) -> list[Case]:
        """Rows of facts as cases; the workbook's `Case id` fact names them. Raises `InputError` with every fault."""
        fact = self.referee.workbook.settings.case_id
        cases: list[Case] = []
        first: dict[str, int] = {}
        faults: list[str] = []
        for number, row in enumerate(rows, 1):
            case_id = "" if row.get(fact) is None else str(row[fact]).strip()
            if not case_id:
                faults.append(f"row {number} has no {fact!r}, which identifies a case")
            elif case_id in first:
                faults.append(f"rows {first[case_id]} and {number} have the same {fact!r}: {case_id}")
            first.setdefault(case_id, number)
            cases.append(Case(case_id, dict(row), f"row {number}"))
        if faults:
            raise InputError("the cases can't be used: " + "; ".join(faults))
        return cases

    def _performer(self, action: str) -> Callable[[Decision], Any]:
        keyword, arguments = self._keywords[action]

        def perform(decision: Decision) -> Any:
            try:
                return plain(BuiltIn().run_keyword(keyword, case_dictionary(decision), *arguments))
            except ExecutionFailed as error:
                # `Fatal Error`, or SIGINT or SIGTERM, after which Robot Framework refuses every further keyword.
                if error.exit:
                    raise RunStoppedError(
                        f"stopped while performing {action!r} for {decision.case_id}: {error}"
                    ) from None
                raise

        return perform


def note_decision(decision: Decision) -> None:
    """The decision as a small table in log.html."""
    logger.info(decision_table(decision), html=True)


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
