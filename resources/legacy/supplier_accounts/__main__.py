"""Run the program: ``python -m supplier_accounts --records FILE``; it prints ``ready`` once it shows its first screen.

It ends when its window is closed, on SIGTERM, and when its standard input closes, which is what happens when its parent
goes.
"""

from __future__ import annotations

import argparse
import sys
import tkinter
from pathlib import Path

from .records import Records, read_suppliers
from .screens import RELEASES, Program


def main() -> int:
    parser = argparse.ArgumentParser(prog="supplier_accounts", description="Supplier accounts, release 3.1.")
    parser.add_argument("--records", type=Path, required=True, help="SQLite file of suppliers and changes")
    parser.add_argument("--suppliers", type=Path, default=Path(__file__).with_name("suppliers.csv"))
    parser.add_argument("--user", default="APBOT", help="who is said to have changed something")
    parser.add_argument("--delay", type=float, default=0.3, help="seconds of 'please wait'")
    parser.add_argument("--release", choices=RELEASES, default=RELEASES[0], help="what the screens look like")
    options = parser.parse_args()
    try:
        records = Records(options.records, read_suppliers(options.suppliers), options.user)
        program = Program(records, options.user, options.delay, options.release)
    except (OSError, tkinter.TclError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    program.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
