"""Where each system keeps what a user has set up for a program."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def configuration_folder() -> Path:
    """The folder of the user's configuration of Referee; it need not be there."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "Referee"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "Referee"
    return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "referee"
