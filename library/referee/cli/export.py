"""``referee export``: a decision workbook as DMN."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

import click


@click.command(
    epilog="""Example:

    referee export decision_tables/shipping.xlsx --to shipping.dmn"""
)
@click.argument("workbook", type=click.Path(path_type=Path))
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), help="The DMN file to write.")
@click.option(
    "--dmn-version",
    default="1.3",
    show_default=True,
    type=click.Choice(["1.3", "1.5"]),
    help="The version of DMN; 1.3 is what Camunda Modeler and dmn-js open.",
)
def export(workbook: Path, target: Path, dmn_version: str) -> None:
    """Write the decision WORKBOOK as a DMN file that decides the same, with a diagram.

    Facts become input data with their allowed values, tables become decisions, and models become decisions whose values
    must be supplied. Settings and marks of facts stand in descriptions, and `referee import` understands them. Tests
    and changes stay in the workbook. An existing file is never overwritten.
    """
    from referee.dmn import write_definitions
    from referee.domain import InputError
    from referee.workbook import definitions_of, read_workbook

    if target.suffix.casefold() != ".dmn":
        raise click.UsageError(f"--to {target}: the decision is written as DMN; end the name with .dmn")
    if target.exists():
        raise InputError(f"{target}: this file exists; name another with --to, or remove the file")
    if not target.absolute().parent.is_dir():
        raise InputError(f"{target}: there is no folder {target.parent}; make it, or name another file")
    read = read_workbook(workbook)
    write_definitions(definitions_of(read), target, cast(Literal["1.3", "1.5"], dmn_version))
    click.echo(f"{target}: written as DMN {dmn_version}, with {_counted(len(read.tables), 'decision')}")
    if read.models:
        click.echo(
            f"  not in the file: the logic of {', '.join(model.node for model in read.models)}; supply the scores"
        )
    left = [_counted(len(read.tests), "test"), _counted(len(read.changes), "change")]
    click.echo(f"  not in the file: {' and '.join(left)}")


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
