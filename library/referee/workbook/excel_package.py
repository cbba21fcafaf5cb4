"""The parts of an Excel file and how they refer to each other, for changes that leave all other bytes as
they were.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from referee.files import flush
from referee.workbook.cell_value import one_line
from referee.workbook.excel_file import check_container, written_excel_file
from referee.workbook.xml_source import XmlSource, escaped

WORKBOOK_PART = "xl/workbook.xml"
CONTENT_TYPES_PART = "[Content_Types].xml"
_PIECE = 2**16
_RELATIONSHIPS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>'
)
_TRANSITIONAL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT = "http://purl.oclc.org/ooxml/officeDocument/relationships"


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A worksheet: its name as people see it, and the part that holds it."""

    name: str
    part: str
    is_visible: bool


class ExcelPackage:
    """The parts of a workbook file by name; ``changed`` holds those that will be written anew.

    ``streamed`` holds large parts that are changed while they are written: each piece of the old content gives a piece
    of the new, ``None`` stands for its end. Parts in ``late`` come after all others, so that a stream may still change
    them.
    """

    def __init__(self, path: Path, unpacked_limit: int) -> None:
        check_container(path, unpacked_limit)
        self.path = path
        self.changed: dict[str, bytes] = {}
        self.streamed: dict[str, Callable[[bytes | None], bytes]] = {}
        self.late: set[str] = set()
        with zipfile.ZipFile(path) as archive:
            self._names = dict.fromkeys(archive.namelist())

    def __contains__(self, part: str) -> bool:
        return part in self.changed or part in self._names

    def read(self, part: str) -> bytes:
        if part in self.changed:
            return self.changed[part]
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(part)

    def new_name(self, pattern: str) -> str:
        """The first part name of a pattern such as ``xl/comments{}.xml`` that is free."""
        number = 1
        folded = {name.casefold() for name in (*self._names, *self.changed)}
        while pattern.format(number).casefold() in folded:
            number += 1
        return pattern.format(number)

    # --- relationships

    def related(self, part: str, kind: str) -> str:
        """The part that ``part`` refers to by a relationship whose type ends in ``kind``; empty if none."""
        return next((target for _, target in self._relations(part, kind)), "")

    def relate(self, part: str, target: str, kind: str) -> str:
        """The id of a new relationship from one part to another. ``kind`` is a whole type or the last word."""
        name = _relations_part(part)
        source = XmlSource(self.read(name) if name in self else _RELATIONSHIPS.encode())
        used = {item.attributes.get("Id", "") for item in source.root.children}
        number = 1
        while f"rId{number}" in used:
            number += 1
        base = _STRICT if _STRICT.encode() in source.content else _TRANSITIONAL
        kind = kind if "/" in kind else f"{base}/{kind}"
        place = posixpath.relpath(target, posixpath.dirname(part))
        prefix = f"{source.root.prefix}:" if source.root.prefix else ""
        entry = f'<{prefix}Relationship Id="rId{number}" Type="{kind}" Target="{escaped(place)}"/>'
        source.append(source.root, entry)
        self.changed[name] = source.bytes()
        return f"rId{number}"

    def _relations(self, part: str, kind: str) -> list[tuple[str, str]]:
        name = _relations_part(part)
        if name not in self:
            return []
        return [
            (item.attributes.get("Id", ""), _resolved(part, item.attributes.get("Target", "")))
            for item in XmlSource(self.read(name)).root.children
            if item.attributes.get("Type", "").rpartition("/")[2] == kind
            and item.attributes.get("TargetMode") != "External"
        ]

    def declare(self, part: str, content_type: str) -> None:
        """Says what kind of content a new part holds."""
        source = XmlSource(self.read(CONTENT_TYPES_PART))
        prefix = f"{source.root.prefix}:" if source.root.prefix else ""
        entry = f'<{prefix}Override PartName="/{escaped(part)}" ContentType="{content_type}"/>'
        source.append(source.root, entry)
        self.changed[CONTENT_TYPES_PART] = source.bytes()

    # --- sheets

    def sheets(self) -> list[SheetPart]:
        """The worksheets in the order of the workbook; sheets of charts only are left out."""
        targets = dict(self._relations(WORKBOOK_PART, "worksheet"))
        root = XmlSource(self.read(WORKBOOK_PART)).root
        listing = root.child("sheets")
        found = []
        for item in listing.children if listing is not None else ():
            reference = next(
                (value for name, value in item.attributes.items() if name.rpartition(":")[2] == "id"), ""
            )
            if reference in targets:
                name = item.attributes.get("name", "")
                visible = item.attributes.get("state", "visible") == "visible"
                found.append(SheetPart(name, targets[reference], visible))
        return found

    def sheet(self, name: str) -> SheetPart | None:
        wanted = one_line(name).casefold()
        return next((sheet for sheet in self.sheets() if one_line(sheet.name).casefold() == wanted), None)

    # --- writing

    def save(self, target: Path, still_allowed: Callable[[], None] = lambda: None) -> None:
        """Writes the package in one step. Parts that weren't changed have the bytes they had.

        ``still_allowed`` is called when everything is on the disk, before the new file takes the place of the old one;
        where it raises, the old one stays.
        """
        with written_excel_file(target) as stream:
            with (
                zipfile.ZipFile(self.path) as old,
                zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
            ):
                for entry in sorted(old.infolist(), key=lambda entry: entry.filename in self.late):
                    if entry.filename in self.changed:
                        new.writestr(entry, self.changed[entry.filename])
                        continue
                    change = self.streamed.get(entry.filename)
                    with old.open(entry) as source, new.open(_copied(entry), "w") as copy:
                        while piece := source.read(_PIECE):
                            copy.write(piece if change is None else change(piece))
                        if change is not None:
                            copy.write(change(None))
                for part in self.changed:
                    if part not in self._names:
                        new.writestr(part, self.changed[part])
            stream.flush()
            flush(stream.fileno())
            still_allowed()


def _copied(entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """What is told about an entry in the new file, which fills in sizes and places of its own."""
    copy = zipfile.ZipInfo(entry.filename, entry.date_time)
    copy.compress_type, copy.external_attr, copy.file_size = (
        entry.compress_type,
        entry.external_attr,
        entry.file_size,
    )
    return copy


def _relations_part(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _resolved(part: str, target: str) -> str:
    target = re.sub(r"\\", "/", unquote(target))
    if target.startswith("/"):
        return target[1:]
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), target))
