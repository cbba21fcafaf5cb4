"""The files of work items: copies beside the queue's file, kept once for each content."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from referee.audit.disk_fault import reason
from referee.domain import InputError
from referee.files import make_folder, write_whole


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that was kept: the name it has on the disk, and where it came from."""

    name: str
    source: Path | bytes


class Attachments:
    """The folder ``queue.sqlite.files`` beside ``queue.sqlite``. A file's name in it is the SHA-256 of its content.

    Files are kept before the transaction that names them, so that workers don't wait for copies; ``ensure`` inside
    of it, since ``tidy`` may have come in between.
    """

    def __init__(self, queue_file: Path) -> None:
        self._folder = queue_file.with_name(f"{queue_file.name}.files")

    def keep_all(self, files: Mapping[str, Path]) -> dict[str, Stored]:
        """Copies of files, durable, by the names given. Raises InputError naming the file that can't be read."""
        kept = {}
        for name, path in files.items():
            try:
                content = path.read_bytes()
            except OSError as fault:
                raise InputError(
                    f"{path}: the file can't be read: {reason(fault)}; correct its name"
                ) from None
            kept[name] = Stored(self._keep(content), path)
        return kept

    def keep(self, content: bytes) -> Stored:
        return Stored(self._keep(content), content)

    def ensure(self, stored: Stored) -> None:
        """Inside the transaction that names the file."""
        if not self.path(stored.name).exists():
            self._keep(stored.source if isinstance(stored.source, bytes) else stored.source.read_bytes())

    def path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def tidy(self, named: Collection[str]) -> None:
        """Remove what no item names any more. Inside a transaction, as nobody may name it meanwhile."""
        for path in self._folder.glob("??/*"):
            if path.name not in named:
                path.unlink(missing_ok=True)

    def _keep(self, content: bytes) -> str:
        name = sha256(content).hexdigest()
        path = self.path(name)
        if not path.exists():
            make_folder(path.parent)
            write_whole(path, content)
        return name
