"""A hardened view of DMN's XML: elements by local name, whatever the version's namespace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse

from referee.dmn.diagram import Bounds
from referee.dmn.passage import Notes, Passage
from referee.domain import Diagnostic, ElementAddress, LineAddress, RulesError

_VERSIONS: Mapping[str, str] = MappingProxyType(
    {
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
        "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
        "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
        "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
        "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
    }
)
_MAX_BYTES: Final = 50_000_000
_MAX_DEPTH: Final = 200
_MAX_COORDINATE: Final = 1e6


@dataclass(frozen=True, slots=True)
class XmlElement:
    """An element of a DMN file. Only DMN's own elements are seen; diagrams and extensions are passed over."""

    _element: Any
    _namespace: str
    file: str
    element_id: str

    @property
    def tag(self) -> str:
        return str(self._element.tag).rpartition("}")[2]

    @property
    def place(self) -> ElementAddress:
        """Where the element stands; without an id of its own, the id of the nearest element around it."""
        return ElementAddress(self.file, self.element_id)

    def get(self, attribute: str) -> str:
        return str(self._element.get(attribute, "")).strip()

    def is_set(self, attribute: str) -> bool:
        return self.get(attribute) in ("true", "1")

    @property
    def text(self) -> str:
        return self._element.text or ""

    def __iter__(self) -> Iterator[XmlElement]:
        prefix = f"{{{self._namespace}}}"
        for child in self._element:
            if isinstance(child.tag, str) and child.tag.startswith(prefix):
                own_id = str(child.get("id", "")) or self.element_id
                yield XmlElement(child, self._namespace, self.file, own_id)

    def children(self, tag: str) -> list[XmlElement]:
        return [child for child in self if child.tag == tag]

    def child(self, tag: str) -> XmlElement | None:
        return next((child for child in self if child.tag == tag), None)

    def child_text(self, tag: str) -> str:
        child = self.child(tag)
        return child.text if child is not None else ""

    def notes(self, tags: frozenset[str]) -> Notes:
        """The element's texts for people, with the passages within it that have one of these tags."""
        return Notes(
            self.child_text("description"),
            self.get("label"),
            self.child_text("question"),
            self.child_text("allowedAnswers"),
            tuple(child.passage() for child in self if child.tag in tags),
        )

    def passage(self) -> Passage:
        """The element as it stands, without extensions and what other vocabularies add."""
        attributes = tuple(sorted((name, value) for name, value in self._element.items() if "}" not in name))
        parts = tuple(child.passage() for child in self if child.tag != "extensionElements")
        return Passage(self.tag, attributes, "" if parts else self.text, parts)

    def shapes(self) -> dict[str, Bounds]:
        """Where the file's first diagram has its elements, by id. What is no place is passed over."""
        found: dict[str, Bounds] = {}
        diagram = self._element.find(".//{*}DMNDiagram")
        for shape in diagram.iterfind(".//{*}DMNShape") if diagram is not None else ():
            element_id = str(shape.get("dmnElementRef", "")).rpartition(":")[2]
            bounds = shape.find("{*}Bounds")
            try:
                numbers = [float(bounds.get(name, "")) for name in ("x", "y", "width", "height")]
            except (AttributeError, ValueError):  # no bounds, or none that are numbers
                continue
            if all(isfinite(number) and abs(number) < _MAX_COORDINATE for number in numbers):
                found.setdefault(element_id, Bounds(*numbers))
        return found


def read_xml(path: Path) -> XmlElement:
    """The ``definitions`` of a DMN file of version 1.1 to 1.5. Raises ``RulesError`` for anything else.

    Document type declarations, entities and external references are refused before they are looked at.
    """
    if path.exists() and not path.is_file():
        raise _unusable(path, "no-file", "this is not a file")
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise _unusable(path, "too-large", "the file is larger than 50 MB, which no DMN model is")
        root: Any = parse(BytesIO(content), forbid_dtd=True).getroot()
    except FileNotFoundError:
        raise _unusable(path, "no-file", "there is no such file") from None
    except OSError as error:
        raise _unusable(path, "no-file", f"the file can't be read: {error.strerror or error}") from None
    except DefusedXmlException:
        message = "the file declares a document type or entities, which a DMN file never needs; remove them"
        raise _unusable(path, "xml-forbidden", message) from None
    except ParseError as error:
        line, column = error.position
        fault = Diagnostic(
            "xml-syntax",
            f"the file is not well-formed XML at column {column + 1}; export it again from the modeller",
            place=LineAddress(path.name, line),
        )
        raise RulesError(path.name, [fault]) from None
    except (ValueError, LookupError):
        # an encoding the parser doesn't know, or bytes that don't fit it
        raise _unusable(
            path, "xml-encoding", "the file's text encoding can't be read; save it as UTF-8"
        ) from None
    namespace, _, tag = str(root.tag).removeprefix("{").rpartition("}")
    if tag != "definitions" or namespace not in _VERSIONS:
        message = "the file is not a DMN model of version 1.1 to 1.5"
        raise _unusable(path, "not-dmn", message)
    if _is_deeper(root, _MAX_DEPTH):
        message = (
            f"elements nest more than {_MAX_DEPTH} levels deep, which no person can read; take them apart"
        )
        raise _unusable(path, "too-deep", message)
    return XmlElement(root, namespace, path.name, str(root.get("id", "")))


def _unusable(path: Path, code: str, message: str) -> RulesError:
    return RulesError(path.name, [Diagnostic(code, message, place=LineAddress(path.name))])


def _is_deeper(root: Any, depth: int) -> bool:
    level = [root]
    for _ in range(depth):
        level = [child for element in level for child in element]
    return bool(level)
