"""Keywords for bots that write their own loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from robot.api import logger
from robot.api.deco import keyword

from referee.domain import Decision, Route
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

        | ${decision}    `Decide Case`    case-17    amount=1200    country=DE
        | IF    '${decision.route}' == 'auto'    Log    ${decision.reasons}
        """
        id_fact = self._bot.referee.workbook.settings.case_id
        decision = self._bot.referee.decide(case_id, {id_fact: case_id, **(facts or {}), **named_facts})
        note_decision(decision)
        return decision

    @keyword(tags=["single case"])
    def settle_case(self, decision: Decision) -> str:
        """Does what was decided: performs the action with the keyword named by `On Action`, follows the playbook, or
        hands the case over to people. Returns what became of it: ``done``, ``handed over``, ``exception open``, ….

        A case that was settled before is left alone; one that a killed run was acting on goes to people as in doubt.

        | ${decision}    `Decide Case`    case-17    ${row}
        | ${status}      `Settle Case`    ${decision}
        """
        status = self._bot.run().settle(decision)
        logger.info(f"case {decision.case_id}: {status}")
        return str(status)

    @keyword(tags=["single case"])
    def route_should_be(self, decision: Decision, route: Route) -> None:
        """Fails unless the decision took the route; the failure says why it took another.

        | `Route Should Be`    ${decision}    auto
        """
        if decision.route is not route:
            raise AssertionError(
                f"case {decision.case_id} took the route {decision.route}, not {route}: {'; '.join(decision.reasons)}"
            )
