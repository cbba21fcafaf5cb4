"""Secrets of a bot, which must not stand in the audit log, in log.html or in output.xml, whatever quotes them."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError
from robot.utils import escape

MARK = "<secret>"
"""What stands in a secret's place, as Robot Framework writes it."""

_SHORTEST = 3
"""Characters; what is shorter stands in too many texts."""

_SHORTEST_FORM = 6

_FAULTS = frozenset({"FAIL", "ERROR", "WARN"})


class KnownSecrets:
    """Takes the secrets that a bot was seen to hold out of texts.

    Robot Framework keeps a ``Secret`` out of its log, but not what a library says about its value, such as an error
    that quotes a password, as it is or in the form in which it was sent. Known are those of `Get Credential`, and the
    secrets in variables and arguments, also in lists and dictionaries, when an action begins and when something goes
    wrong. As a listener this looks after log.html and output.xml too.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()
        self._texts: tuple[str, ...] = ()

    def keep(self, secret: str) -> None:
        """Takes note of a secret, whatever becomes of it."""
        found = set(self._known)
        _gather(secret, found, 0, within=True)
        self._know(found)

    def learn(self, values: Iterable[Any] = ()) -> None:
        """Takes note of secrets among the values and in all variables that can be seen now."""
        found = set(self._known)
        for value in values:
            _gather(value, found, 0)
        try:
            for value in BuiltIn().get_variables(no_decoration=True).values():
                _gather(value, found, 0)
        except RobotNotRunningError:
            pass
        self._know(found)

    def _know(self, found: set[str]) -> None:
        if len(found) > len(self._known):
            self._known = frozenset(found)
            forms = {form for text in found for form in _forms(text)}
            self._texts = tuple(sorted(forms, key=len, reverse=True))

    def without(self, value: Any) -> Any:
        """A text, or a mapping or list of such, in which no known secret stands."""
        if isinstance(value, str):
            for text in self._texts:
                value = value.replace(text, MARK)
            return value
        if isinstance(value, Mapping):
            return {self.without(name): self.without(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.without(item) for item in value]
        return value

    def log_message(self, message: Any) -> None:
        """Called by Robot Framework for each message, before it is written anywhere."""
        if message.level in _FAULTS:
            self.learn()
        cleaned = message.message
        for text in self._texts:
            cleaned = cleaned.replace(text, html.escape(MARK) if message.html else MARK)
            if message.html:
                cleaned = cleaned.replace(html.escape(text), html.escape(MARK))
        if cleaned != message.message:
            message.message = cleaned

    def end_keyword(self, data: Any, result: Any) -> None:
        """Called by Robot Framework when a keyword has ended."""
        self._clean(result)
        result.args = tuple(
            self.without(argument) if isinstance(argument, str) else argument for argument in result.args
        )

    def end_for_iteration(self, data: Any, result: Any) -> None:
        """Called by Robot Framework when a round of a loop has ended; its variables are shown."""
        for name, value in result.assign.items():
            result.assign[name] = self.without(value)

    def end_test(self, data: Any, result: Any) -> None:
        """Called by Robot Framework when a task has ended."""
        self._clean(result)

    def end_suite(self, data: Any, result: Any) -> None:
        """Called by Robot Framework when a suite has ended."""
        self._clean(result)

    def _clean(self, result: Any) -> None:
        cleaned = self.without(result.message)
        if cleaned != result.message:
            result.message = cleaned


def is_secret(value: Any) -> bool:
    """Whether a value is a secret by its type: that of Robot Framework, or one of the same name, as vaults have."""
    return any(base.__name__ == "Secret" for base in type(value).__mro__)


def _gather(value: Any, found: set[str], depth: int, within: bool = False) -> None:
    if isinstance(value, str):
        if within and len(value) >= _SHORTEST:
            found.add(value)
            found.update(line for line in value.splitlines() if len(line.strip()) >= _SHORTEST)
    elif depth > 4:
        return
    elif isinstance(value, Mapping):
        for item in value.values():
            _gather(item, found, depth + 1, within or is_secret(value))
    elif isinstance(value, list | tuple):
        for item in value:
            _gather(item, found, depth + 1, within)
    elif is_secret(value):
        _gather(getattr(value, "value", None), found, depth + 1, True)


def _forms(secret: str) -> Iterator[str]:
    """The secret as it is, and as it stands in addresses, JSON, HTML, texts of Python and of robots, headers."""
    yield secret
    forms = [
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        ascii(secret)[1:-1],
        escape(secret),
        escape(secret).replace("\\=", "="),
        html.escape(secret),
        html.escape(secret, quote=False),
        secret.encode().hex(),
        secret.encode().hex().upper(),
    ]
    for shift in range(3):
        # In `user:password` the password may begin at any of three places within a group of base64, and share its first
        # and last sign with its neighbours.
        content = bytes(shift) + secret.encode()
        kept = len(secret.encode()) * 8
        first = -(-shift * 8 // 6)
        last = (shift * 8 + kept) // 6
        for encoded in (base64.b64encode(content), base64.urlsafe_b64encode(content)):
            forms.append(encoded.decode()[first:last])
    yield from (form for form in forms if len(form) >= _SHORTEST_FORM)
