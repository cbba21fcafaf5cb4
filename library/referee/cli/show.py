"""``referee show``: a decision workbook as text, or as a page for a meeting."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from referee.cli.output import json_option, print_json, say
from referee.domain import RefereeError

if TYPE_CHECKING:
    from referee.cli.shown_dmn import ShownModel
    from referee.tables import DecisionTable
    from referee.workbook import DecisionWorkbook


@click.command(
    epilog="""Example:

    referee show decision_tables/loan_applications.xlsx --html loans.html"""
)
@click.argument("workbook", type=click.Path(path_type=Path))
@click.option(
    "--textconv",
    is_flag=True,
    help="For git: leave out how cells were read, and print faults as text instead of failing.",
)
@click.option("--html", type=click.Path(path_type=Path), help="Draw tables and requirements graph as a page.")
@json_option
def show(workbook: Path, textconv: bool, html: Path | None, as_json: bool) -> None:
    """Print the decision WORKBOOK as text, with how each cell was read.

    The same content always gives the same text, whatever its colours and widths, so git can compare workbooks by it.
    DMN files (.dmn) are shown too.
    """
    from referee.cli.changed_dmn import is_dmn
    from referee.cli.shown_dmn import read_shown
    from referee.cli.workbook_text import workbook_lines
    from referee.workbook import read_workbook

    try:
        if is_dmn(workbook):
            _show_dmn(read_shown(workbook), workbook, html, as_json)
            return
        read = read_workbook(workbook)
    except RefereeError as error:
        if not textconv:  # git gives up on the whole comparison when this command fails
            raise
        click.echo(str(error))
        return
    if html is not None:
        _write_html(html, read)
    if as_json:
        print_json(as_record(read))
    elif html is None:
        for line in workbook_lines(read, brief=textconv):
            say(line, hanging=4)
    else:
        click.echo(f"{html}: {read.settings.name} {read.settings.version}")


def _show_dmn(model: ShownModel, path: Path, html: Path | None, as_json: bool) -> None:
    from referee.cli import shown_dmn

    if html is not None:
        shown_dmn.write_page(html, model, path)
    if as_json:
        print_json(shown_dmn.as_record(model))
    elif html is None:
        for line in shown_dmn.model_lines(model):
            say(line, hanging=4)
    else:
        click.echo(f"{html}: {model.name}")


def as_record(workbook: DecisionWorkbook) -> dict[str, Any]:
    """The workbook for machines."""
    settings = workbook.settings
    return {
        "decision": settings.name,
        "version": settings.version,
        "sha256": workbook.sha256,
        "owner": settings.owner,
        "purpose": settings.purpose,
        "case_id": settings.case_id,
        "route_table": settings.route_table,
        "in_doubt": settings.doubt_queue,
        "effective_from": _iso(settings.effective_from),
        "effective_to": _iso(settings.effective_to),
        "facts": [
            {
                "name": fact.name,
                "type": fact.type,
                "allowed_values": fact.allowed_values,
                "required": fact.required,
                "sensitive": fact.sensitive,
                "logged_as": fact.sensitivity,
                "protected": fact.protected,
                "volatile": fact.volatile,
                "description": fact.description,
            }
            for fact in workbook.dictionary.facts
        ],
        "models": [
            {"name": model.node, "folder": model.folder, "version": model.version, "facts": list(model.facts)}
            for model in workbook.models
        ],
        "tables": [table_record(table) for table in workbook.tables],
        "readings": [
            {
                "place": str(reading.place),
                "written": reading.written,
                "feel": reading.feel,
                "read_as": str(reading.read_as),
            }
            for reading in workbook.readings
        ],
        "tests": [
            {
                "name": test.name,
                "facts": {name: _plain(value) for name, value in test.facts.items()},
                "scores": test.scores,
                "expected": test.expected,
            }
            for test in workbook.tests
        ],
        "changes": [
            {
                "version": change.version,
                "date": _iso(change.date),
                "author": change.author,
                "approver": change.approver,
                "what": change.what,
                "why": change.why,
            }
            for change in workbook.changes
        ],
    }


def table_record(table: DecisionTable) -> dict[str, Any]:
    """A table for machines."""
    return {
        "name": table.name,
        "place": str(table.place or ""),
        "hit_policy": table.hit_policy.value,
        "inputs": [
            {
                "expression": clause.expression.text,
                "type": clause.type,
                "values": clause.allowed_values.text if clause.allowed_values else "",
            }
            for clause in table.inputs
        ],
        "outputs": [
            {
                "name": clause.name,
                "type": clause.type,
                "values": clause.allowed_values.text if clause.allowed_values else "",
            }
            for clause in table.outputs
        ],
        "annotations": list(table.annotations),
        "rules": [
            {
                "number": rule.number,
                "place": str(rule.place or ""),
                "inputs": [cell.text for cell in rule.inputs],
                "outputs": [cell.text for cell in rule.outputs],
                "annotations": list(rule.annotations),
            }
            for rule in table.rules
        ],
    }


def _iso(date: Any) -> str | None:
    return None if date is None else str(date.isoformat())


def _plain(value: Any) -> Any:
    """A value of a cell as JSON can hold it exactly."""
    from referee.feel.fault import Fault
    from referee.feel.values import to_feel

    try:
        return to_feel(value)
    except Fault:  # an Excel error, say
        return str(value)


def _write_html(path: Path, workbook: DecisionWorkbook) -> None:
    from referee.cli import workbook_text
    from referee.cli.html_report import write_report
    from referee.cli.requirements_graph import drawing

    settings = workbook.settings
    write_report(
        path,
        settings.name,
        "show.html",
        workbook=workbook,
        in_force=workbook_text.in_force(settings.effective_from, settings.effective_to),
        drawing=drawing(workbook),
        policy=workbook_text.hit_policy_text,
        sheet=workbook_text.sheet_of,
        readings=lambda table: workbook_text.readings_of(workbook, table),
        value=workbook_text.value_text,
        workbook_changes=[
            (each.version, each.date or "", each.author, each.approver, each.what, each.why)
            for each in workbook.changes
        ],
    )
