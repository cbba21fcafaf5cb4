"""Excel files with parts that no library writes: made by changing the zip."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path


def with_parts(path: Path, parts: Mapping[str, bytes]) -> Path:
    """The file with other or further parts."""
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**kept, **parts}.items():
            archive.writestr(name, content)
    return path


def patched(path: Path, part: str, texts: Mapping[str, str]) -> Path:
    """The file with texts of one part replaced, each of which must be there."""
    with zipfile.ZipFile(path) as archive:
        content = archive.read(part).decode("utf-8")
    for old, new in texts.items():
        assert old in content, f"{part} has no {old}"
        content = content.replace(old, new, 1)
    return with_parts(path, {part: content.encode("utf-8")})
