"""``referee explain``: why a case was decided as it was, and what would change its route."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from referee.cli.output import json_option, print_json, say, while_busy
from referee.domain import InputError

if TYPE_CHECKING:
    from referee.engine.explanation import Explanation
    from referee.engine.recorded_decision import RecordedDecision
    from referee.workbook import DecisionWorkbook

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@click.command(
    epilog="""Example:

    referee explain decision_tables/loan_applications.xlsx --cases applications.csv --case 17

    referee explain decision_tables/loan_applications.xlsx --audit output/audit --case 17"""
)
@click.argument("workbook", type=click.Path(path_type=Path))
@click.option("--case", "case_id", default="", help="The case, by its id.")
@click.option("--cases", type=click.Path(path_type=Path), help="A file with the case: .xlsx, .xlsm or .csv.")
@click.option("--sheet", default="", help="The sheet with the cases; the first one if not given.")
@click.option("--facts", multiple=True, metavar="NAME=VALUE", help="A fact of the case; once for each.")
@click.option("--audit", type=click.Path(path_type=Path), help="An audit log: explain what was decided then.")
@click.option(
    "--models", default="models", type=click.Path(path_type=Path), show_default=True, help="The models."
)
@click.option("--show-sensitive", is_flag=True, help="Print the values of sensitive facts too.")
@click.option(
    "--html", type=click.Path(path_type=Path), help="Write a page with the rules marked in their tables."
)
@json_option
def explain(
    workbook: Path,
    case_id: str,
    cases: Path | None,
    sheet: str,
    facts: tuple[str, ...],
    audit: Path | None,
    models: Path,
    show_sensitive: bool,
    html: Path | None,
    as_json: bool,
) -> None:
    """Say which cells of the decision WORKBOOK decided a case, and the nearest changes that would change its route.

    The case is one of a file (--cases and --case), given by --facts, or one of an audit log (--audit and --case). Each
    change has really been decided. Nothing is written to any log.
    """
    from referee.cli.told_explanation import Teller, record_lines
    from referee.engine.example_case import Example
    from referee.engine.explanation import explain as explained
    from referee.engine.recorded_decision import recorded_decision
    from referee.engine.trial import Trial
    from referee.workbook import read_workbook

    if sum((cases is not None, bool(facts), audit is not None)) != 1:
        raise click.UsageError(
            "name the case by --cases and --case, by --facts, or by --audit and --case; one of them"
        )
    if not facts and not case_id:
        raise click.UsageError("say which case: --case and its id")
    read = read_workbook(workbook)
    recorded: RecordedDecision | None = None
    if audit is not None:
        recorded = recorded_decision(audit, read, case_id)
        if recorded.unreadable or not recorded.is_by(read):
            _print_recorded_only(recorded, read, as_json)
            return
        example = recorded.example
    else:
        example = Example(_given_facts(read, facts) if facts else _case_facts(read, cases, sheet, case_id))
    with while_busy("deciding changed cases"):
        explanation = explained(Trial.with_models(read, models), case_id, example)
    if recorded is not None and not recorded.agrees_with(explanation.decision):
        _print_recorded_only(recorded, read, as_json)
        return
    teller = Teller(explanation, show_sensitive)
    if html is not None:
        _write_html(html, read, explanation, teller, recorded)
    if as_json:
        print_json(
            {
                **teller.record(),
                "recorded": None if recorded is None else _record(recorded, same_workbook=True),
            }
        )
        return
    for line in teller.lines():
        say(line, hanging=4)
    if recorded is not None:
        click.echo("")
        for line in record_lines(recorded):
            say(line, hanging=4)
    if html is not None:
        click.echo(f"\nwritten to {html}")


def _case_facts(workbook: DecisionWorkbook, path: Path | None, sheet: str, case_id: str) -> Mapping[str, Any]:
    from referee.workbook import read_cases
    from referee.workbook.cell_reading import did_you_mean

    assert path is not None, "one way to name the case was chosen"
    cases = {case.id: case for case in read_cases(path, sheet, workbook.settings.case_id)}
    if case_id not in cases:
        raise InputError(f"{path}: there is no case `{case_id}`{did_you_mean(case_id, cases)}")
    return cases[case_id].facts


def _given_facts(workbook: DecisionWorkbook, given: tuple[str, ...]) -> Mapping[str, Any]:
    """Facts as typed: a plain number is that number, everything else is read like a cell."""
    from referee.workbook.cell_reading import did_you_mean

    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.strip()
        fact = workbook.dictionary.fact(name)
        if not equals:
            raise click.UsageError(f"--facts {text}: write the fact as NAME=VALUE")
        if fact is None:
            hint = did_you_mean(name, workbook.dictionary.names)
            raise click.UsageError(f"--facts {text}: `{name}` is no fact of {workbook.settings.name}{hint}")
        value = value.strip()
        found[name] = Decimal(value) if fact.type == "number" and _NUMBER.fullmatch(value) else value
    return found


def _record(recorded: RecordedDecision, same_workbook: bool) -> dict[str, Any]:
    return {
        "position": recorded.position,
        "time": recorded.time,
        "same_workbook": same_workbook,
        "hidden": sorted(recorded.hidden),
        "decision": recorded.payload,
    }


def _print_recorded_only(recorded: RecordedDecision, workbook: DecisionWorkbook, as_json: bool) -> None:
    """What the log says by itself, where the workbook of today can't tell more."""
    from referee.cli.told_explanation import recorded_lines

    if as_json:
        print_json({"recorded": _record(recorded, same_workbook=recorded.is_by(workbook))})
        return
    for line in recorded_lines(recorded, workbook):
        say(line, hanging=4)


def _write_html(
    path: Path,
    workbook: DecisionWorkbook,
    explanation: Explanation,
    teller: Any,
    recorded: RecordedDecision | None,
) -> None:
    from referee.cli.html_report import write_report
    from referee.cli.told_explanation import record_lines
    from referee.cli.workbook_text import hit_policy_text

    case_id = explanation.decision.case_id
    write_report(
        path,
        f"Case {case_id}" if case_id else workbook.settings.name,
        "explain.html",
        workbook=workbook,
        explanation=explanation,
        tell=teller,
        policy=hit_policy_text,
        recorded=list(record_lines(recorded)) if recorded is not None else [],
    )
