"""Robot Framework library: reaches the credit desk's host, or starts one of our own that ends with the run."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Any

from robot.api.deco import keyword
from robot.api.types import Secret

from resources.legacy.bound_processes import StartFailed, start

APPLICATION = "credit desk"


@keyword
def reach_credit_desk(
    address: str, database: str, delay: float = 0.05, release: str = "standard"
) -> dict[str, Any]:
    """Return ``address``, ``user`` and ``password`` (a ``Secret``) of the credit desk's host.

    With an empty ``address`` the host program is started on ``database`` and ends with this run. User and password
    are taken from the environment variables ``CREDIT_DESK_USER`` and ``CREDIT_DESK_PASSWORD``; only for a host that is
    started here they may be missing, then they are made up for this run. ``release`` has its screens changed, for
    tests.
    """
    user = os.environ.get("CREDIT_DESK_USER", "")
    password = os.environ.get("CREDIT_DESK_PASSWORD", "")
    if address:
        if not (user and password):
            raise StartFailed(
                f"the host {address} needs a user and a password: "
                "set the environment variables CREDIT_DESK_USER and CREDIT_DESK_PASSWORD"
            )
        return {"address": address, "user": user, "password": Secret(password)}
    user, password = user or "CRBOT", password or secrets.token_urlsafe(18)
    command = [sys.executable, "-m", "credit_host", "--database", str(Path(database).absolute())]
    host = start(
        [*command, "--delay", str(delay), "--release", release],
        application=APPLICATION,
        program="the credit desk's host",
        environment={"CREDIT_DESK_USER": user, "CREDIT_DESK_PASSWORD": password},
    )
    address = host.wait_for(r"^127\.0\.0\.1:\d+$")[0]
    return {"address": address, "user": user, "password": Secret(password)}
