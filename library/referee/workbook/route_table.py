"""What the routing table must have, so that every rule says clearly what happens next."""

from __future__ import annotations

from collections.abc import Iterable

from referee.domain import Diagnostic
from referee.tables import CellText, DecisionTable, HitPolicy
from referee.workbook.cell_reading import did_you_mean
from referee.workbook.table_outline import TableOutline
from referee.workbook.table_sheet import constant
from referee.workbook.written_text import cited

ROUTE_OUTPUTS = ("route", "action", "queue", "reason")
ROUTES = ("auto", "exception", "human")
_ACTING = ("auto", "exception")
MAY_BE_BLANK = frozenset({"action", "queue"})
"""Outputs a routing rule may leave blank: a person needs no action, and the rest no queue."""


def is_routing(outputs: Iterable[str]) -> bool:
    """Whether a table with these outputs is meant to be the routing table, whatever the settings name."""
    return len({*outputs} & {*ROUTE_OUTPUTS}) > 1


def optional_outputs(outline: TableOutline) -> frozenset[str]:
    """The outputs of a routing table that its rules may leave blank."""
    return MAY_BE_BLANK & {column.heading for column in outline.of_kind("output")}


def check_route_table(table: DecisionTable, faults: list[Diagnostic]) -> tuple[tuple[str, str], ...]:
    """The distinct (route, action) pairs of the table, without routes to people; adds a fault for what is
    missing.
    """
    position = {output.name: index for index, output in enumerate(table.outputs)}
    missing = [name for name in ROUTE_OUTPUTS if name not in position]
    if missing:
        listed = ", ".join(f"`{name}`" for name in missing)
        message = f"the routing table `{table.name}` has no output {listed}; it needs route, action, queue and reason"
        faults.append(Diagnostic("route-outputs", message, place=table.place))
    if not table.hit_policy.is_single:
        message = (
            f"the routing table `{table.name}` has the hit policy {table.hit_policy.value}, which can give several "
            f"routes; use one of {', '.join(policy.value for policy in HitPolicy if policy.is_single)}"
        )
        faults.append(Diagnostic("route-hit-policy", message, place=table.place))
    if missing:
        return ()
    actions: dict[tuple[str, str], None] = {}
    given = [(f"rule {rule.number}", rule.outputs) for rule in table.rules]
    defaults = tuple(output.default or CellText("", output.place) for output in table.outputs)
    if not all(default.is_blank for default in defaults):
        given.append(("the default", defaults))
    for what, outputs in given:
        route = _route(outputs[position["route"]], faults)
        cell = outputs[position["action"]]
        action = _action(cell, faults)
        if route in _ACTING and action == "":
            message = f"{what} has the route {route} but no action; name the action or playbook"
            faults.append(Diagnostic("route-action", message, place=cell.place))
        elif route in _ACTING and action is not None:
            actions[route, action] = None
    return tuple(actions)


def _route(cell: CellText, faults: list[Diagnostic]) -> str:
    value = constant(cell.text)
    if isinstance(value, str) and value in ROUTES:
        return value
    if cell.is_blank:
        return ""  # the cell has its own fault already
    found, hint = (value, did_you_mean(value, ROUTES)) if isinstance(value, str) else (cited(cell.text), "")
    message = f"`{found}` is no route{hint}; write auto, exception or human"
    faults.append(Diagnostic("route-value", message, place=cell.place))
    return ""


def _action(cell: CellText, faults: list[Diagnostic]) -> str | None:
    """The action; empty for none, None for a cell that has a fault."""
    if any(fault.place == cell.place for fault in faults):
        return None
    if cell.is_blank or cell.text == "null":
        return ""
    value = constant(cell.text)
    if isinstance(value, str):
        return value.strip()
    message = (
        f"`{cited(cell.text)}` is no fixed action; write its name, so that a bot can be checked to know it"
    )
    faults.append(Diagnostic("route-action", message, place=cell.place))
    return None
