"""``referee audit``: read the log, and prove that it is what was written."""

from __future__ import annotations

import click

from referee.cli.audit_erase import erase
from referee.cli.audit_export import export_decisions
from referee.cli.audit_find import find_records, tail
from referee.cli.audit_hosts import merge, ship_log
from referee.cli.audit_show import show_case
from referee.cli.audit_verify import key, verify_log


@click.group(
    epilog="""Example:

    referee audit verify output/audit"""
)
def audit() -> None:
    """Read and verify the audit log."""


for command in (show_case, find_records, export_decisions, tail, verify_log, key, ship_log, merge, erase):
    audit.add_command(command)
