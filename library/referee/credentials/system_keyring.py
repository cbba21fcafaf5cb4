"""Credentials in the keyring of the system: Windows Credential Manager, macOS Keychain, Secret Service of Linux."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from referee.credentials.credential import Credential
from referee.domain import InputError

_SERVICE = "referee"
_NAMES = "referee names"
"""Keyrings don't list what they hold, so the names stand in an entry of their own."""


class SystemKeyring:
    """What the user's keyring holds for bots. Each call raises InputError where there is none, or it stays locked."""

    def get(self, key: str) -> Credential | None:
        with _library() as keyring:
            held = keyring.get_password(_SERVICE, key)
        if held is None:
            return None
        try:
            data = json.loads(held)
            return Credential(str(data["user"]), str(data["password"]))
        except (ValueError, KeyError, TypeError):
            raise InputError(
                f"the keyring of the system: its entry {key} was not made by Referee; remove it, and set it anew"
            ) from None

    def set(self, key: str, credential: Credential) -> None:
        with _library() as keyring:
            keyring.set_password(
                _SERVICE, key, json.dumps({"user": credential.user, "password": credential.password})
            )
            self._keep_names(keyring, sorted({*self._names(keyring), key}))

    def remove(self, key: str) -> bool:
        """False when there was none."""
        with _library() as keyring:
            if keyring.get_password(_SERVICE, key) is None:
                return False
            keyring.delete_password(_SERVICE, key)
            self._keep_names(keyring, [name for name in self._names(keyring) if name != key])
        return True

    def names(self) -> list[str]:
        with _library() as keyring:
            return self._names(keyring)

    def _names(self, keyring: Any) -> list[str]:
        return [name for name in (keyring.get_password(_NAMES, "names") or "").split("\n") if name]

    def _keep_names(self, keyring: Any, names: list[str]) -> None:
        keyring.set_password(_NAMES, "names", "\n".join(names))


@contextmanager
def _library() -> Iterator[Any]:
    try:
        import keyring
        from keyring.errors import KeyringError, NoKeyringError
    except ImportError:
        raise InputError(
            "the keyring of the system: the package keyring isn't installed "
            "(`pip install robotframework-referee[credentials]`)"
        ) from None
    try:
        yield keyring
    except NoKeyringError:
        raise InputError("the keyring of the system: this session has none") from None
    except (KeyringError, OSError, RuntimeError) as error:
        # What a backend says may quote what it was given.
        raise InputError(f"the keyring of the system: it can't be used ({type(error).__name__})") from None
