"""Robot Framework library: what can happen to bots: programs that are killed, and an address at which nobody is."""

from __future__ import annotations

import socket
from contextlib import suppress

import psutil
from robot.api.deco import keyword


@keyword
def end_by_force(name: str) -> None:
    """Kills what this run has started under that name; what descends from it is left to itself."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended just now
            if process.name() == name or process.cmdline()[1:3] == ["-m", name]:
                found.append(process)
    assert found, f"nothing runs under the name {name}"
    for process in found:
        process.kill()
    psutil.wait_procs(found)


@keyword
def address_of_nobody() -> str:
    """Of a portal that doesn't run: its port is free."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/"
