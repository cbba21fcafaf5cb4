"""XML as it stands in a file: elements with their bytes, so that a part can be changed where it must and
nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

MOST_ELEMENTS = 1_000_000
"""Elements of a part that is read as a whole; a decision workbook's largest has some thousands."""

_START_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")


class UnusableXml(ValueError):
    """The part can't be changed safely; the text is the end of a sentence that begins with the part."""


@dataclass(slots=True, eq=False)
class SourceElement:
    """An element with the bytes it stands on: ``start`` is its first, ``inner`` the first after its start
    tag, ``outer`` the first of its end tag and ``end`` the first after it. ``tag`` has no prefix.
    """

    tag: str
    prefix: str
    attributes: dict[str, str]
    start: int
    inner: int = 0
    outer: int = 0
    end: int = 0
    children: list[SourceElement] = field(default_factory=list)

    @property
    def is_empty_tag(self) -> bool:
        """Whether the element is written as one tag, ``<c/>``."""
        return self.inner == self.end

    def child(self, *tags: str) -> SourceElement | None:
        return next((child for child in self.children if child.tag in tags), None)

    def all(self, tag: str) -> Iterator[SourceElement]:
        return (child for child in self.children if child.tag == tag)


class XmlSource:
    """A part and the changes to be made in it; ``bytes()`` gives the part with them, all else as it was."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.root = _parsed(content)
        self._changes: list[tuple[int, int, bytes]] = []

    def text(self, element: SourceElement) -> str:
        """The source between the tags of an element."""
        return self.content[element.inner : element.outer].decode("utf-8")

    def source(self, element: SourceElement) -> str:
        """The source of a whole element."""
        return self.content[element.start : element.end].decode("utf-8")

    def replace(self, start: int, end: int, text: str) -> None:
        self._changes.append((start, end, text.encode("utf-8")))

    def append(self, parent: SourceElement, text: str) -> None:
        """Adds source after the last child of an element; several calls add in their order."""
        if not parent.is_empty_tag:
            self.replace(parent.outer, parent.outer, text)
            return
        written = self.content[parent.start : parent.end].decode("utf-8")
        name = f"{parent.prefix}:{parent.tag}" if parent.prefix else parent.tag
        opened = written[:-2].rstrip() + ">"
        for position, (start, end, earlier) in enumerate(self._changes):
            if (start, end) == (parent.start, parent.end):
                closing = f"</{name}>".encode()
                self._changes[position] = (
                    start,
                    end,
                    earlier[: -len(closing)] + text.encode("utf-8") + closing,
                )
                return
        self.replace(parent.start, parent.end, f"{opened}{text}</{name}>")

    def set_attribute(self, element: SourceElement, name: str, value: str) -> None:
        """Gives an element's unprefixed attribute a value; the other attributes keep their bytes."""
        tag = self.content[element.start : element.inner].decode("utf-8")
        found = re.search(rf"""(\s){re.escape(name)}\s*=\s*(?:"[^"]*"|'[^']*')""", tag)
        if found:
            start = element.start + len(tag[: found.start()].encode())
            end = element.start + len(tag[: found.end()].encode())
            self.replace(start, end, f'{found[1]}{name}="{value}"')
            return
        place = element.inner - (2 if tag.endswith("/>") else 1)
        self.replace(place, place, f' {name}="{value}"')

    def bytes(self) -> bytes:
        pieces: list[bytes] = []
        position = 0
        for start, end, text in sorted(self._changes, key=lambda change: change[:2]):
            pieces += [self.content[position:start], text]
            position = end
        return b"".join([*pieces, self.content[position:]])


def _parsed(content: bytes) -> SourceElement:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content[:8]:
        raise UnusableXml("is not UTF-8 text")
    parser = expat.ParserCreate()
    holder = SourceElement("", "", {}, 0)
    open_elements = [holder]
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MOST_ELEMENTS:
            raise UnusableXml(f"has more than {MOST_ELEMENTS} elements")
        offset = parser.CurrentByteIndex
        tag = _START_TAG.match(content, offset)
        if tag is None:
            raise UnusableXml("is not UTF-8 text")
        prefix, _, local = name.rpartition(":")
        element = SourceElement(local, prefix, attributes, offset, tag.end())
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(_: str) -> None:
        element = open_elements.pop()
        offset = parser.CurrentByteIndex
        if content[element.inner - 2 : element.inner] == b"/>":
            element.outer = element.end = element.inner
        else:
            element.outer = offset
            element.end = content.index(b">", offset) + 1

    def refuse(*_: Any) -> None:
        raise UnusableXml("declares a document type, which no Excel file needs")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise UnusableXml(f"is not well-formed ({error})") from None
    (root,) = holder.children
    return root


def escaped(text: str) -> str:
    """Text as it may stand in XML, in content and attributes."""
    text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "\ufffd", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
