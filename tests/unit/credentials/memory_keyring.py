"""A keyring of the system that lives in a file, for processes that have no session."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class MemoryKeyring(KeyringBackend):
    priority = 1  # type: ignore[assignment]  # keyring declares a property of its own kind

    def _held(self) -> dict[str, str]:
        path = Path(os.environ["KEYRING_FILE"])
        if path.name == "locked":
            raise KeyringLocked("hunter2 can't be read")
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def _keep(self, held: dict[str, str]) -> None:
        Path(os.environ["KEYRING_FILE"]).write_text(json.dumps(held))

    def get_password(self, service: str, username: str) -> str | None:
        return self._held().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._keep({**self._held(), f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        held = self._held()
        del held[f"{service}/{username}"]
        self._keep(held)
