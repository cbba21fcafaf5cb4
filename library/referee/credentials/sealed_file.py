"""Credentials in one encrypted file: AES-256-GCM, under a key from a file or from a passphrase by scrypt."""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from referee.credentials.credential import Credential
from referee.domain import InputError
from referee.files import configuration_folder, make_folder, write_whole

FILE_VARIABLE = "REFEREE_CREDENTIALS"
KEY_VARIABLE = "REFEREE_CREDENTIALS_KEY"
PASSPHRASE_VARIABLE = "REFEREE_CREDENTIALS_PASSPHRASE"

_FORMAT = "referee credentials 1"
_KEY_MARK = "referee-credentials-key-1:"
_KEY_BYTES, _NONCE_BYTES, _SALT_BYTES = 32, 12, 16
_SCRYPT = {"n": 2**16, "r": 8, "p": 1}
"""64 MB and a fraction of a second for each guess."""


@dataclass(frozen=True, slots=True, repr=False)
class _Lock:
    """What opens the file, and how messages call it."""

    said: str
    key: bytes = b""
    passphrase: bytes = b""

    def key_for(self, salt: bytes) -> bytes:
        if self.key:
            return self.key
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        return Scrypt(salt=salt, length=_KEY_BYTES, **_SCRYPT).derive(self.passphrase)


class CredentialFile:
    """Credentials by name. All of the file is encrypted, the names too; a changed byte is noticed."""

    def __init__(self, path: Path, lock: _Lock | None, missing_lock: str) -> None:
        self.path = path
        self._lock = lock
        self._missing_lock = missing_lock

    def read(self) -> dict[str, Credential]:
        """Empty where the file isn't there. Raises InputError where it can't be opened, telling nothing of it."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise InputError(f"{self.path}: the file can't be read ({error.strerror})") from None
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        lock = self._required_lock()
        try:
            data = json.loads(content)
            salt, nonce, sealed = (base64.b64decode(data[name]) for name in ("salt", "nonce", "sealed"))
            if data["format"] != _FORMAT:
                raise ValueError
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{self.path}: this is no file of credentials; restore it") from None
        try:
            opened = AESGCM(lock.key_for(salt)).decrypt(nonce, sealed, _FORMAT.encode())
        except InvalidTag:
            raise InputError(
                f"{self.path}: {lock.said} doesn't open it, or it was changed; give the right one, or restore the file"
            ) from None
        return {
            name: Credential(entry["user"], entry["password"]) for name, entry in json.loads(opened).items()
        }

    def write(self, credentials: Mapping[str, Credential]) -> None:
        """In one step, readable by its owner only. Raises InputError."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        lock = self._required_lock()
        salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
        plain = json.dumps(
            {name: {"user": one.user, "password": one.password} for name, one in credentials.items()}
        )
        sealed = AESGCM(lock.key_for(salt)).encrypt(nonce, plain.encode(), _FORMAT.encode())
        parts = {"salt": salt, "nonce": nonce, "sealed": sealed}
        data = {"format": _FORMAT, **{name: base64.b64encode(part).decode() for name, part in parts.items()}}
        try:
            make_folder(self.path.parent)
            write_whole(self.path, json.dumps(data) + "\n", mode=0o600)
        except OSError as error:
            raise InputError(f"{self.path}: the file can't be written ({error.strerror})") from None

    def _required_lock(self) -> _Lock:
        if self._lock is None:
            raise InputError(f"{self.path}: {self._missing_lock}")
        return self._lock


def credential_file(environment: Mapping[str, str]) -> CredentialFile:
    """The file and the key that the environment names, or those in the user's configuration. Raises InputError for a
    key that isn't one, or that others may read.
    """
    folder = configuration_folder()
    path = Path(environment.get(FILE_VARIABLE) or folder / "credentials")
    named, passphrase = environment.get(KEY_VARIABLE), environment.get(PASSPHRASE_VARIABLE)
    if named and passphrase:
        raise InputError(f"{KEY_VARIABLE} and {PASSPHRASE_VARIABLE} are both set; keep the one that is meant")
    if passphrase:
        lock = _Lock(f"the passphrase in {PASSPHRASE_VARIABLE}", passphrase=passphrase.encode())
        return CredentialFile(path, lock, "")
    key_path = Path(named) if named else _own_key()
    if named or key_path.exists():
        return CredentialFile(path, _Lock(f"the key {key_path}", key=_read_key(key_path)), "")
    missing = (
        f"there is no key to open it with; name its file in {KEY_VARIABLE} or a passphrase in {PASSPHRASE_VARIABLE}, "
        "or make a key with `referee credential key new`"
    )
    return CredentialFile(path, None, missing)


def new_key_file(path: Path | None = None) -> Path:
    """Makes a key, readable by its owner only, at ``path`` or in the user's configuration. Never replaces one."""
    path = path or _own_key()
    content = _KEY_MARK + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode() + "\n"
    try:
        make_folder(path.parent)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(content)
    except FileExistsError:
        raise InputError(
            f"{path} is there already; a key is never replaced, as it opens what it locked"
        ) from None
    except OSError as error:
        raise InputError(f"{path} can't be written ({error.strerror})") from None
    return path


def _own_key() -> Path:
    return configuration_folder() / "credentials.key"


def _read_key(path: Path) -> bytes:
    try:
        state = path.stat()
        content = path.read_text("ascii", "replace").strip()
    except OSError as error:
        raise InputError(f"the key {path} can't be read ({error.strerror})") from None
    if os.name == "posix" and stat.S_IMODE(state.st_mode) & 0o077:
        raise InputError(
            f"the key {path} may be read by others than its owner; `chmod 600` it, or make a new one"
        )
    try:
        key = base64.b64decode(content.removeprefix(_KEY_MARK), validate=True)
    except ValueError:
        key = b""
    if not content.startswith(_KEY_MARK) or len(key) != _KEY_BYTES:
        raise InputError(f"{path} is no key for credentials; restore it")
    return key
