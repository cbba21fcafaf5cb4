"""The systems that all workers of a night share: programs that are killed, and started again on the same port."""

from __future__ import annotations

import re
import secrets
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 60.0


class SharedSystem:
    """A server program with records of its own in ``folder``. Its address stays the same however often it starts."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        legacy: Path,
        environment: Mapping[str, str],
        said: Path,
    ) -> None:
        self.name = name
        self._command = [sys.executable, "-m", *command]
        self._legacy = legacy
        self._environment = environment
        self._said = said
        self._process: subprocess.Popen[bytes] | None = None
        self.address = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Until it can be used. While it was away somebody else may have been given its port for a moment."""
        until = time.monotonic() + PATIENCE
        while not self._started():
            assert time.monotonic() < until, (
                f"the {self.name} does not start: {self._said.read_text()[-500:]}"
            )
            time.sleep(0.2)

    def kill(self) -> None:
        """As by SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """As its operators do it."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            try:
                self._process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.kill()

    def _started(self) -> bool:
        again = ["--port", self.address.rpartition(":")[2].strip("/")] if self.address else []
        with self._said.open("ab") as said:
            process = subprocess.Popen(
                [*self._command, *again],
                cwd=self._legacy,
                env=dict(self._environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
            )
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            ready = bool(selector.select(PATIENCE))
        line = process.stdout.readline().decode().strip() if ready else ""
        if not re.search(r"127\.0\.0\.1:\d+/?$", line):
            process.kill()
            process.wait()
            return False
        self._process, self.address = process, line
        return True


def portal_and_host(
    folder: Path, repository: Path, environment: dict[str, str]
) -> tuple[SharedSystem, SharedSystem]:
    """User and password are made up for the night, and go into the environment, the bots' as well."""
    for system in ("AP_PORTAL", "CREDIT_DESK"):
        environment[f"{system}_USER"] = "NIGHT"
        environment[f"{system}_PASSWORD"] = secrets.token_hex(8)
    legacy = repository / "resources" / "legacy"
    portal = SharedSystem(
        "portal",
        ["ap_portal", "--database", str(folder / "postings.sqlite")],
        *(legacy, environment, folder / "portal.txt"),
    )
    host = SharedSystem(
        "host",
        [
            *("credit_host", "--database", str(folder / "journal.sqlite")),
            *("--customers", str(folder / "customers.csv")),
        ],
        *(legacy, environment, folder / "host.txt"),
    )
    return portal, host
