"""Writing a new pair of keys, which never replaces one."""

from __future__ import annotations

import os
from pathlib import Path

from referee.domain import InputError


def write_key_files(folder: Path, name: str, private: bytes, public: bytes) -> tuple[Path, Path]:
    """Writes NAME.key, readable by its owner only, and NAME.pub. Raises InputError."""
    if Path(name).name != name or name.startswith("."):
        raise InputError(f"`{name}` can't be the name of a key, which is the name of a file")
    if not folder.is_dir():
        raise InputError(f"the folder {folder} doesn't exist; make it, or name another")
    paths = folder / f"{name}.key", folder / f"{name}.pub"
    for path, content, mode in zip(paths, (private, public), (0o600, 0o644), strict=True):
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
        except FileExistsError:
            raise InputError(
                f"{path} is there already; a key is never replaced, choose another name"
            ) from None
        except OSError as error:
            raise InputError(f"{path} can't be written ({error.strerror})") from None
    return paths
