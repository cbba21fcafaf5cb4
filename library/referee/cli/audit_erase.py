"""``referee audit erase``: make what the log hides of a case unreadable for good."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from referee.cli.audit_options import audit_option
from referee.cli.output import json_option, print_json


@click.command("erase")
@click.argument("case")
@click.option("--decision", default="", help="Only what this decision holds about the case.")
@click.option("--reason", required=True, help="Why; it stands in the log for good, so name no personal data.")
@click.option("--by", default="", help="Who erases; the user of this machine if not given.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@audit_option
@json_option
def erase(case: str, decision: str, reason: str, by: str, yes: bool, folder: Path, as_json: bool) -> None:
    """Delete the keys of CASE: nobody can read its sensitive facts in the log any more, nor try values out.

    What a mask shows, such as ***51, stays readable. The log itself isn't changed; a record is added that says who
    erased what and why. The case counts as done as before. What was erased already isn't recorded again. Only who has
    a copy of the keys could undo this: see to backups of the keys folder.

    Example: referee audit erase INV-2026-0007 --reason "asked for by letter of 3 March"
    """
    from referee.audit import open_log
    from referee.engine.erasing import erasable, erase_case

    planned = erasable(folder, case, decision)
    is_done = all(each.earlier for each in planned)
    if not yes and not is_done:
        for each in planned:
            if each.earlier:
                continue
            facts = ", ".join(each.facts) or "no fact"
            records = "1 record" if len(each.records) == 1 else f"{len(each.records)} records"
            click.echo(f"{each.decision}: {facts} of case {case}, in {records}", err=as_json)
        click.confirm("Delete the keys? This can't be undone", abort=True, err=as_json)
    log = open_log(folder)
    erased = erase_case(log, case, by=by or getpass.getuser(), reason=reason, decision=decision)
    for remark in log.finish():
        click.echo(remark, err=True)
    if as_json:
        print_json(
            [
                {
                    "case": case,
                    "decision": each.decision,
                    "facts": each.facts,
                    "records": each.records,
                    "masked": dict(each.masked),
                    "earlier": each.earlier,
                }
                for each in erased
            ]
        )
        return
    for each in erased:
        if each.earlier:
            click.echo(f"case {case} ({each.decision}) was already {each.earlier}")
        else:
            click.echo(f"erased: {', '.join(each.facts) or 'the key'} of case {case} ({each.decision})")
        if each.masked:
            shown = ", ".join(f"{name} {signs}" for name, signs in each.masked)
            click.echo(f"  masked facts keep what the mask shows: {shown}")
