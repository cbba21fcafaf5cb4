"""``referee worklist``: the cases that wait for people, out to Excel and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from referee.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from referee.handoff import Worklist

audit_option = click.option(
    "--audit",
    default="output/audit",
    type=click.Path(path_type=Path),
    show_default=True,
    help="The folder of the audit log.",
)


@click.group(
    epilog="""Example:

    referee worklist export worklist.xlsx --queue ap-clerks"""
)
def worklist() -> None:
    """The cases that were handed over to people and are not answered yet."""


@worklist.command("list")
@audit_option
@click.option("--queue", help="Only this queue.")
@json_option
def list_tasks(audit: Path, queue: str | None, as_json: bool) -> None:
    """Print the cases that wait, oldest first.

    Example: referee worklist list --queue ap-clerks
    """
    from referee.handoff.review_task import pushed_lines, scores_text

    tasks = _worklist(audit).items(queue)
    if as_json:
        print_json(
            [
                {
                    "case": t.case_id,
                    "decision": t.decision,
                    "queue": t.queue,
                    "reasons": t.reasons,
                    "since": t.handed_over,
                    "scores": t.scores,
                    "pushed": {name: pushed_lines(t, name) for name in t.scores},
                }
                for t in tasks
            ]
        )
        return
    print_table(
        ("case", "queue", "why", "score", "since"),
        [(t.case_id, t.queue, "\n".join(t.reasons), scores_text(t), t.handed_over[:16]) for t in tasks],
        title=f"{len(tasks)} cases wait",
    )


@worklist.command("export")
@click.argument("path", type=click.Path(path_type=Path))
@audit_option
@click.option("--queue", help="Only this queue.")
@json_option
def export_tasks(path: Path, audit: Path, queue: str | None, as_json: bool) -> None:
    """Write the cases that wait to the workbook PATH, to be answered there.

    Example: referee worklist export worklist.xlsx
    """
    count = _worklist(audit).export(path, queue)
    if as_json:
        print_json({"exported": count, "path": str(path)})
    else:
        click.echo(
            f"{count} cases in {path}; choose an answer in each row, then run: referee worklist import {path}"
        )


@worklist.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@audit_option
@click.option(
    "--examples",
    default="output/examples",
    type=click.Path(path_type=Path),
    show_default=True,
    help="Where answers are kept as labelled examples.",
)
@json_option
def import_answers(path: Path, audit: Path, examples: Path, as_json: bool) -> None:
    """Take the answers from the workbook PATH into the audit log. Importing twice changes nothing.

    Example: referee worklist import worklist.xlsx
    """
    from referee.audit import open_log
    from referee.handoff import Worklist

    _require_log(audit)
    log = open_log(audit)
    try:
        result = Worklist(log).import_answers(path, examples)
    finally:
        # Also after a fault: answers may be in the log whose examples could not be written.
        for remark in log.finish():
            click.echo(remark, err=True)
    if as_json:
        print_json(
            {
                "recorded": result.recorded,
                "unchanged": result.unchanged,
                "unanswered": result.unanswered,
                "examples": result.examples,
            }
        )
        return
    click.echo(
        f"{result.recorded} answers recorded, {result.unchanged} were known, {result.unanswered} rows without answer"
    )
    click.echo(f"{result.examples} labelled examples added in {examples}")


def _worklist(audit: Path) -> Worklist:
    from referee.audit import AuditLog
    from referee.handoff import Worklist

    _require_log(audit)
    return Worklist(AuditLog(audit, read_only=True))


def _require_log(audit: Path) -> None:
    from referee.audit import has_log
    from referee.domain import InputError

    if not has_log(audit):
        raise InputError(f"there is no audit log in {audit}; name its folder with --audit")
