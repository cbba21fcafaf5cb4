"""Proposed tests as lines to paste into the Tests sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from referee.cli.output import print_json, while_busy

if TYPE_CHECKING:
    from referee.engine.workbook_tests import WorkbookTestReport
    from referee.workbook import WorkbookTest

Column = tuple[str, str]


def print_suggestions(report: WorkbookTestReport, as_json: bool) -> None:
    """Prints the proposals to standard output, and what to do with them to the error stream."""
    from referee.engine.suggestion import suggest

    with while_busy("deciding proposals"):
        found = suggest(report)
    if as_json:
        print_json(
            {
                "suggestions": [
                    {"name": test.name, "facts": test.facts, "scores": test.scores, "expected": test.expected}
                    for test in found.tests
                ],
                "not_found": [
                    {"table": rule.table, "rule": rule.number, "place": str(rule.place or "")}
                    for rule in found.not_found
                ],
                "values_not_found": list(found.values_not_found),
            }
        )
        return
    for rule in found.not_found:
        click.echo(
            f"no case was found that reaches {rule.table}, rule {rule.number} ({rule.place})", err=True
        )
    for value in found.values_not_found:
        click.echo(f"no case was found that isn't in doubt with {value}", err=True)
    if not found.tests:
        is_whole = not found.not_found and not found.values_not_found
        all_reached = ": tests reach every rule, and both sides of every limit" if is_whole else " besides"
        click.echo(f"nothing to propose{all_reached}", err=True)
        return
    present = report.workbook.test_columns
    columns = all_columns(present, found.tests)
    new = [f"{kind} `{heading}`" for kind, heading in columns[len(present) :]]
    lines = [[cell_text(flat(test).get(column)) for column in columns] for test in found.tests]
    if new:
        lines = [[kind for kind, _ in columns], [heading for _, heading in columns], *lines]
    text = io.StringIO()
    csv.writer(text, dialect="excel-tab", lineterminator="\n").writerows(lines)
    click.echo(text.getvalue(), nl=False)
    count = "1 test" if len(found.tests) == 1 else f"{len(found.tests)} tests"
    if not present:
        where = "paste them into cell A1 of the sheet Tests"
    elif new:
        where = f"add the columns {', '.join(new)} at the right end of Tests, then paste the lines below"
    else:
        where = "paste them below the last test of the sheet Tests"
    click.echo(f"{count} proposed; {where}", err=True)
    click.echo("what they expect is what the rules give today: look at each, then rename it", err=True)


def all_columns(present: Sequence[Column], tests: Sequence[WorkbookTest]) -> list[Column]:
    """The columns of the sheet, and on their right those that the tests need besides."""
    columns = list(present)
    for kind in ("Test", "Fact", "Score", "Expected"):
        for test in tests:
            columns += [column for column in flat(test) if column[0] == kind and column not in columns]
    return columns


def flat(test: WorkbookTest) -> dict[Column, Any]:
    """The cells of a test by column."""
    cells: dict[Column, Any] = {("Test", "name"): test.name}
    cells |= {("Fact", name): value for name, value in test.facts.items()}
    for node, score in test.scores.items():
        for part, value in score.items():
            if isinstance(value, Mapping):
                cells |= {("Score", f"{node}.{part}.{label}"): each for label, each in value.items()}
            else:
                cells["Score", f"{node}.{part}"] = value
    cells |= {("Expected", name): value for name, value in test.expected.items()}
    return cells


def cell_text(value: Any) -> str:
    """A value as it is typed into a cell."""
    from referee.feel.values.text import nested_text

    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Decimal):
        return format(value.normalize() if value else Decimal(0), "f")
    return value if isinstance(value, str) else nested_text(value)
