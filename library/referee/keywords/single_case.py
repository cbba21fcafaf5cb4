"""Keywords for bots that write their own loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from robot.api import logger
from robot.api.deco import keyword

from referee.domain import AuditError, Decision, InputError, Route
from referee.keywords.bot import Bot, note_decision


class SingleCaseKeywords:
    """Decide one case, then settle it."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    @keyword(tags=["single case"])
    def decide_case(
        self, case_id: str, facts: Mapping[str, Any] | None = None, **named_facts: Any
    ) -> Decision:
        """Decides one case and writes the decision to the audit log before returning it.

        Facts are given as a dictionary, by name, or both. The result has ``route``, ``action``, ``queue``, ``reasons``,
        ``outputs``, ``diagnostics`` and more. The same case with the same facts gets its first decision again.

        The fact that identifies the case may be left out. If it is given and names another case than ``case_id``, the
        case goes to people, as nobody can tell which one is meant. A blank ``case_id`` is refused.

        | ${decision}    `Decide Case`    case-17    amount=1200    country=DE
        | IF    '${decision.route}' == 'auto'    Log    ${decision.reasons}
        """
        self._bot.has_own_loop = True
        id_fact = self._bot.referee.workbook.settings.case_id
        decision = self._bot.referee.decide(case_id, {id_fact: case_id, **(facts or {}), **named_facts})
        note_decision(self._bot.referee, decision)
        return decision

    @keyword(tags=["single case"])
    def settle_case(self, decision: Decision) -> str:
        """Does what was decided: performs the action with the keyword named by `On Action`, follows the playbook, or
        hands the case over to people. Returns what became of it: ``done``, ``handed over``, ``exception open``, ….

        All keywords named by `On Action` are checked first. A case that was settled before is left alone; one that a
        killed run was acting on goes to people as in doubt.

        | ${decision}    `Decide Case`    case-17    ${row}
        | ${status}      `Settle Case`    ${decision}
        """
        self._bot.has_own_loop = True
        status = self._bot.run().settle(_decision(decision, "Settle Case"))
        logger.info(f"case {decision.case_id}: {status}")
        return str(status)

    @keyword(tags=["single case"])
    def route_should_be(self, decision: Decision, route: Route) -> None:
        """Fails unless the decision took the route; the failure says why it took another.

        | `Route Should Be`    ${decision}    auto
        """
        if _decision(decision, "Route Should Be").route is not route:
            raise AssertionError(
                f"case {decision.case_id} took the route {decision.route}, not {route}: {'; '.join(decision.reasons)}"
            )


class LoopEnd:
    """Listens to Robot Framework: finishes the audit log when a suite with a loop of its own has ended."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def end_suite(self, data: Any, result: Any) -> None:
        """Called by Robot Framework for the suite that imports the library, and those in it."""
        try:
            for remark in self._bot.finish_own_loop():
                logger.warn(remark)
        except AuditError as fault:
            logger.error(str(fault))


def _decision(given: object, keyword_name: str) -> Decision:
    """Robot Framework passes anything on where it knows no conversion."""
    if not isinstance(given, Decision):
        raise InputError(f"{keyword_name} takes a decision, as Decide Case returns it, not {str(given)!r}")
    return given
