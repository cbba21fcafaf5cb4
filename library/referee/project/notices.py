"""Telling people that a run failed, by mail or webhook. No fact of a case and no secret is in a notice."""

from __future__ import annotations

import json
import re
import smtplib
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

from referee.credentials import Credential, find_credential
from referee.domain import InputError
from referee.domain.counting import counted

_PATIENCE = 15.0
_PORTS = {"tls": 465, "starttls": 587, "none": 25}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_ADDRESS = re.compile(r"(?:[^<>]*<)?[^@\s,;<>]+@[^@\s,;<>]+>?|[a-z_][a-z0-9_-]*", re.IGNORECASE)
"""Also with a name before it, and the name of a user of this machine."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told about a run. ``counts`` are numbers alone: cases, routes, states."""

    bot: str
    exit_code: int
    happened: str
    started: str
    ended: str
    log_folder: str
    counts: Mapping[str, Any]
    host: str

    @property
    def subject(self) -> str:
        first = (self.happened.splitlines() or [""])[0]
        return f"bot {self.bot} on {self.host}: {first.rstrip(':')}"

    @property
    def text(self) -> str:
        lines = [
            f"bot        {self.bot} on {self.host}",
            f"happened   {self.happened}".replace("\n", "\n           "),
            f"exit code  {self.exit_code}",
            f"run        {self.started} to {self.ended}",
        ]
        for name in ("routes", "states"):
            if self.counts.get(name):
                lines.append(f"{name:<10} {counted(self.counts[name])}")
        if "worklist" in self.counts:
            lines.append(f"worklist   {self.counts['worklist']} waiting for people")
        lines.append(f"log        {self.log_folder or 'none, as nothing was started'}")
        return "\n".join(lines) + "\n"


def host_name() -> str:
    return socket.gethostname()


@dataclass(frozen=True, slots=True)
class _MailServer:
    host: str
    port: int
    security: str

    def __str__(self) -> str:
        return f"{self.host}, port {self.port} (REFEREE_SMTP_HOST, REFEREE_SMTP_PORT)"


def addresses(mail_to: Sequence[str]) -> list[str]:
    """Each on its own: an entry may hold several with commas between them."""
    return [address.strip() for entry in mail_to for address in entry.split(",") if address.strip()]


def check_ways(mail_to: Sequence[str], webhook: str, environment: Mapping[str, str]) -> None:
    """Raises InputError telling every way of telling people that could never work as it is written."""
    faults = [
        f"--mail-to (or REFEREE_MAIL_TO): `{address}` is no address; write one such as rpa@example.org"
        for address in addresses(mail_to)
        if _ADDRESS.fullmatch(address) is None
    ]
    if webhook and not _is_web_address(webhook):
        faults.append(
            "--webhook (or REFEREE_WEBHOOK): write the whole address, beginning with https:// or http://"
        )
    if addresses(mail_to):
        try:
            _mail_server(environment)
        except InputError as error:
            faults.append(str(error))
    if faults:
        raise InputError("\n".join(faults))


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _mail_server(environment: Mapping[str, str]) -> _MailServer:
    host = environment.get("REFEREE_SMTP_HOST") or "localhost"
    security = environment.get("REFEREE_SMTP_SECURITY") or ("none" if host in _LOOPBACK else "starttls")
    if security not in _PORTS:
        raise InputError(f"REFEREE_SMTP_SECURITY is `{security}`; write starttls, tls or none")
    port = environment.get("REFEREE_SMTP_PORT") or str(_PORTS[security])
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise InputError(f"REFEREE_SMTP_PORT is `{port}`; write a number from 1 to 65535, such as 587")
    return _MailServer(host, int(port), security)


def send(notice: Notice, mail_to: Sequence[str], webhook: str, environment: Mapping[str, str]) -> list[str]:
    """Sends it everywhere; gives a sentence for each way that failed. Raises nothing a network or server may do."""
    faults = []
    if mail_to:
        try:
            _mail(notice, mail_to, environment)
        except InputError as fault:
            faults.append(f"the mail could not be sent: {fault}")
    if webhook:
        try:
            _post(notice, webhook)
        except (OSError, ValueError) as fault:
            # The address may hold a token, so only its host is named.
            host = (urlsplit(webhook).hostname if _is_web_address(webhook) else "") or "no host"
            faults.append(f"the webhook ({host}) was not reached: {_words(fault).replace(webhook, '…')}")
    return faults


def _words(fault: Exception) -> str:
    if isinstance(fault, smtplib.SMTPAuthenticationError):
        return "the server refused user and password"  # its own words may repeat them
    if isinstance(fault, smtplib.SMTPResponseException):
        return f"the server answered {fault.smtp_code}"
    if isinstance(fault, urllib.error.HTTPError):
        return f"it answered {fault.code}"
    if isinstance(fault, urllib.error.URLError):
        return _words(fault.reason) if isinstance(fault.reason, Exception) else str(fault.reason)
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror.lower()
    return str(fault) or type(fault).__name__


def _mail(notice: Notice, mail_to: Sequence[str], environment: Mapping[str, str]) -> None:
    mail_server = _mail_server(environment)
    credential = _credential(mail_server.host, environment)
    if credential is not None and mail_server.security == "none" and mail_server.host not in _LOOPBACK:
        raise InputError(
            "user and password are not sent without encryption; set REFEREE_SMTP_SECURITY=starttls or tls"
        )
    message = EmailMessage()
    message["From"] = environment.get("REFEREE_MAIL_FROM") or f"referee@{notice.host}"
    message["To"] = ", ".join(mail_to)
    message["Subject"] = notice.subject
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(notice.text)
    try:
        _hand_over(message, mail_server, credential)
    except (OSError, ValueError) as fault:  # smtplib's own errors are among them
        raise InputError(f"{mail_server}: {_words(fault)}") from None


def _hand_over(message: EmailMessage, to: _MailServer, credential: Credential | None) -> None:
    context = ssl.create_default_context()
    connection = (
        smtplib.SMTP_SSL(to.host, to.port, timeout=_PATIENCE, context=context)
        if to.security == "tls"
        else smtplib.SMTP(to.host, to.port, timeout=_PATIENCE)
    )
    with connection as server:
        if to.security == "starttls":
            server.starttls(context=context)
        if credential is not None:
            server.login(credential.user, credential.password)
        server.send_message(message)


def _credential(host: str, environment: Mapping[str, str]) -> Credential | None:
    """User and password for the mail server, from wherever bots find theirs. None: it is used without."""
    asked_for = environment.get("REFEREE_SMTP_USER") or environment.get("REFEREE_SMTP_PASSWORD")
    if host in _LOOPBACK and not asked_for:
        return None
    try:
        return find_credential("referee smtp", environment)
    except InputError:
        if asked_for:
            raise
        return None


def _post(notice: Notice, webhook: str) -> None:
    if not _is_web_address(webhook):
        raise ValueError("the address has to begin with https:// or http://")
    # `text` is what the webhooks of chat programs show.
    body = json.dumps({"text": f"{notice.subject}\n\n{notice.text}", **asdict(notice)}).encode()
    request = urllib.request.Request(webhook, body, {"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
        answer.read(1)
