"""Where a credential is looked for, and in which order."""

from __future__ import annotations

from collections.abc import Mapping

from referee.credentials.credential import Credential, credential_key, variables_of
from referee.credentials.sealed_file import credential_file
from referee.credentials.system_keyring import SystemKeyring
from referee.domain import InputError


def find_credential(name: str, environment: Mapping[str, str]) -> Credential:
    """The credential of this name: from environment variables, else the encrypted file, else the keyring of the system.

    A place that has none is passed over, an encrypted file that can't be opened is not: the password there may differ
    from the one in the keyring. Raises InputError telling each place that was looked in and how to put it there; no
    value is told.
    """
    key = credential_key(name)
    user_variable, password_variable = variables_of(name)
    if password := environment.get(password_variable):
        return Credential(environment.get(user_variable, ""), password)
    file = credential_file(environment)
    held = file.read()
    if key in held:
        return held[key]
    try:
        found = SystemKeyring().get(key)
        if found is not None:
            return found
        keyring_said = "the keyring of the system: it has none of this name"
    except InputError as error:
        keyring_said = str(error)
    file_said = "it has none of this name" if file.path.exists() else "it isn't there"
    raise InputError(
        f"there is no credential {name!r}. Looked in the environment: {password_variable} isn't set; "
        f"the encrypted file {file.path}: {file_said}; {keyring_said}. "
        f"Put it there with `referee credential set {key}`, with `--keyring` for the keyring"
    )
