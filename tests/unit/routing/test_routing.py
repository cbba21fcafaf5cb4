"""Any doubt is a human route; without doubt the table decides."""

import pytest

from referee.domain import Diagnostic, Route, Severity
from referee.routing import route_case

AUTO = {"route": "auto", "action": "post invoice", "queue": None, "reason": "matched order"}


def test_without_doubt_the_routing_table_decides() -> None:
    routing = route_case(AUTO, [], doubt_queue="clerks")
    assert (routing.route, routing.action, routing.queue) == (Route.AUTO, "post invoice", "")
    assert routing.reasons == ("matched order",)


def test_a_remark_is_not_doubt() -> None:
    remark = Diagnostic("fact-converted", "text read as number", Severity.INFO)
    assert route_case(AUTO, [remark], doubt_queue="clerks").route is Route.AUTO


@pytest.mark.parametrize("severity", [Severity.ERROR, Severity.WARNING])
def test_any_doubt_goes_to_people_with_its_sentence_as_reason(severity: Severity) -> None:
    doubt = Diagnostic("fact-missing", "amount is missing", severity)
    routing = route_case(AUTO, [doubt, doubt], doubt_queue="clerks")
    assert (routing.route, routing.action, routing.queue) == (Route.HUMAN, "", "clerks")
    assert routing.reasons == ("amount is missing",)


@pytest.mark.parametrize(
    ("outputs", "reason"),
    [
        (None, "no rule of the routing table applies to this case"),
        ([AUTO], "no rule of the routing table applies to this case"),
        ({}, "the routing table gave None as route; it must be one of auto, exception, human"),
        (
            {"route": "Auto", "action": "x"},
            "the routing table gave 'Auto' as route; it must be one of auto, exception, human",
        ),
        (
            {"route": ["auto"], "action": "x"},
            "the routing table gave ['auto'] as route; it must be one of auto, exception, human",
        ),
        ({"route": "auto", "action": " "}, "the routing table chose auto but names no action"),
        ({"route": "exception"}, "the routing table chose exception but names no action"),
    ],
)
def test_outputs_that_choose_nothing_certain_go_to_people(outputs: object, reason: str) -> None:
    routing = route_case(outputs, [], doubt_queue="clerks")
    assert (routing.route, routing.queue, routing.reasons) == (Route.HUMAN, "clerks", (reason,))


def test_a_human_route_without_queue_goes_to_the_queue_for_doubt() -> None:
    routing = route_case(
        {"route": "human", "reason": ["old vendor", "large amount"]}, [], doubt_queue="clerks"
    )
    assert (routing.queue, routing.reasons) == ("clerks", ("old vendor", "large amount"))
