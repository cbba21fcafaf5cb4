"""Robot Framework library: credit desks that stay when the bot closes its own, and what their journals say."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from robot.api.deco import keyword

from resources.legacy import bound_processes

APPLICATION = "credit host of a test"
_addresses: list[str] = []


@keyword
def start_credit_host(database: str, *options: str) -> str:
    """Returns its address. User and password are those of the environment."""
    environment = {name: os.environ[name] for name in ("CREDIT_DESK_USER", "CREDIT_DESK_PASSWORD")}
    command = [sys.executable, "-m", "credit_host", "--database", str(Path(database).absolute()), *options]
    host = bound_processes.start(command, application=APPLICATION, environment=environment)
    _addresses.append(host.wait_for(r"^127\.0\.0\.1:\d+$")[0])
    return _addresses[-1]


@keyword
def address_of_credit_host() -> str:
    """Of the one that was started last."""
    return _addresses[-1]


@keyword
def stop_credit_hosts() -> None:
    bound_processes.stop_bound_processes(APPLICATION)


@keyword
def changed_limits(database: str) -> list[str]:
    """Each change as ``confirmation reference customer old new``, in their order, past the host."""
    with closing(sqlite3.connect(Path(database).absolute().as_uri() + "?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "select confirmation, reference, customer, old_limit, new_limit from changes order by id"
        ).fetchall()
    return [" ".join(str(cell) for cell in row) for row in rows]
