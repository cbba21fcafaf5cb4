"""Robot Framework library: reaches the accounts-payable portal, or starts one of our own that ends with the run."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Any

from robot.api.deco import keyword
from robot.api.types import Secret

from resources.legacy.bound_processes import StartFailed, start

APPLICATION = "accounts-payable portal"


@keyword
def reach_accounts_payable_portal(
    url: str, database: str, delay: float = 0.3, release: str = "4.2"
) -> dict[str, Any]:
    """Return ``url``, ``user`` and ``password`` (a ``Secret``) of the portal.

    With an empty ``url`` the portal program is started on ``database`` and ends with this run. User and
    password are taken from the environment variables ``AP_PORTAL_USER`` and ``AP_PORTAL_PASSWORD``; only
    for a portal that is started here they may be missing, then they are made up for this run. ``release`` has its
    forms changed, for tests.
    """
    user = os.environ.get("AP_PORTAL_USER", "")
    password = os.environ.get("AP_PORTAL_PASSWORD", "")
    if url:
        if not (user and password):
            raise StartFailed(
                f"the portal at {url} needs a user and a password: "
                "set the environment variables AP_PORTAL_USER and AP_PORTAL_PASSWORD"
            )
        return {"url": url, "user": user, "password": Secret(password)}
    user, password = user or "apbot", password or secrets.token_urlsafe(18)
    command = [sys.executable, "-m", "ap_portal", "--database", str(Path(database).absolute())]
    portal = start(
        [*command, "--delay", str(delay), "--release", release],
        application=APPLICATION,
        program="the portal",
        environment={"AP_PORTAL_USER": user, "AP_PORTAL_PASSWORD": password},
    )
    return {"url": portal.wait_for(r"^http://.*$")[0], "user": user, "password": Secret(password)}
