"""``referee check``: every fault of decision workbooks at once, and proofs of their tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from referee.cli.mends import Mend, write_mends
from referee.cli.output import json_option, print_json, say, terminal_width, with_progress
from referee.domain import CellAddress, InputError, Severity

if TYPE_CHECKING:
    from referee.checks import Finding, TableReport
    from referee.cli.workbook_check import WorkbookReport
    from referee.tables import DecisionTable

LABELS = {Severity.ERROR: "fault", Severity.WARNING: "finding", Severity.INFO: "hint"}
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


_LEGEND = (
    "Colours of this copy: red cells must be mended, violet cells have hints. Each says so in its comment."
)


@click.command(
    epilog="""Example:

    referee check decision_tables/*.xlsx"""
)
@click.argument("workbooks", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--models", default="models", type=click.Path(path_type=Path), show_default=True, help="The models."
)
@click.option(
    "--budget",
    default=120.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds of processor time for the proofs of a workbook.",
)
@click.option("--html", type=click.Path(path_type=Path), help="Write a report to show to others.")
@click.option(
    "--annotate",
    type=click.Path(path_type=Path),
    help="Write a copy of the workbook with the findings as comments; for one workbook.",
)
@click.option(
    "--mends",
    type=click.Path(path_type=Path),
    help="Write the proposed rules as an Excel file to copy them from; for one workbook.",
)
@json_option
@click.pass_context
def check(
    context: click.Context,
    workbooks: tuple[Path, ...],
    models: Path,
    budget: float,
    html: Path | None,
    annotate: Path | None,
    mends: Path | None,
    as_json: bool,
) -> None:
    """Report every fault of the WORKBOOKS with sheet and cell, what was found and how to mend it.

    The models that a workbook names are checked too: present, unchanged, and of the right version. DMN files (.dmn) are
    checked like workbooks.

    A workbook without faults is proved: is there a rule for every case there can be, do rules contradict each other,
    can each rule fire? Findings must be mended and give exit code 1, hints are advice. What can't be proved within the
    budget is a finding.
    """
    from referee.checks import Budget
    from referee.cli.workbook_check import check_workbook

    is_one_workbook = len(workbooks) == 1 and workbooks[0].suffix.casefold() != ".dmn"
    if annotate is not None and not is_one_workbook:
        raise click.UsageError("--annotate writes a copy of one workbook; name one")
    if mends is not None and not is_one_workbook:
        raise click.UsageError("--mends writes the rules for one workbook; name one")
    if annotate is not None:
        _refuse_target(annotate, workbooks[0])
    if mends is not None:
        _refuse_mends(mends, workbooks[0])
    reports: list[WorkbookReport] = []
    unusable: list[InputError] = []
    for path in workbooks:
        try:
            reports.append(check_workbook(path, models, Budget(budget), _watched))
        except InputError as error:
            unusable.append(error)
    if unusable and not reports:
        raise InputError("; ".join(map(str, unusable)))
    if html is not None:
        _write_html(html, reports)
    if annotate is not None:
        _write_annotated(annotate, reports[0])
    proposed = 0 if mends is None else write_mends(mends, reports[0].tables, reports[0].checked)
    if as_json:
        print_json({"workbooks": [as_record(report) for report in reports]})
    else:
        for report in reports:
            _print(report)
        if mends is not None:
            say(
                f"{mends}: {proposed or 'no'} proposed rule{'' if proposed == 1 else 's'} to copy into the sheets"
            )
    for fault in unusable:
        click.echo(f"referee: {fault}", err=True)
    context.exit(2 if unusable else 1 if any(report.must_be_mended for report in reports) else 0)


def summary(report: WorkbookReport) -> str:
    """``no faults, 2 findings, 3 hints``."""
    found = [finding for table in report.tables for finding in table.findings]
    counts = [
        (len(report.faults) + sum(finding.severity is Severity.ERROR for finding in found), "fault"),
        (sum(finding.severity is Severity.WARNING for finding in found), "finding"),
        (sum(finding.severity is Severity.INFO for finding in found), "hint"),
    ]
    faults, *others = [
        f"{count or 'no'} {word}{'' if count == 1 else 's'}"
        for count, word in counts
        if count or word == "fault"
    ]
    return ", ".join([faults, *others])


def as_record(report: WorkbookReport) -> dict[str, Any]:
    """The report for machines."""
    return {
        "path": str(report.path),
        "faults": [str(fault) for fault in report.faults],
        "tables": [
            {
                "table": table.table,
                "proved": table.proved,
                "unproved": table.unproved,
                "findings": [
                    _finding_record(finding, report.checked[table.table]) for finding in table.findings
                ],
            }
            for table in report.tables
        ],
    }


def case_text(finding: Finding) -> str:
    """``amount = 5000, country = "CH": no rule fires``; empty where there is no case."""
    from referee.checks import literal_text

    if finding.case is None:
        return ""
    values = ", ".join(f"{name} = {literal_text(value)}" for name, value in finding.case.values.items())
    return f"{values}: {finding.case.result}" if finding.case.result else values


def places_text(finding: Finding, most: int = 4) -> str:
    """Where it stands: ``sheet Routing, cells A7, A9``, without the name of the workbook."""
    by_sheet: dict[str, list[str]] = {}
    others = []
    for place in finding.places:
        if isinstance(place, CellAddress):
            by_sheet.setdefault(place.sheet, []).append(place.cell)
        else:
            others.append(str(place))
    texts = []
    for sheet, cells in by_sheet.items():
        known = [cell for cell in dict.fromkeys(cells) if cell]
        word = "cell" if len(known) == 1 else "cells"
        more = f" and {len(known) - most} more" if len(known) > most else ""
        texts.append(f"sheet {sheet}" + (f", {word} {', '.join(known[:most])}{more}" if known else ""))
    return "; ".join([*texts, *others[:most]])


def _print(report: WorkbookReport) -> None:
    say(f"{report.path}: {summary(report)}")
    for fault in report.faults:
        say(f"{fault} {_code(fault.code)}", 2)
    for table in report.tables:
        say(f"{click.style(table.table, bold=True)}: {_proved(table)}", 2)
        for finding in table.findings:
            label = click.style(LABELS[finding.severity], fg=_COLOURS[finding.severity])
            place = places_text(finding)
            say(f"{label}  {place + ': ' if place else ''}{finding.message} {_code(finding.code)}", 4)
            if finding.case is not None:
                say(f"case  {case_text(finding)}", 6, 6)
            if finding.fix is not None:
                say(f"mend  {finding.fix.advice}", 6, 6)
            mend = Mend.of(finding, report.checked[table.table])
            width = terminal_width()
            for line in [] if mend is None else mend.lines(None if width is None else width - 12):
                click.echo(f"            {line}")


def _code(code: str) -> str:
    """The code by which the guide explains it."""
    return click.style(f"[{code}]", dim=True)


def _refuse_target(target: Path, source: Path) -> None:
    if target.suffix.casefold() != source.suffix.casefold():
        raise InputError(
            f"{target}: the annotated copy is a workbook too; give it a name with {source.suffix}"
        )
    if not target.parent.is_dir():
        raise InputError(f"{target}: there is no folder {target.parent}; make it, or name another one")


def _refuse_mends(target: Path, source: Path) -> None:
    if target.suffix.casefold() != ".xlsx":
        raise InputError(f"{target}: the proposed rules are an Excel file; give it a name with .xlsx")
    if target.exists() and source.exists() and target.samefile(source):
        raise InputError(f"{target}: this is the workbook itself; name another file for the proposed rules")


def _proved(table: TableReport) -> str:
    """What is known for every case."""
    known = f"not proved: {', '.join(table.unproved)}" if table.unproved else "proved"
    if not table.proved and not table.unproved:
        known = "not proved"
    return known if table.findings else f"{known}, nothing found"


def _finding_record(finding: Finding, table: DecisionTable) -> dict[str, Any]:
    mend = Mend.of(finding, table)
    return {
        "code": finding.code,
        "severity": LABELS[finding.severity],
        "message": finding.message,
        "places": [str(place) for place in finding.places],
        "rules": finding.rules,
        "case": None
        if finding.case is None
        else {"values": finding.case.values, "result": finding.case.result},
        "fix": None
        if finding.fix is None
        else {
            "advice": finding.fix.advice,
            "columns": () if mend is None else mend.heads,
            "rows": () if mend is None else mend.rows,
            "delete": finding.fix.delete,
        },
    }


def _write_html(path: Path, reports: Sequence[WorkbookReport]) -> None:
    from referee.cli.html_report import write_report

    tables = [table for report in reports for table in report.tables]
    write_report(
        path,
        f"Check of {reports[0].path.name}" if len(reports) == 1 else "Check of decision workbooks",
        "check.html",
        reports=[(report, summary(report)) for report in reports],
        figures=[
            (
                sum(bool(table.proved) and not table.unproved for table in tables),
                f"of {len(tables)} tables proved",
                "good" if all(table.proved and not table.unproved for table in tables) else "bad",
            ),
            *(
                (count, word, kind if count else "good")
                for count, word, kind in (
                    (sum(len(report.faults) for report in reports), "faults of files", "bad"),
                    (_count(reports, mended=True), "findings to mend", "bad"),
                    (_count(reports, mended=False), "hints", ""),
                )
            ),
        ],
        label=lambda finding: LABELS[finding.severity],
        case_text=case_text,
        places_text=places_text,
        proved=_proved,
        mend_of=Mend.of,
    )


def _count(reports: Iterable[WorkbookReport], *, mended: bool) -> int:
    return sum(
        finding.must_be_mended is mended
        for report in reports
        for table in report.tables
        for finding in table.findings
    )


def _write_annotated(target: Path, report: WorkbookReport) -> None:
    from referee.workbook.annotation import annotate

    notes: dict[CellAddress, list[str]] = {}
    urgent: set[CellAddress] = set()
    for fault in report.faults:
        if isinstance(fault.place, CellAddress):
            notes.setdefault(fault.place, []).append(fault.message)
            urgent.add(fault.place)
    for table in report.tables:
        for finding in table.findings:
            place = next((place for place in finding.places if isinstance(place, CellAddress)), None)
            if place is not None:
                notes.setdefault(place, []).append(_note(finding, report.checked[table.table]))
                urgent |= {place} if finding.must_be_mended else set()
    annotate(report.path, target, notes, notes.keys() - urgent, _LEGEND if notes else "")


def _note(finding: Finding, table: DecisionTable) -> str:
    """What a comment says about a finding: a line for each column of a proposed rule, as comments are narrow."""
    lines = [f"{LABELS[finding.severity]}: {finding.message}"]
    if finding.case is not None:
        lines.append(f"Case: {case_text(finding)}")
    if finding.fix is not None:
        lines.append(f"To mend it: {finding.fix.advice}")
    mend = Mend.of(finding, table)
    if mend is not None:
        lines += [
            f"  {head}: {cell}" for row in mend.rows for head, cell in zip(mend.heads, row, strict=True)
        ]
    return "\n".join(lines)


def _watched(tables: Sequence[DecisionTable], title: str) -> Iterable[DecisionTable]:
    return with_progress(tables, len(tables), title)
