"""``referee import``: decisions of other tools as workbooks."""

from __future__ import annotations

import re
from pathlib import Path

import click

from referee.cli.output import json_option, print_json


@click.command(
    name="import",
    epilog="""Example:

    referee import shipping.dmn --to decision_tables/shipping.xlsx""",
)
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    help="The workbook to make; decision_tables/ and the name of the source if not given.",
)
@click.option(
    "--sheet",
    "sheets",
    multiple=True,
    help="Excel in Camunda's layouts: a sheet to take, as often as needed; all that are tables if not given.",
)
@click.option(
    "--outputs",
    default="",
    help="Camunda's simple layout: the outputs, as D,E; the last column if not given.",
)
@click.option(
    "--hit-policy", default="", help="Camunda's simple layout: the hit policy; unique if not given."
)
@json_option
@click.pass_context
def import_(
    context: click.Context,
    source: Path,
    target: Path | None,
    sheets: tuple[str, ...],
    outputs: str,
    hit_policy: str,
    as_json: bool,
) -> None:
    """Make a decision workbook of a decision that another tool keeps.

    SOURCE is a DMN file (1.1 to 1.5), Excel sheets in one of Camunda's layouts (simple, or advanced with Input
    and Output in the first row), or a workbook of boxed tables as pyDMNrules reads them. What a workbook can't hold is
    named with its place, and then nothing is written. An existing workbook is never overwritten.
    """
    from referee.domain import RulesError
    from referee.workbook import SheetLayout, import_decision

    if target is None:
        target = Path("decision_tables") / f"{re.sub(r'[ -]+', '_', source.stem)}.xlsx"
    if target.suffix.casefold() != ".xlsx":
        raise click.UsageError(
            f"--to {target}: decisions are imported to a workbook; end the name with .xlsx"
        )
    layout = SheetLayout(sheets, tuple(outputs.split(",")) if outputs else (), hit_policy)
    try:
        imported = import_decision(source, target, layout)
    except RulesError as error:
        faults = [str(fault) for fault in error.faults]
        if as_json:
            print_json({"source": str(source), "workbook": None, "faults": faults})
        else:
            count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
            click.echo(f"{source}: not imported, {count}")
            for fault in faults:
                click.echo(f"  {fault}")
        context.exit(1)
    if as_json:
        found = {"source": str(source), "workbook": str(imported.path), "faults": []}
        print_json({**found, "tables": list(imported.tables), "notes": list(imported.notes)})
        return
    click.echo(f"{imported.path}: imported from {source}, with the tables {', '.join(imported.tables)}")
    for note in imported.notes:
        click.echo(f"  {note}")
    click.echo(f'  referee check "{imported.path}"')
