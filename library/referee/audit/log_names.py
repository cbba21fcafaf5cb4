"""The names that a log goes by, wherever it is looked at from: the one it was given, and where it stands."""

from __future__ import annotations

import os
import socket
from pathlib import Path

LOG_NAME_SETTING = "REFEREE_LOG_NAME"
_BETWEEN = " = "
_GIVEN = "log "


def origin_of(folder: Path) -> str:
    """All names of the log in a folder: the one that ``REFEREE_LOG_NAME`` gives it, if any, and host and folder, as the
    folder was named and, where links lead elsewhere, as it really is.
    """
    host = socket.gethostname()
    given = os.environ.get(LOG_NAME_SETTING, "").strip()
    places = (f"{host}:{Path(os.path.abspath(folder))}", f"{host}:{folder.resolve()}")  # noqa: PTH100 - keeps links
    return _BETWEEN.join(dict.fromkeys([*([_GIVEN + given] if given else []), *places]))


def names_in(origin: str) -> list[str]:
    """The single names that an origin is made of."""
    return origin.split(_BETWEEN)


def is_same_origin(one: str, other: str) -> bool:
    """Whether two logs stood in the same place at different times. Given names decide where both have one: containers
    often share host and folder.
    """
    names, others = set(names_in(one)), set(names_in(other))
    given, also_given = _given(names), _given(others)
    return given == also_given if given and also_given else bool(names & others)


def _given(names: set[str]) -> set[str]:
    return {name for name in names if name.startswith(_GIVEN)}
