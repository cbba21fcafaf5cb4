"""The ``referee`` command: its groups, and how errors end."""

from __future__ import annotations

import io
import sys

import click

from referee import __version__
from referee.cli.audit import audit
from referee.cli.check import check
from referee.cli.credential import credential
from referee.cli.decide import decide
from referee.cli.diff import diff
from referee.cli.explain import explain
from referee.cli.export import export
from referee.cli.import_ import import_
from referee.cli.model import model
from referee.cli.model_add import add
from referee.cli.new import new
from referee.cli.queue import queue
from referee.cli.replay import replay
from referee.cli.run import run
from referee.cli.schedule import schedule
from referee.cli.show import show
from referee.cli.test import test
from referee.cli.train import train
from referee.cli.worklist import worklist
from referee.domain import RefereeError


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""Example:

    referee decide decision_tables/loan_applications.xlsx --cases applications.csv --out decided.xlsx""",
)
@click.version_option(__version__, prog_name="referee")
def cli() -> None:
    """Decide cases by rules that people keep in Excel, and read what was decided.

    Every command ends with 0 when all is well, 1 when it found something to mend, and 2 when it can't use what it was
    given.
    """


for command in (
    new,
    run,
    schedule,
    import_,
    export,
    decide,
    check,
    worklist,
    queue,
    credential,
    audit,
    test,
    diff,
    replay,
    show,
    explain,
    train,
    model,
):
    cli.add_command(command)
model.add_command(add)


def main() -> None:
    """Run the command. An error is one clear message and exit code 2, never a traceback."""
    # What is printed may hold any letter; where the terminal or file can't take it, show its code instead of stopping.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.exit(cli(prog_name="referee", standalone_mode=False))  # click gives a command's exit code back
    except RefereeError as error:
        click.echo(f"referee: {error}", err=True)
        sys.exit(2)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx is not None else "referee"
        click.echo(f"referee: {error.format_message().rstrip('.')} (see `{command} --help`)", err=True)
        sys.exit(2)
    except click.ClickException as error:
        click.echo(f"referee: {error.format_message()}", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("referee: stopped", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
