"""Robot Framework library: terminal screens by what they show. Fields are found beside their labels, never by numbers.

Works on the connection of the library ``Mainframe3270``, which has to be imported too; its own keywords can be used
beside these. Nothing here sleeps: each keyword waits until the host has unlocked the keyboard and shows the screen.

    Open Terminal      mainframe.example:23
    Wait For Screen    CDSK00
    Type Into Field    USERID    ${user}
    Type Into Field    PASSWORD    ${password}
    Press Key          ENTER    CDSK10

A screen goes by the first text on it. What is not there as it was raises an error that begins with ``the screen
changed:``.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robot.api import logger
from robot.api.deco import keyword
from robot.api.types import Secret
from robot.libraries.BuiltIn import BuiltIn

from resources.legacy.screen_picture import html_page, html_picture
from resources.legacy.terminal_screen import CODE_PAGE, ScreenChanged, TerminalScreen, screen_in

if TYPE_CHECKING:
    from Mainframe3270.py3270 import Emulator

PATIENCE = 20.0
PATIENCE_AT_END = 10.0
# A host may unlock the keyboard before it has drawn all; a screen that stays longer than this is what it wants to show.
SETTLING = 2.0
KEY = re.compile(r"ENTER|CLEAR|PF(?:[1-9]|1\d|2[0-4])|PA[1-3]")


class HostLost(Exception):
    """There is no host to talk to, or it doesn't answer any more."""

    ROBOT_SUPPRESS_NAME = True


class NotToBeTyped(Exception):
    """A key or text that terminals don't have; nothing has been typed."""

    ROBOT_SUPPRESS_NAME = True


@keyword
def open_terminal(address: str) -> None:
    """Connect to ``host:port``. The terminal program, s3270 (on Windows ws3270), ends with this run."""
    program = "ws3270" if os.name == "nt" else "s3270"
    if not shutil.which(program):
        raise HostLost(
            f"the terminal program {program} is not installed (on Debian: apt-get install s3270; on Windows: "
            "wc3270 from x3270.miraheze.org, its folder in the PATH)"
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise HostLost(
            f"'{address}' is no address of a host; write name and port, such as mainframe.example:23"
        )
    try:
        with _left_alone_by_ctrl_c():
            _mainframe().open_connection(host, port=int(port), extra_args=["-codepage", CODE_PAGE])
    except Exception as error:
        # Mainframe3270 lets through whatever happens to its pipes, as ValueError, OSError or errors of its own.
        close_terminal()
        raise HostLost(f"no terminal connection to {address}: {_why_not(host, int(port), error)}") from error
    _command("Set(AidWait,false)")


@keyword
def close_terminal() -> None:
    """End the terminal program. May be called when none is open."""
    mainframe = _mainframe()
    for connection in mainframe.cache:
        _end(connection)
    mainframe.cache.empty_cache()


@keyword
def wait_for_screen(*names: str, patience: float = PATIENCE) -> str:
    """Wait until one of the screens is there and the keyboard is unlocked; returns its name.

    Any other screen that the host leaves there is one that has changed, or a new one.
    """
    until = time.monotonic() + patience
    settled = False
    while True:
        screen = _screen()
        if screen.name in names and not screen.locked:
            return screen.name
        if not screen.locked and not settled:
            until, settled = min(until, time.monotonic() + SETTLING), True
        left = until - time.monotonic()
        if left <= 0:
            raise _unexpected(screen, names, patience)
        # Ends when the host draws something; a short while, as it may have drawn just before.
        with contextlib.suppress(_TimeOut):
            _command(f"Wait({min(left, 0.2):.2f},{'Unlock' if screen.locked else 'Output'})")


@keyword
def press_key(key: str, *names: str, patience: float = PATIENCE) -> str:
    """Press ``ENTER``, ``CLEAR``, ``PF1`` to ``PF24`` or ``PA1`` to ``PA3``, then wait for one of the screens."""
    if not KEY.fullmatch(key):
        raise NotToBeTyped(f"'{key}' is no key; the keys are ENTER, CLEAR, PF1 to PF24 and PA1 to PA3")
    _unlocked_screen()
    _command(key.capitalize() if key in ("ENTER", "CLEAR") else f"{key[:2]}({key[2:]})")
    return wait_for_screen(*names, patience=patience)


@keyword
def type_into_field(label: str, text: str | Secret) -> None:
    """Fill the field that stands beside a label, and read back whether all of it arrived."""
    value = text.value if isinstance(text, Secret) else text
    screen = _unlocked_screen()
    entry = screen.entry_beside(label)
    shown = "what is to be typed" if isinstance(text, Secret) else f"'{value}'"
    if not value.isprintable() or value.encode(CODE_PAGE, errors="ignore").decode(CODE_PAGE) != value:
        raise NotToBeTyped(f"refused: {shown} holds characters that the field {label} can't hold")
    if len(value) > entry.length:
        raise ScreenChanged(
            f"the field {label} of {screen.name} has {entry.length} places, and {shown} needs {len(value)}"
        )
    try:
        for command in (f"MoveCursor({entry.row - 1},{entry.column - 1})", "EraseEOF"):
            _command(command)
        for letter in value:
            _command(f"Key(U+{ord(letter):04X})")
    except HostLost:
        # The words of the terminal program repeat what was typed.
        raise HostLost(f"the field {label} of {screen.name} can't be typed into") from None
    arrived = _screen().entry_beside(label)
    if arrived.content != value:
        found = "something else" if isinstance(text, Secret) or arrived.hidden else f"'{arrived.content}'"
        typed = "what was typed" if isinstance(text, Secret) else shown
        raise ScreenChanged(f"the field {label} of {screen.name} holds {found}, not {typed}")


@keyword
def read_field(label: str) -> str:
    """What stands beside a label."""
    return _screen().text_beside(label)


@keyword
def read_from_screen(pattern: str) -> list[str]:
    """All texts on the screen that fit a regular expression, from top to bottom; of groups, the first one."""
    return [str(match[match.re.groups and 1]) for match in re.finditer(pattern, "\n".join(_screen().lines))]


@keyword
def take_screen_picture(path: str) -> str:
    """Write the screen to an HTML file and show it in the log; returns the file. Hidden fields stay hidden."""
    screen = _screen()
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(html_page(screen), encoding="utf-8")
    logger.info(html_picture(screen), html=True)
    return str(file)


def _why_not(host: str, port: int, error: Exception) -> str:
    """The terminal program says it in several lines, which Mainframe3270 can't read; so the host is asked once more."""
    try:
        socket.create_connection((host, port), timeout=PATIENCE_AT_END).close()
    except OSError as fault:
        return f"nothing answers there ({fault.strerror or fault})"
    return "the terminal program has ended" if isinstance(error, ValueError | OSError) else str(error)


class _TimeOut(HostLost):
    """The terminal program has waited as long as it was told to."""


def _unexpected(screen: TerminalScreen, names: tuple[str, ...], patience: float) -> Exception:
    if screen.locked:
        return HostLost(
            f"the host did not answer within {patience:g} seconds; the screen still shows: {screen.summary}"
        )
    return ScreenChanged(f"{' or '.join(names)} was expected, and the host shows: {screen.summary}")


def _unlocked_screen() -> TerminalScreen:
    """To type on. What is typed on a locked one would be kept, and sent to whatever screen comes next."""
    screen = _screen()
    if screen.locked:
        raise HostLost(f"the host is still at work, so nothing was typed; the screen shows: {screen.summary}")
    return screen


def _screen() -> TerminalScreen:
    command = _command("ReadBuffer(Unicode)")
    status = command.status_line.decode("ascii").split()
    if not status[3].startswith("C("):
        raise HostLost("the host has closed the connection")
    return screen_in([line.decode("ascii") for line in command.data], locked=status[0] != "U")


def _command(text: str) -> Any:
    """Let the terminal program do something. Raises ``HostLost`` in its words when it can't."""
    from Mainframe3270.py3270 import Command, CommandError

    emulator = _emulator()
    command = Command(emulator.app, text.encode("ascii"))
    try:
        command.execute()
    except CommandError as error:
        kind = _TimeOut if "timed out" in str(error).casefold() else HostLost
        raise kind(f"the terminal says: {error}") from error
    except (OSError, ValueError) as error:
        raise HostLost("the terminal program has ended") from error
    return command


def _emulator() -> Emulator:
    mainframe = _mainframe()
    if not mainframe.cache:
        raise HostLost("no terminal is open")
    emulator: Emulator = mainframe.mf
    return emulator


def _mainframe() -> Any:
    return BuiltIn().get_library_instance("Mainframe3270")


def _end(connection: Emulator) -> None:
    """Closing its input ends the program, whatever it is doing."""
    process = connection.app.sp
    connection.is_terminated = True
    for pipe in (process.stdin, process.stdout, process.stderr):
        with contextlib.suppress(OSError):
            pipe.close()
    try:
        process.wait(timeout=PATIENCE_AT_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _left_alone_by_ctrl_c() -> Iterator[None]:
    """Programs started in here ignore Ctrl-C, so that a bot that is asked to stop can finish the item in hand."""
    if os.name == "nt" or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
