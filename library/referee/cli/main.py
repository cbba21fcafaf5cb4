"""The ``referee`` command: its groups, and how errors end."""

from __future__ import annotations

import sys

import click

from referee import __version__
from referee.cli.audit import audit
from referee.cli.check import check
from referee.cli.decide import decide
from referee.cli.worklist import worklist
from referee.domain import RefereeError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="referee")
def cli() -> None:
    """Decide cases by rules that people keep in Excel, and read what was decided.

    Every command ends with 0 when all is well, 1 when it found something to mend, and 2 when it can't use what it was
    given.
    """


for command in (decide, check, worklist, audit):
    cli.add_command(command)


def main() -> None:
    """Run the command. An error is one clear message and exit code 2, never a traceback."""
    try:
        cli(standalone_mode=False)
    except RefereeError as error:
        click.echo(f"referee: {error}", err=True)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("referee: stopped", err=True)
        sys.exit(130)
