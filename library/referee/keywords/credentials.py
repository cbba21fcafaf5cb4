"""Keywords for logging on without a password in the bot, its log or its arguments."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from robot.api import logger
from robot.api.deco import keyword
from robot.utils import DotDict

from referee.keywords.bot import Bot

if TYPE_CHECKING:
    from referee.credentials import Credential


class CredentialKeywords:
    """Take credentials from where the machine keeps them."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    @keyword(tags=["credentials"])
    def get_credential(self, name: str) -> DotDict:
        """The ``user`` and ``password`` of this name; the password is a ``Secret``, which no log shows.

        Looks in three places, in this order: the environment variables ``NAME_USER`` and ``NAME_PASSWORD`` (for *ap
        portal* ``AP_PORTAL_USER`` and ``AP_PORTAL_PASSWORD``); the encrypted file; the keyring of the system. The
        command ``referee credential set`` puts it into the latter two. If it is in none, the keyword fails and tells
        where it looked. It also fails if the encrypted file is there and can't be opened.

        Pass the password on as it is to keywords that take a secret, such as ``Input Password`` of SeleniumLibrary. In
        Python it is ``password.value``.

        | ${portal}    `Get Credential`    ap portal
        | Input Text        name:user        ${portal}[user]
        | Input Password    name:password    ${portal}[password]
        """
        from robot.api.types import Secret

        found = self._found(name)
        return DotDict(user=found.user, password=Secret(found.password))

    @keyword(tags=["credentials"])
    def export_credential(self, name: str) -> None:
        """Puts a credential into the environment variables ``NAME_USER`` and ``NAME_PASSWORD``, for resources and
        programs that take it from there. Programs started before don't see it, those started afterwards do.

        | `Export Credential`    ap portal
        | Open Accounts Payable Portal
        """
        from referee.credentials import variables_of

        found = self._found(name)
        os.environ.update(zip(variables_of(name), (found.user, found.password), strict=True))
        logger.info(f"the credential {name} is in the environment now")

    def _found(self, name: str) -> Credential:
        from referee.credentials import find_credential

        found = find_credential(name, os.environ)
        self._bot.secrets.keep(found.password)
        return found
