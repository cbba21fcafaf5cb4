"""``referee model``: approve a model for the bots, and make the keys to approve with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from referee.cli.key_files import write_key_files
from referee.domain import InputError, ModelError
from referee.files import write_whole

if TYPE_CHECKING:
    from referee.scoring import Model


@click.group(
    epilog="""Example:

    referee model approve models/loan_denial --key ~/alice.key"""
)
def model() -> None:
    """Approve models, and make the keys to approve with."""


@model.command(
    epilog="""Example:

    referee model approve models/loan_denial --key ~/alice.key"""
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--key",
    required=True,
    type=click.Path(path_type=Path),
    help="Your private key (`referee model keys new`).",
)
@click.option("--as", "approver", help="Your name among the approvers, if the key's file has another.")
@click.option("--passphrase", is_flag=True, help="Ask for the passphrase of the key.")
@click.option("--yes", is_flag=True, help="Sign without asking whether all that is right.")
def approve(folder: Path, key: Path, approver: str | None, passphrase: bool, yes: bool) -> None:
    """Sign the card of the model in FOLDER, and with it the hashes of all files of the model.

    The files are checked against the card, and the compiled form against scikit-learn, with which it has to agree to
    1e-9; if not, nothing is signed. What you sign for is shown in short, all of it stands in the card. The signature
    goes into approval.json beside the card.
    """
    from referee.cli.model_summary import summary
    from referee.scoring.approval import APPROVAL_FILE, read_approvers_key
    from referee.scoring.approval import approve as signed
    from referee.scoring.store import ModelStore

    folder = Path.cwd() / folder  # not resolved: a link stays one, and is refused
    model, content = ModelStore(folder.parent).to_approve(folder.name)
    private = read_approvers_key(key, _asked_passphrase(passphrase, again=False))
    name = approver or key.stem
    for line in summary(model, _compared(model)):
        click.echo(line)
    if not yes:
        click.confirm(f"Sign this as {name}?", abort=True)
    date = datetime.now(UTC).date().isoformat()
    path = folder / APPROVAL_FILE
    _write(path, signed(model.name, model.version, content, name, private, date))
    click.echo(f"{model.name} {model.version} is approved by {name}: {path}")


def _compared(model: Model) -> str:
    """What comparing the compiled form with scikit-learn says. Raises `ModelError` where they differ."""
    from referee.scoring.parity import TOLERANCE

    compared = model.compare()
    if compared is None:
        return "scikit-learn scores; there is no compiled form"
    rows, difference = compared
    if not difference <= TOLERANCE:
        raise ModelError(
            f"model {model.name}: its compiled form gives other probabilities than scikit-learn, by up to "
            f"{difference:.3g} on {rows} cases; train it again, or leave compiled.json out of the files of its card, "
            "so that scikit-learn scores"
        )
    return f"the compiled form agrees with scikit-learn on {rows} cases, to {difference:.1e}"


@model.group()
def keys() -> None:
    """Make keys to approve with.

    Example: referee model keys new alice
    """


@keys.command(
    epilog="""Example:

    referee model keys new alice --folder ~/keys --passphrase"""
)
@click.argument("name")
@click.option(
    "--folder",
    default=".",
    type=click.Path(path_type=Path),
    show_default=True,
    help="Where to put the two files; not into the repository.",
)
@click.option(
    "--passphrase", is_flag=True, help="Lock the private key with a passphrase, which is asked for."
)
def new(name: str, folder: Path, passphrase: bool) -> None:
    """Make a private key NAME.key, for this person alone, and a public key NAME.pub for the bots' machines."""
    from referee.scoring.approval import new_keys

    private, public = new_keys(name, _asked_passphrase(passphrase, again=True))
    kept, shown = write_key_files(folder, name, private, public)
    click.echo(f"{kept}: keep it to yourself")
    click.echo(f"{shown}: put it into the folder of approvers on each bot's machine")


def _asked_passphrase(wanted: bool, *, again: bool) -> bytes:
    if not wanted:
        return b""
    text: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=again, err=True)
    return text.encode()


def _write(path: Path, content: bytes) -> None:
    if path.is_symlink():
        raise ModelError(f"{path} is a link; put the file itself there")
    try:
        write_whole(path, content)
    except OSError as error:
        raise InputError(f"{path} can't be written ({error.strerror})") from None
