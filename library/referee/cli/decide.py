"""``referee decide``: decide a whole sheet of cases without a bot."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import click

from referee.cli.output import json_option, print_json, with_progress
from referee.domain.counting import counted

REASONS_TOLD = 8
"""Reasons in the summary on the terminal, the most frequent first."""


@click.command(
    epilog="""Example:

    referee decide decision_tables/loan_applications.xlsx --cases applications.csv --out decided.xlsx"""
)
@click.argument("workbook", type=click.Path(path_type=Path))
@click.option(
    "--cases", required=True, type=click.Path(path_type=Path), help="The cases: .xlsx, .xlsm or .csv."
)
@click.option("--sheet", default="", help="The sheet with the cases; the first one if not given.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="The workbook to write, results beside the inputs."
)
@click.option(
    "--models", default="models", type=click.Path(path_type=Path), show_default=True, help="The models."
)
@click.option("--audit", type=click.Path(path_type=Path), help="An audit log to write the decisions to.")
@json_option
def decide(
    workbook: Path, cases: Path, sheet: str, out: Path | None, models: Path, audit: Path | None, as_json: bool
) -> None:
    """Decide every case of a sheet by the decision WORKBOOK.

    Nothing is acted on. With --audit each decision is also written to an audit log, as a bot does it.
    In the workbook that --out names sensitive and protected facts are hidden, as in the results of bots.
    """
    from referee.engine import Referee
    from referee.workbook import read_cases, write_results

    started = time.perf_counter()
    if out is not None and out.suffix.casefold() != ".xlsx":
        raise click.UsageError(f"--out {out}: results are written as a workbook; end the name with .xlsx")
    if out is not None and out.resolve() in (cases.resolve(), workbook.resolve()):
        raise click.UsageError(
            f"--out {out}: this file is what is read; give the results a name of their own"
        )
    referee = Referee(workbook, models=models, audit=audit)
    id_column = referee.workbook.settings.case_id
    read = read_cases(
        cases,
        sheet,
        id_column,
        dictionary=referee.workbook.dictionary,
        warn=lambda remark: click.echo(remark, err=True),
    )
    decisions = list(with_progress(referee.decide_many(read), len(read), "deciding"))
    if out is not None:
        write_results(cases, decisions, out, sheet=sheet, id_column=id_column, hidden=referee.hidden_facts)
    for remark in referee.log.finish() if referee.log is not None else ():
        click.echo(remark, err=True)
    seconds = time.perf_counter() - started
    routes = Counter(str(decision.route) for decision in decisions)
    if as_json:
        print_json(
            {
                "decision": referee.name,
                "cases": len(decisions),
                "routes": routes,
                "seconds": round(seconds, 3),
                "results": None if out is None else str(out),
                "decisions": [referee.payload(decision) for decision in decisions],
            }
        )
        return
    number = "1 case" if len(decisions) == 1 else f"{len(decisions)} cases"
    click.echo(f"{referee.name} {referee.versions.version}: {number} in {seconds:.1f} s")
    click.echo(f"  routes   {counted(routes)}")
    reasons = Counter(reason for decision in decisions for reason in decision.reasons).most_common()
    for reason, count in reasons[:REASONS_TOLD]:
        click.echo(f"  {count:>6}   {reason}")
    if len(reasons) > REASONS_TOLD:
        click.echo(
            f"           … and {len(reasons) - REASONS_TOLD} more reasons; --out and --json have them all"
        )
    if out is not None:
        click.echo(f"  results  {out}")
    if audit is not None:
        click.echo(f"  audit    {audit}")
