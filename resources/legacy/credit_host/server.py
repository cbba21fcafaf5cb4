"""The credit desk over TN3270: a thread for each terminal, time-outs, and an end that terminals are told of."""

from __future__ import annotations

import contextlib
import itertools
import socket
import socketserver
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from .data_stream import NotUnderstood, drawn, drawn_over, understood
from .dialogue import Credentials, Dialogue
from .journal import Journal
from .panels import message_line
from .telnet import Line, NotATerminal, TerminalGone


@dataclass(frozen=True, slots=True)
class Manner:
    """How the host behaves: the seconds until it answers, those until an idle session ends (none: never), and which
    of the ``RELEASES`` its screens are of.
    """

    delay: float = 0.05
    idle: float | None = None
    release: str = "standard"


class CreditHost:
    """A running host on a free port of 127.0.0.1, or on ``port``."""

    def __init__(
        self, journal: Journal, user: str, password: str, manner: Manner = Manner(), *, port: int = 0
    ) -> None:
        self._journal = journal
        self._credentials = Credentials(user, password)
        self._manner = manner
        self._numbers = itertools.count(1)
        self._lines: dict[str, Line] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _handler_for(self))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def serve(self) -> None:
        """Answer terminals until ``stop``."""
        self._server.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """Tell every terminal that the system goes down, and end ``serve``; may be called from a signal handler."""
        threading.Thread(target=self._stop, daemon=True).start()

    def _stop(self) -> None:
        with self._lock:
            lines = list(self._lines.values())
        for line in lines:
            with contextlib.suppress(TerminalGone):
                line.send(drawn_over(message_line("CD999E SYSTEM GOING DOWN")))
        self._server.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.server_close()

    def converse(self, connection: socket.socket) -> None:
        """With one terminal, until it goes. Nothing that it sends ends more than its own session."""
        terminal = f"T{next(self._numbers):04d}"
        line = Line(connection)
        try:
            with contextlib.suppress(TerminalGone, NotATerminal, NotUnderstood, TimeoutError):
                line.agree()
                with self._lock:
                    self._lines[terminal] = line
                self._talk(line, Dialogue(self._journal, self._credentials, terminal, self._manner.release))
        finally:
            self._journal.let_go(terminal)
            with self._lock:
                self._lines.pop(terminal, None)

    def _talk(self, line: Line, dialogue: Dialogue) -> None:
        line.send(drawn(dialogue.panel))
        while True:
            try:
                record = line.receive(self._manner.idle if dialogue.signed_on else None)
            except TimeoutError:
                line.send(drawn(dialogue.sign_off("CD905W SESSION TIMED OUT, SIGN ON AGAIN")))
                continue
            line.send(drawn_over(message_line("CD000I PLEASE WAIT")))
            panel = dialogue.answer(understood(record))
            time.sleep(self._manner.delay)
            line.send(drawn(panel))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    # A host that starts again on its port must not wait for connections of the one before to be forgotten.
    allow_reuse_address = True


def _handler_for(host: CreditHost) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            host.converse(self.request)

    return Handler
