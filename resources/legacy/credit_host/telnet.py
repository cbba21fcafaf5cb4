"""Telnet as terminals speak it (RFC 1576, TN3270): three options agreed, then records that end with EOR."""

from __future__ import annotations

import socket
import threading
import time

IAC, DONT, DO, WONT, WILL, SB, SE, EOR = 255, 254, 253, 252, 251, 250, 240, 239
BINARY, TERMINAL_TYPE, END_OF_RECORD = 0, 24, 25
SEND, IS = 1, 0
AGREED = (BINARY, TERMINAL_TYPE, END_OF_RECORD)
LONGEST_RECORD = 16 * 1024
PATIENCE_FOR_THE_AGREEMENT = 10.0


class NotATerminal(Exception):
    """Whoever has connected doesn't speak TN3270."""


class TerminalGone(Exception):
    """The connection is closed."""


class Line:
    """A connection to a terminal. Records come and go whole; what telnet adds is taken away."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self._sending = threading.Lock()
        self._peer_does: set[int] = set()
        self._we_do: set[int] = set()

    def agree(self) -> str:
        """Agree on the options, and return the terminal's type. Other options, TN3270E among them, are refused."""
        deadline = time.monotonic() + PATIENCE_FOR_THE_AGREEMENT
        self._write(bytes([IAC, DO, TERMINAL_TYPE]))
        kind = ""
        while not (kind and {BINARY, END_OF_RECORD} <= self._peer_does & self._we_do):
            command = self._next(deadline)
            if command[:2] == bytes([IAC, WILL]) and command[2] == TERMINAL_TYPE and not kind:
                self._peer_does.add(TERMINAL_TYPE)
                self._write(bytes([IAC, SB, TERMINAL_TYPE, SEND, IAC, SE]))
            elif command[:4] == bytes([IAC, SB, TERMINAL_TYPE, IS]):
                kind = command[4:-2].decode("ascii", errors="replace")
                if not kind.upper().startswith(("IBM-327", "IBM-DYNAMIC")):
                    raise NotATerminal(f"the terminal type {kind!r} is none of the 3270 family")
                for option in (END_OF_RECORD, BINARY):
                    self._write(bytes([IAC, DO, option, IAC, WILL, option]))
            else:
                self._negotiate(command)
        return kind

    def receive(self, patience: float | None) -> bytes:
        """The next record; ``TimeoutError`` when none is whole within the seconds, ``TerminalGone`` at the end."""
        deadline = None if patience is None else time.monotonic() + patience
        record = bytearray()
        while True:
            part = self._next(deadline)
            if part == bytes([IAC, EOR]):
                return bytes(record)
            if part == bytes([IAC, IAC]):
                record.append(IAC)
            elif part[0] == IAC:
                self._negotiate(part)
            else:
                record += part
            if len(record) > LONGEST_RECORD:
                raise NotATerminal("a record is far longer than a screen")

    def send(self, record: bytes) -> None:
        self._write(record.replace(bytes([IAC]), bytes([IAC, IAC])) + bytes([IAC, EOR]))

    def _negotiate(self, command: bytes) -> None:
        """Take note of what was agreed; refuse options that were not asked for. Other commands mean nothing here."""
        if len(command) != 3:
            return
        verb, option = command[1], command[2]
        if option in AGREED:
            if verb == WILL:
                self._peer_does.add(option)
            elif verb == DO:
                self._we_do.add(option)
            else:
                raise NotATerminal(f"the terminal refuses the telnet option {option}")
        elif verb == WILL:
            self._write(bytes([IAC, DONT, option]))
        elif verb == DO:
            self._write(bytes([IAC, WONT, option]))

    def _next(self, deadline: float | None) -> bytes:
        """A whole telnet command, or data up to the next one."""
        while True:
            part = _first_part(self._received)
            if part:
                self._received = self._received[len(part) :]
                return part
            if len(self._received) > LONGEST_RECORD:
                raise NotATerminal("a telnet command has no end")
            self._received += self._read(deadline)

    def _read(self, deadline: float | None) -> bytes:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        try:
            content = self._connection.recv(4096)
        except TimeoutError:
            raise
        except OSError as error:
            raise TerminalGone from error
        if not content:
            raise TerminalGone
        return content

    def _write(self, content: bytes) -> None:
        try:
            with self._sending:
                self._connection.sendall(content)
        except OSError as error:
            raise TerminalGone from error


def _first_part(received: bytes) -> bytes:
    """The first command or run of data in what was received; nothing while a command is not whole."""
    if not received:
        return b""
    if received[0] != IAC:
        end = received.find(IAC)
        return received if end < 0 else received[:end]
    if len(received) < 2:
        return b""
    if received[1] == SB:
        end = received.find(bytes([IAC, SE]))
        return b"" if end < 0 else received[: end + 2]
    length = 3 if received[1] in (DO, DONT, WILL, WONT) else 2
    return received[:length] if len(received) >= length else b""
