"""``referee credential``: user names and passwords for bots, put where they find them. No command shows a password."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from referee.cli.output import json_option, print_json, print_table
from referee.domain import InputError

if TYPE_CHECKING:
    from referee.credentials import CredentialFile

keyring_option = click.option(
    "--keyring", is_flag=True, help="The keyring of the system instead of the encrypted file."
)


@click.group(
    epilog="""Example:

    referee credential set "ap portal" --user apbot"""
)
def credential() -> None:
    """User names and passwords for bots (`Get Credential`), in an encrypted file or the keyring of the system."""


@credential.command("set")
@click.argument("name")
@click.option("--user", default=None, help="The user name; asked for if left out.")
@keyring_option
@click.option("--from-env", "variable", help="Take the password from this environment variable.")
@click.option("--stdin", "from_stdin", is_flag=True, help="Take the password from standard input.")
def set_(name: str, user: str | None, keyring: bool, variable: str | None, from_stdin: bool) -> None:
    """Keep a user name and password. The password is asked for, hidden, and never an argument.

    A credential of this name is replaced.
    """
    from referee.credentials import Credential, SystemKeyring, credential_key

    key = credential_key(name)
    if variable and from_stdin:
        raise InputError("name one source of the password: --from-env or --stdin")
    file = None if keyring else _file()
    held = {} if file is None else file.read()
    if user is None:
        user = "" if variable or from_stdin else str(click.prompt("User", default="", show_default=False))
    password = _password(variable, from_stdin)
    if file is None:
        SystemKeyring().set(key, Credential(user, password))
        click.echo(f"{key} is in the keyring of the system")
        return
    file.write({**held, key: Credential(user, password)})
    click.echo(f"{key} is in {file.path}")


@credential.command("list")
@json_option
def list_(as_json: bool) -> int:
    """The names of the credentials that are kept, and where.

    Ends with 2 when the encrypted file is there and can't be opened, as nobody knows then what it holds.
    """
    from referee.credentials import SystemKeyring

    rows: list[tuple[str, str]] = []
    remarks: list[str] = []
    unread = ""
    try:
        file = _file()
        rows += [(name, str(file.path)) for name in sorted(file.read())]
    except InputError as error:
        unread = f"the credentials of the encrypted file can't be read: {error}"
        remarks.append(unread)
    try:
        rows += [(name, "keyring") for name in SystemKeyring().names()]
    except InputError as error:
        remarks.append(str(error))
    if as_json:
        print_json(
            {"credentials": [{"name": name, "place": place} for name, place in rows], "remarks": remarks}
        )
        return 2 if unread else 0
    if rows:
        print_table(("name", "place"), rows)
    elif not unread:
        click.echo("no credentials are kept")
    for remark in remarks:
        if remark != unread:
            click.echo(f"remark: {remark}")
    if unread:
        raise InputError(unread)
    return 0


@credential.command("remove")
@click.argument("name")
@keyring_option
def remove(name: str, keyring: bool) -> int:
    """Forget a credential. Ends with 1 when there is none of this name."""
    from referee.credentials import SystemKeyring, credential_key

    key = credential_key(name)
    if keyring:
        was_there = SystemKeyring().remove(key)
    else:
        file = _file()
        held = file.read()
        was_there = held.pop(key, None) is not None
        if was_there:
            file.write(held)
    click.echo(f"{key} is forgotten" if was_there else f"there is no credential {key} there")
    return 0 if was_there else 1


@credential.group("key")
def key() -> None:
    """The key that opens the encrypted file."""


@key.command("new")
@click.argument("path", required=False, type=click.Path(path_type=Path))
def new(path: Path | None) -> None:
    """Make a key, readable by its owner only, at PATH or in the user's configuration. It never replaces one."""
    from referee.credentials import new_key_file

    made = new_key_file(path)
    click.echo(
        f"{made}: keep a copy where only those may read it who may know the passwords; nothing opens the file"
    )
    click.echo("of credentials without it")
    if path is not None:
        click.echo(f"set REFEREE_CREDENTIALS_KEY={made} for the bots")


def _file() -> CredentialFile:
    from referee.credentials import credential_file

    return credential_file(os.environ)


def _password(variable: str | None, from_stdin: bool) -> str:
    if variable:
        password = os.environ.get(variable, "")
        if not password:
            raise InputError(f"the environment variable {variable} isn't set, or empty")
        return password
    if from_stdin:
        password = sys.stdin.read().removesuffix("\n").removesuffix("\r")
        if not password:
            raise InputError("standard input holds no password")
        return password
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
