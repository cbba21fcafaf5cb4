"""``referee audit``: prove that the log is what was written, and read a case's story."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from referee.cli.audit_erase import erase
from referee.cli.audit_hosts import merge, ship_log
from referee.cli.audit_verify import key, verify_log
from referee.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from referee.audit import Record


@click.group(
    epilog="""Example:

    referee audit verify output/audit"""
)
def audit() -> None:
    """Read and verify the audit log."""


for command in (verify_log, key, ship_log, merge, erase):
    audit.add_command(command)


@audit.command("show")
@click.argument("case")
@click.option("--decision", default="", help="Only records of this decision.")
@click.option(
    "--audit",
    "folder",
    default="output/audit",
    type=click.Path(path_type=Path),
    show_default=True,
    help="The log.",
)
@json_option
@click.pass_context
def show_case(context: click.Context, case: str, decision: str, folder: Path, as_json: bool) -> None:
    """Tell the story of one CASE: what was decided, done and answered, in order.

    Example: referee audit show INV-2026-0007
    """
    from referee.audit import AuditLog, has_log
    from referee.domain import InputError

    if not has_log(folder):
        raise InputError(f"there is no audit log in {folder}; name its folder with --audit")
    records = [
        record
        for record in AuditLog(folder, read_only=True).records()
        if record.payload.get("case") == case and decision in ("", record.payload.get("decision"))
    ]
    if as_json:
        print_json(
            [{"position": r.position, "time": r.time, "kind": r.kind, "payload": r.payload} for r in records]
        )
    elif records:
        print_table(
            ("record", "time (UTC)", "what", "more"),
            [(r.position, r.time[:19], *_told(r.kind, r.payload)) for r in records],
            title=f"case {case}",
        )
        _print_facts([r for r in records if r.kind == "decision"])
    else:
        click.echo(f"the log in {folder} has no record about case {case}")
    context.exit(0 if records else 1)


def _print_facts(decisions: list[Record]) -> None:
    """The facts that were decided on, a column for each decision that had other facts than the one before."""
    columns: list[Record] = []
    for record in decisions:
        if not columns or record.payload["facts"] != columns[-1].payload["facts"]:
            columns.append(record)
    names = dict.fromkeys(name for record in columns for name in record.payload["facts"])
    rows = []
    for name in names:
        values = [_written(record.payload["facts"].get(name)) for record in columns]
        mark = "changed" if len(set(values)) > 1 else ""
        rows.append((name, *values, *([mark] if len(columns) > 1 else [])))
    if rows:
        headings = [f"record {record.position}" for record in columns]
        print_table(("fact", *headings, *([""] if len(columns) > 1 else [])), rows, title="facts")


def _written(value: Any) -> str:
    """A fact of the log as people read it; a hash says only whether two values are the same."""
    from referee.audit import hidden

    if (told := hidden(value)) is not None:
        return told.shown
    return "" if value is None else str(value)


def _told(kind: str, payload: Any) -> tuple[str, str]:
    """A record in a few words, and the details."""
    if kind == "decision":
        step = " → ".join(part for part in (payload["route"], payload["action"], payload["queue"]) if part)
        rules = [f"{rule['table']}, rule {rule['rule']} ({rule['place']})" for rule in payload["rules"]]
        return f"decided: {step}", "\n".join([*payload["reasons"], *rules])
    if kind == "action":
        detail = payload["error"] or payload["result"]
        return f"{payload['action']}: {payload['status']}", "" if detail is None else str(detail)
    if kind == "exception":
        step = f"{payload['step']} {payload['status']}" if payload["step"] else ""
        return f"{payload['playbook']}: {payload['event']} → {payload['state']}", step
    if kind == "handoff":
        return f"handed over to {payload['queue']}", "\n".join(payload["reasons"])
    if kind == "erasure":
        facts = ", ".join(payload["facts"]) or "nothing was there"
        return "erased", f"{facts}; by {payload['by']}: {payload['reason']}"
    if kind == "answer":
        return f"answered: {payload['answer']}", " ".join(
            part for part in (payload["by"], payload["note"]) if part
        )
    return kind, ""
