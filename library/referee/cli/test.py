"""``referee test``: run the tests that workbooks carry."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from referee.cli.output import json_option, print_json, say, while_busy
from referee.domain import RefereeError, RuleRef

if TYPE_CHECKING:
    from referee.engine.workbook_tests import Mismatch, WorkbookTestReport


@click.command(
    epilog="""Example:

    referee test decision_tables/*.xlsx"""
)
@click.argument("workbooks", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--all-rules", is_flag=True, help="A rule that no test reaches counts as a failure.")
@click.option(
    "--suggest",
    is_flag=True,
    help="Propose tests as tab-separated lines to paste into the Tests sheet; for one workbook.",
)
@click.option("--html", type=click.Path(path_type=Path), help="Write a report to show to others.")
@json_option
@click.pass_context
def test(
    context: click.Context,
    workbooks: tuple[Path, ...],
    all_rules: bool,
    suggest: bool,
    html: Path | None,
    as_json: bool,
) -> None:
    """Run the Tests sheet of the WORKBOOKS and say which rules no test reaches.

    Models are not asked: the scores on the Tests sheet stand in for them. A workbook without any test fails. What
    --suggest proposes expects what the rules give today: a person confirms each line before it becomes a test.
    """
    from referee.engine.workbook_tests import run_tests
    from referee.workbook import read_workbook

    if suggest and len(workbooks) > 1:
        raise click.UsageError("--suggest proposes tests for one workbook; name one")
    reports: list[tuple[Path, WorkbookTestReport]] = []
    unusable: list[str] = []
    for path in workbooks:
        try:
            with while_busy(f"testing {path.name}"):
                reports.append((path, run_tests(read_workbook(path))))
        except RefereeError as error:
            unusable.append(str(error))
    for message in unusable:
        click.echo(f"referee: {message}", err=True)
    if html is not None:
        _write_html(html, reports, unusable)
    if suggest:
        for _, report in reports:
            _print_suggestions(report, as_json)
    elif as_json:
        print_json(
            {
                "workbooks": [{"path": str(path), **as_record(report)} for path, report in reports],
                "unusable": unusable,
            }
        )
    else:
        for path, report in reports:
            _print(path, report)
    failed = any(
        report.failed or not report.results or (all_rules and report.unreached) for _, report in reports
    )
    context.exit(2 if unusable else 1 if failed and not suggest else 0)


def summary(report: WorkbookTestReport) -> str:
    """``37 tests passed, 44 of 44 rules reached``."""
    reached = sum(len(table.reached) for table in report.coverage)
    rules = f"{reached} of {reached + len(report.unreached)} rules reached"
    if not report.results:
        return "no tests; write some on the sheet Tests, `--suggest` proposes them"
    if report.failed:
        return f"{len(report.failed)} of {_tests(len(report.results))} failed, {rules}"
    return f"{_tests(len(report.results))} passed, {rules}"


def told(mismatch: Mismatch) -> str:
    """What was expected and what came instead, in one sentence without its place."""
    return f"expected {mismatch.what} {shown(mismatch.expected)}, found {shown(mismatch.found)}"


def by_cause(mismatches: Iterable[Mismatch]) -> list[tuple[list[str], list[Mismatch]]]:
    """The mismatches of a test that have the same causes together, in order."""
    groups: list[tuple[list[str], list[Mismatch]]] = []
    for mismatch in mismatches:
        if groups and groups[-1][0] == causes(mismatch):
            groups[-1][1].append(mismatch)
        else:
            groups.append((causes(mismatch), [mismatch]))
    return groups


def causes(mismatch: Mismatch) -> list[str]:
    """What gave the value found: the doubts, or the rules by their cells."""
    if mismatch.doubts:
        return [f"in doubt: {doubt}" for doubt in mismatch.doubts]
    if mismatch.fired:
        return [f"fired: {rule_text(rule)}" for rule in mismatch.fired]
    return ["no rule fired"]


def rule_text(rule: RuleRef) -> str:
    """``routing, rule 3 (limits.xlsx, sheet Routing, cell A7)``."""
    return f"{rule.table}, rule {rule.number}" + (f" ({rule.place})" if rule.place is not None else "")


def shown(value: Any) -> str:
    """A value as people read it: texts in quotes, nothing as such."""
    from referee.feel.values.text import nested_text

    return "nothing" if value is None else nested_text(value)


def as_record(report: WorkbookTestReport) -> dict[str, Any]:
    """The report for machines."""
    return {
        "decision": report.workbook.settings.name,
        "version": report.workbook.settings.version,
        "tests": [
            {
                "name": result.test.name,
                "place": str(result.test.place or ""),
                "passed": result.passed,
                "route": str(result.decision.route),
                "failures": [
                    {
                        "what": mismatch.what,
                        "expected": mismatch.expected,
                        "found": mismatch.found,
                        "place": str(mismatch.place or ""),
                        "fired": [_rule(rule) for rule in mismatch.fired],
                        "doubts": list(mismatch.doubts),
                    }
                    for mismatch in result.mismatches
                ],
            }
            for result in report.results
        ],
        "tables": [
            {
                "table": table.table,
                "reached": [rule.number for rule in table.reached],
                "unreached": [_rule(rule) for rule in table.unreached],
            }
            for table in report.coverage
        ],
    }


def _rule(rule: RuleRef) -> dict[str, Any]:
    return {"table": rule.table, "rule": rule.number, "place": str(rule.place or "")}


def _tests(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"


def _print(path: Path, report: WorkbookTestReport) -> None:
    say(click.style(f"{path}: {summary(report)}", fg="red" if report.failed else None))
    for result in report.failed:
        for reasons, mismatches in by_cause(result.mismatches):
            for mismatch in mismatches:
                say(f"{mismatch.place}: `{result.test.name}` {told(mismatch)}", 2)
            for reason in reasons:
                say(reason, 4)
    for rule in report.unreached:
        say(f"no test reaches {rule_text(rule)}", 2)


def _print_suggestions(report: WorkbookTestReport, as_json: bool) -> None:
    from referee.cli.suggested_lines import print_suggestions

    print_suggestions(report, as_json)


def _write_html(path: Path, reports: list[tuple[Path, WorkbookTestReport]], unusable: list[str]) -> None:
    from referee.cli.html_report import write_report

    results = [result for _, report in reports for result in report.results]
    failed = sum(not result.passed for result in results)
    unreached = sum(len(report.unreached) for _, report in reports)
    rules = unreached + sum(len(table.reached) for _, report in reports for table in report.coverage)
    write_report(
        path,
        "Tests of decision workbooks"
        if len(reports) != 1
        else f"Tests of {reports[0][1].workbook.settings.name}",
        "test.html",
        reports=[(str(path), report, summary(report)) for path, report in reports],
        unusable=unusable,
        figures=[
            (len(results) - failed, "tests passed", "good" if results and not failed else ""),
            (failed, "failed", "bad" if failed else ""),
            (f"{rules - unreached} of {rules}", "rules reached", "good" if rules and not unreached else ""),
        ],
        told=told,
        by_cause=by_cause,
    )
