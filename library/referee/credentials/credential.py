"""A credential, and the one name it has everywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass

from referee.domain import InputError

_NO_LETTERS = re.compile(r"\W+")


@dataclass(frozen=True, slots=True, repr=False)
class Credential:
    """Who logs on, and with what. Its text tells neither."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Credential(<secret>)"


def credential_key(name: str) -> str:
    """``ap portal``, ``AP-Portal`` and ``AP_PORTAL`` are one name: AP_PORTAL. Raises InputError for a blank one."""
    key = _NO_LETTERS.sub("_", name).strip("_").upper()
    if not key:
        raise InputError(f"{name!r} is no name for a credential; use letters and digits")
    return key


def variables_of(name: str) -> tuple[str, str]:
    """The environment variables for user and password: ``AP_PORTAL_USER`` and ``AP_PORTAL_PASSWORD``."""
    key = credential_key(name)
    return f"{key}_USER", f"{key}_PASSWORD"
