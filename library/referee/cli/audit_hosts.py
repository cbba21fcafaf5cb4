"""``referee audit ship`` and ``referee audit merge``: the logs of several hosts in one place."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from referee.cli.output import json_option, print_json

if TYPE_CHECKING:
    from referee.audit.merging import Merged


@click.command(
    "ship",
    epilog="""Example:

    referee audit ship --to /mnt/share/audit""",
)
@click.argument("folder", default="output/audit", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "share",
    envvar="REFEREE_AUDIT_SHARE",
    show_envvar=True,
    required=True,
    type=click.Path(path_type=Path),
    help="The folder on the share that holds the logs of all hosts.",
)
@json_option
def ship_log(folder: Path, share: Path, as_json: bool) -> None:
    """Bring what is new in the log in FOLDER to its copy on a share.

    Compares only the end of the copy; merge and verify prove the rest.
    """
    from referee.audit import LOG_NAME
    from referee.audit.disk_fault import reason
    from referee.audit.shipping import ship
    from referee.domain import InputError

    if not folder.is_dir():
        raise InputError(f"there is no audit log in {folder}; name the folder that holds {LOG_NAME}")
    try:
        shipped = ship(folder, share)
    except OSError as fault:
        raise InputError(f"the log can't be shipped to {share}: {reason(fault)}") from None
    if as_json:
        print_json({"to": str(shipped.to), "bytes": shipped.size})
    else:
        click.echo(f"{shipped.to}: {shipped.size} bytes shipped")


@click.command(
    epilog="""Example:

    referee audit merge /mnt/share/audit --into central/audit --watch 30"""
)
@click.argument("share", type=click.Path(path_type=Path))
@click.option(
    "--into",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder of the merged log, on a local disk.",
)
@click.option(
    "--checkpoints",
    type=click.Path(path_type=Path),
    help="The folder with the signed checkpoints of the machines' logs.  [default: $REFEREE_CHECKPOINTS]",
)
@click.option(
    "--keys",
    type=click.Path(path_type=Path),
    help="The public key that they are signed with, or a folder of such keys.  "
    "[default: those beside $REFEREE_CHECKPOINT_KEY]",
)
@click.option(
    "--watch", type=click.IntRange(min=1), help="Go on, merging every so many seconds, until stopped."
)
@json_option
@click.pass_context
def merge(
    context: click.Context,
    share: Path,
    into: Path,
    checkpoints: Path | None,
    keys: Path | None,
    watch: int | None,
    as_json: bool,
) -> None:
    """Merge the logs that all hosts ship to SHARE into one, each record once.

    May be stopped at any time, and run again or twice at once. Ends with 1 when one of the copies isn't what was
    written, and is merged up to there; and when it isn't or is less than what was merged before. A copy that a
    checkpoint disproves isn't merged at all; what none vouches for yet is told. With --watch it waits for a share
    that is away.
    """
    from referee.audit import has_log
    from referee.audit.merging import Collector, copies
    from referee.audit.settings import checkpoints_folder, open_log, public_keys
    from referee.domain import AuditError, InputError

    wanted = "name the folder on the share that holds one folder for each machine"
    if has_log(share):
        raise InputError(f"{share} is a log itself; {wanted}")
    if watch is None and not copies(share):
        raise InputError(f"no folder in {share} holds an audit log; {wanted}")
    log = open_log(into, shipped=False)
    collector = Collector(
        share, log, checkpoints=checkpoints or checkpoints_folder(), keys=keys or public_keys()
    )
    is_told = False
    while True:
        try:
            found = collector.merge()
        except AuditError as fault:
            if watch is None or share.is_dir():
                raise
            click.echo(str(fault), err=True)
        else:
            _print(found, as_json)
            if not found.counts and not is_told:
                is_told = True
                click.echo(
                    f"note: no folder in {share} holds an audit log yet; if it is the wrong folder, stop this, "
                    f"and {wanted}",
                    err=True,
                )
            for remark in log.finish():
                click.echo(remark, err=True)
            if watch is None:
                context.exit(1 if found.faults else 0)
        time.sleep(watch)


def _print(found: Merged, as_json: bool) -> None:
    if as_json:
        print_json(
            {"merged": dict(found.counts), "faults": dict(found.faults), "remarks": list(found.remarks)}
        )
        return
    for name, count in found.counts.items():
        click.echo(f"{name}: {count} new records")
    for name, fault in found.faults.items():
        click.echo(f"{name}: NOT MERGED: {fault}")
    for remark in found.remarks:
        click.echo(f"note: {remark}", err=True)
