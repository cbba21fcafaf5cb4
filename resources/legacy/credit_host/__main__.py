"""Run the credit desk: ``python -m credit_host --database FILE``; it prints host and port once it can be used.

User and password are taken from the environment variables ``CREDIT_DESK_USER`` and ``CREDIT_DESK_PASSWORD``. The host
ends on SIGTERM, on Ctrl-C, and when its standard input closes, which is what happens when its parent goes.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from .journal import DatabaseInUse, Journal, read_customers
from .panels import RELEASES
from .server import CreditHost, Manner


def main() -> int:
    parser = argparse.ArgumentParser(prog="credit_host", description="Customer credit desk over TN3270.")
    parser.add_argument("--database", type=Path, required=True, help="SQLite file for the journal of changes")
    parser.add_argument("--customers", type=Path, default=Path(__file__).with_name("customers.csv"))
    parser.add_argument("--port", type=int, default=0, help="a free one without it")
    parser.add_argument("--delay", type=float, default=0.05, help="seconds until it answers")
    parser.add_argument("--idle", type=float, help="seconds after which an idle session ends")
    parser.add_argument("--release", choices=RELEASES, default="standard", help="screens of a later release")
    options = parser.parse_args()
    user, password = os.environ.get("CREDIT_DESK_USER", ""), os.environ.get("CREDIT_DESK_PASSWORD", "")
    if not user or not password:
        sys.stderr.write("set CREDIT_DESK_USER and CREDIT_DESK_PASSWORD in the environment\n")
        return 2
    manner = Manner(options.delay, options.idle, options.release)
    try:
        journal = Journal(options.database, read_customers(options.customers))
        host = CreditHost(journal, user, password, manner, port=options.port)
    except (DatabaseInUse, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with journal, host:
        signal.signal(signal.SIGTERM, lambda *_: host.stop())
        signal.signal(signal.SIGINT, lambda *_: host.stop())
        threading.Thread(target=stop_at_end_of_input, args=(host,), daemon=True).start()
        sys.stdout.write(f"{host.address}\n")
        sys.stdout.flush()
        host.serve()
    return 0


def stop_at_end_of_input(host: CreditHost) -> None:
    """A pipe from the parent closes however the parent ends, on every operating system."""
    while os.read(0, 1024):
        pass
    host.stop()


if __name__ == "__main__":
    sys.exit(main())
