"""Run the portal: ``python -m ap_portal --database FILE``; it prints its URL once it can be used.

User and password are taken from the environment variables ``AP_PORTAL_USER`` and ``AP_PORTAL_PASSWORD``. The
portal ends on SIGTERM, on Ctrl-C, and when its standard input closes, which is what happens when its parent
goes.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from .postings import DatabaseInUse, Postings, read_vendors
from .server import Portal


def main() -> int:
    parser = argparse.ArgumentParser(prog="ap_portal", description="Legacy accounts-payable portal.")
    parser.add_argument("--database", type=Path, required=True, help="SQLite file for the postings")
    parser.add_argument("--vendors", type=Path, default=Path(__file__).with_name("vendors.csv"))
    parser.add_argument("--port", type=int, default=0, help="a free one without it")
    parser.add_argument("--delay", type=float, default=0.3, help="seconds of the 'please wait' page")
    parser.add_argument(
        "--release", choices=("4.2", "renamed"), default="4.2", help="what its forms look like"
    )
    options = parser.parse_args()
    user, password = os.environ.get("AP_PORTAL_USER", ""), os.environ.get("AP_PORTAL_PASSWORD", "")
    if not user or not password:
        sys.stderr.write("set AP_PORTAL_USER and AP_PORTAL_PASSWORD in the environment\n")
        return 2
    try:
        postings = Postings(options.database, read_vendors(options.vendors))
        portal = Portal(
            postings, user, password, delay=options.delay, port=options.port, release=options.release
        )
    except (DatabaseInUse, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with postings, portal:
        signal.signal(signal.SIGTERM, lambda *_: portal.stop())
        signal.signal(signal.SIGINT, lambda *_: portal.stop())
        threading.Thread(target=stop_at_end_of_input, args=(portal,), daemon=True).start()
        sys.stdout.write(f"{portal.url}\n")
        sys.stdout.flush()
        portal.serve()
    return 0


def stop_at_end_of_input(portal: Portal) -> None:
    """A pipe from the parent closes however the parent ends, on every operating system."""
    while os.read(0, 1024):
        pass
    portal.stop()


if __name__ == "__main__":
    sys.exit(main())
