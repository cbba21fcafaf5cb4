"""``referee audit verify`` and ``referee audit key``: prove that the log is what was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from referee.cli.key_files import write_key_files
from referee.cli.output import json_option, print_json, progress_of_bytes, progress_of_items

if TYPE_CHECKING:
    from referee.audit import Verification


@click.command(
    "verify",
    epilog="""Example:

    referee audit verify output/audit --checkpoints /mnt/second/checkpoints --keys bots.pub""",
)
@click.argument("folder", default="output/audit", type=click.Path(path_type=Path))
@click.option(
    "--checkpoints",
    type=click.Path(path_type=Path),
    help="The folder of signed checkpoints.  [default: $REFEREE_CHECKPOINTS]",
)
@click.option(
    "--keys",
    type=click.Path(path_type=Path),
    help="The public key that checkpoints are signed with, or a folder of such keys.  "
    "[default: the .pub beside $REFEREE_CHECKPOINT_KEY]",
)
@click.option(
    "--archive",
    "archives",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A folder with older files of the log; may be given several times.",
)
@click.option(
    "--contents", is_flag=True, help="Also check each record against the published schema; takes longer."
)
@click.option(
    "--index",
    "is_index_compared",
    is_flag=True,
    help="Also compare the index of the log with it, row by row; takes longer.",
)
@json_option
@click.pass_context
def verify_log(
    context: click.Context,
    folder: Path,
    checkpoints: Path | None,
    keys: Path | None,
    archives: tuple[Path, ...],
    contents: bool,
    is_index_compared: bool,
    as_json: bool,
) -> None:
    """Check every record of the log in FOLDER, and name what is not as it was written.

    Ends with 1 when something is wrong, when files of the log are elsewhere and not named with --archive, and
    when checkpoints are asked for and there are none of this log. With --index also when an index of the log says
    something else than the log, as a bot that believes it may do a case again.
    """
    from referee.audit import verify
    from referee.audit.index_check import differing_indexes, has_index
    from referee.audit.settings import checkpoints_folder, public_keys

    with progress_of_bytes("verifying") as progress:
        found = verify(
            folder,
            archives=archives,
            checkpoints=checkpoints or checkpoints_folder(),
            keys=keys or public_keys(),
            contents=contents,
            progress=progress,
        )
    index_faults: list[str] = []
    skipped: list[str] = []
    if is_index_compared and found.intact:
        with progress_of_items("comparing the index") as progress:
            index_faults, skipped = differing_indexes(folder, progress)
    elif has_index(folder):
        why = ", which isn't what was written" if is_index_compared else ": add --index"
        skipped = [f"the index was not compared with the log{why}"]
    found = replace(found, not_verifiable=(*found.not_verifiable, *skipped))
    if as_json:
        _print_json(found, index_faults)
    else:
        _print(found)
        for fault in index_faults:
            click.echo(f"  {fault}")
    is_sound = found.intact and found.complete and not found.unvouched and not index_faults
    context.exit(0 if is_sound else 1)


def _print_json(found: Verification, index_faults: Sequence[str]) -> None:
    print_json(
        {
            "path": str(found.path),
            "records": found.records,
            "segments": found.segments,
            "head": found.head,
            "intact": found.intact,
            "complete": found.complete,
            "faults": [str(fault) for fault in found.faults],
            "absent": [{"first": one.first, "last": one.last} for one in found.absent],
            "sealed": len(found.sealed),
            "unfinished_bytes": found.unfinished.size if found.unfinished else 0,
            "checkpoints": found.checkpoints,
            "backed": found.backed,
            "unvouched": found.unvouched,
            "not_verifiable": list(found.not_verifiable),
            "index_faults": list(index_faults),
        }
    )


def _print(found: Verification) -> None:
    state = (
        "NOT INTACT" if not found.intact else "intact" if found.complete else "intact as far as it is here"
    )
    files = f" in {found.segments} files" if found.segments > 1 else ""
    click.echo(f"{found.path}: {found.records} records{files}, {state}")
    for fault in found.faults:
        click.echo(f"  {fault}")
    for sealed in found.sealed:
        click.echo(
            f"  {sealed.place}: an unfinished line of {sealed.size} bytes was sealed; nobody had a receipt for it"
        )
    if found.unfinished:
        click.echo(f"  {found.unfinished}")
    if found.checkpoints:
        number = (
            "1 checkpoint vouches" if found.checkpoints == 1 else f"{found.checkpoints} checkpoints vouch"
        )
        which = "record" if found.backed == 1 else f"{found.backed} records"
        click.echo(f"  {number} for the first {which}")
    if found.unvouched:
        click.echo(f"  {found.unvouched}")
    for remark in found.not_verifiable:
        click.echo(f"  not verifiable: {remark}")


@click.group(
    epilog="""Example:

    referee audit key new bots --folder ~/keys"""
)
def key() -> None:
    """Make the key that checkpoints of the log are signed with."""


@key.command(
    epilog="""Example:

    referee audit key new bots --folder ~/keys"""
)
@click.argument("name")
@click.option(
    "--folder",
    default=".",
    type=click.Path(path_type=Path),
    show_default=True,
    help="Where to put the two files; neither beside the log nor into the repository.",
)
def new(name: str, folder: Path) -> None:
    """Make a private key NAME.key for the bots' machine, and a public key NAME.pub for those who verify."""
    from referee.signing import key_pair

    kept, shown = write_key_files(folder, name, *key_pair())
    click.echo(f"{kept}: name it in REFEREE_CHECKPOINT_KEY on the bots' machine, readable by the bots alone")
    click.echo(f"{shown}: give it to those who verify (`referee audit verify --keys {shown.name}`)")
