"""Robot Framework library: pictures and pages that were kept when something went wrong, for ``On Failure``."""

from __future__ import annotations

from robot.api.deco import keyword

_kept: list[str] = []


@keyword
def note_kept_files(*paths: str) -> None:
    """These belong to what goes wrong now."""
    _kept.extend(paths)


@keyword
def kept_files() -> list[str]:
    """What was noted since this was last asked."""
    files = _kept.copy()
    _kept.clear()
    return files
