"""``referee check``: every fault of decision workbooks at once."""

from __future__ import annotations

from pathlib import Path

import click

from referee.cli.output import json_option, print_json


@click.command(
    epilog="""Example:

    referee check decision_tables/*.xlsx"""
)
@click.argument("workbooks", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--models", default="models", type=click.Path(path_type=Path), show_default=True, help="The models."
)
@json_option
@click.pass_context
def check(context: click.Context, workbooks: tuple[Path, ...], models: Path, as_json: bool) -> None:
    """Report every fault of the WORKBOOKS with sheet and cell, what was found and how to mend it.

    The models that a workbook names are checked too: present, unchanged, and of the right version. DMN files (.dmn) are
    checked like workbooks.
    """
    from referee.dmn import read_model
    from referee.domain import ModelError, RulesError
    from referee.scoring import ModelStore
    from referee.workbook import read_workbook

    found: dict[str, list[str]] = {}
    for path in workbooks:
        faults = found.setdefault(str(path), [])
        try:
            if path.suffix.casefold() == ".dmn":
                read_model(path).check()
                continue
            workbook = read_workbook(path)
        except RulesError as error:
            faults.extend(str(fault) for fault in error.faults)
            continue
        for model in workbook.models:
            try:
                ModelStore(models).load(model.folder, model.version)
            except ModelError as error:
                faults.append(f"{model.place}: {error}")
    if as_json:
        print_json({"workbooks": [{"path": path, "faults": faults} for path, faults in found.items()]})
    else:
        for name, faults in found.items():
            count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
            click.echo(f"{name}: {count if faults else 'no faults'}")
            for fault in faults:
                click.echo(f"  {fault}")
    context.exit(1 if any(found.values()) else 0)
