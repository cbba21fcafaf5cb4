"""``referee audit erase``: make the sensitive facts of a case unreadable for good."""

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

    The log itself isn't changed; a record is added that says who erased what and why. The case counts as done as
    before. Only who has a copy of the keys could undo this: see to backups of the keys folder.

    Example: referee audit erase INV-2026-0007 --reason "asked for by letter of 3 March"
    """
    from referee.engine.erasing import erasable, erase_case

    planned = erasable(folder, case, decision)
    if not yes:
        for each in planned:
            facts = ", ".join(each.facts) or "no fact"
            records = "1 record" if len(each.records) == 1 else f"{len(each.records)} records"
            click.echo(f"{each.decision}: {facts} of case {case}, in {records}", err=as_json)
        click.confirm("Delete the keys? This can't be undone", abort=True, err=as_json)
    erased = erase_case(folder, case, by=by or getpass.getuser(), reason=reason, decision=decision)
    if as_json:
        print_json(
            [
                {"case": case, "decision": each.decision, "facts": each.facts, "records": each.records}
                for each in erased
            ]
        )
        return
    for each in erased:
        click.echo(f"erased: {', '.join(each.facts) or 'the key'} of case {case} ({each.decision})")
