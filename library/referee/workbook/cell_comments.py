"""Comments for cells in the XML of a workbook, beside those that people wrote."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping

from referee.workbook.cell_place import column_letters
from referee.workbook.excel_package import WORKBOOK_PART, ExcelPackage
from referee.workbook.xml_source import SourceElement, XmlSource, escaped

AUTHOR = "Referee"

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_COMMENTS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<comments xmlns="{namespace}"><authors></authors><commentList></commentList></comments>'
)
_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_DRAWING_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_DRAWING = (
    '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit">'
    '<o:idmap v:ext="edit" data="1"/></o:shapelayout></xml>'
)
_NAMESPACES = (
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_SHAPE_TYPE = (
    f'<v:shapetype {_NAMESPACES} id="_x0000_t202" coordsize="21600,21600" o:spt="202" '
    'path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>'
    '<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_SHAPE = (
    '<v:shape {namespaces} id="_x0000_s{number}" type="#_x0000_t202" '
    'style="position:absolute;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto">'
    '<v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
    '<v:textbox style="mso-direction-alt:auto"/><x:ClientData ObjectType="Note"><x:MoveWithCells/>'
    "<x:SizeWithCells/><x:Anchor>{left}, 15, {top}, 2, {right}, 15, {bottom}, 4</x:Anchor>"
    "<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
)
_AFTER_LEGACY_DRAWING = (
    "legacyDrawingHF",
    "drawingHF",
    "picture",
    "oleObjects",
    "controls",
    "webPublishItems",
    "tableParts",
    "extLst",
)
_PERSONS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<personList '
    'xmlns="http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"></personList>'
)


def add_comments(
    package: ExcelPackage, part: str, sheet: XmlSource, texts: Mapping[tuple[int, int], str]
) -> None:
    """Comments by row and column (from 1). Where somebody has commented already, the text comes after
    theirs.
    """
    name = package.related(part, "comments")
    if not name:
        name = package.new_name("xl/comments{}.xml")
        namespace = sheet.root.attributes.get("xmlns", _MAIN) if not sheet.root.prefix else _MAIN
        package.changed[name] = _COMMENTS.format(namespace=namespace).encode()
        package.declare(name, _COMMENTS_TYPE)
        package.relate(part, name, "comments")
    comments = XmlSource(package.read(name))
    authors, listing = comments.root.child("authors"), comments.root.child("commentList")
    if authors is None or listing is None:
        return
    found = {comment.attributes.get("ref", ""): comment for comment in listing.all("comment")}
    prefix = f"{comments.root.prefix}:" if comments.root.prefix else ""
    author = len(authors.children)
    comments.append(authors, f"<{prefix}author>{AUTHOR}</{prefix}author>")
    without_shape = []
    for (row, column), text in texts.items():
        reference = f"{column_letters(column)}{row}"
        run = f'<{prefix}r><{prefix}t xml:space="preserve">{{}}</{prefix}t></{prefix}r>'
        if reference in found:
            _append_to(comments, found[reference], run.format(escaped(f"\n\n{AUTHOR}: {text}")))
            _reply(package, part, reference, text)
            continue
        body = f"<{prefix}text>{run.format(escaped(text))}</{prefix}text>"
        opening = f'<{prefix}comment ref="{reference}" authorId="{author}">'
        comments.append(listing, f"{opening}{body}</{prefix}comment>")
        without_shape.append((row, column))
    package.changed[name] = comments.bytes()
    if without_shape:
        _draw(package, part, sheet, {place: texts[place] for place in without_shape})


def _append_to(comments: XmlSource, comment: SourceElement, run: str) -> None:
    text = comment.child("text")
    if text is None:
        comments.append(comment, f"<text>{run}</text>")
        return
    plain = text.child("t")
    if plain is not None:  # plain text has no runs after it; as a run it looks the same
        name = f"{plain.prefix}:r" if plain.prefix else "r"
        comments.replace(plain.start, plain.end, f"<{name}>{comments.source(plain)}</{name}>{run}")
        return
    runs = list(text.all("r"))
    place = runs[-1].end if runs else text.inner
    if text.is_empty_tag:
        comments.append(text, run)
    else:
        comments.replace(place, place, run)


def _draw(package: ExcelPackage, part: str, sheet: XmlSource, texts: Mapping[tuple[int, int], str]) -> None:
    """The boxes of comments, which Excel keeps in a drawing of their own; without one it shows none."""
    name = package.related(part, "vmlDrawing") if sheet.root.child("legacyDrawing") is not None else ""
    if not name:
        name = package.new_name("xl/drawings/vmlDrawing{}.vml")
        package.changed[name] = _DRAWING.encode()
        package.declare(name, _DRAWING_TYPE)
        _refer_to_drawing(sheet, package.relate(part, name, "vmlDrawing"))
    drawing = package.read(name)
    number = max((int(found) for found in re.findall(rb"_x0000_s(\d+)", drawing)), default=1024) + 1
    shapes = [] if b'id="_x0000_t202"' in drawing else [_SHAPE_TYPE]
    for (row, column), text in texts.items():
        lines = sum(1 + len(line) // 42 for line in text.split("\n"))
        shapes.append(
            _SHAPE.format(
                namespaces=_NAMESPACES,
                number=number,
                left=column,
                right=column + 4,
                top=max(row - 2, 0),
                bottom=max(row - 2, 0) + max(4, lines + 1),
                row=row - 1,
                column=column - 1,
            )
        )
        number += 1
    # Drawings of old programs aren't always well-formed XML, so they are changed as text.
    head, closing, tail = drawing.rpartition(b"</")
    package.changed[name] = head + "".join(shapes).encode() + closing + tail


def _refer_to_drawing(sheet: XmlSource, relation: str) -> None:
    prefix = f"{sheet.root.prefix}:" if sheet.root.prefix else ""
    strict = any("purl.oclc.org" in value for value in sheet.root.attributes.values())
    namespace = (
        "http://purl.oclc.org/ooxml/officeDocument/relationships"
        if strict
        else "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    )
    element = f'<{prefix}legacyDrawing xmlns:r="{namespace}" r:id="{relation}"/>'
    for child in sheet.root.children:
        wrapped = child.tag == "AlternateContent" and any(
            inner.tag in _AFTER_LEGACY_DRAWING for choice in child.children for inner in choice.children
        )
        if child.tag in _AFTER_LEGACY_DRAWING or wrapped:
            sheet.replace(child.start, child.start, element)
            return
    sheet.append(sheet.root, element)


def _reply(package: ExcelPackage, part: str, reference: str, text: str) -> None:
    """Where the comment is a conversation, Excel shows that and not the comment: the text is a reply in it."""
    name = package.related(part, "threadedComment")
    if not name:
        return
    threads = XmlSource(package.read(name))
    first = next((item for item in threads.root.children if item.attributes.get("ref") == reference), None)
    if first is None:
        return
    own = _guid(f"{part} {reference} {text}")
    threads.append(
        threads.root,
        f'<threadedComment ref="{reference}" dT="{escaped(first.attributes.get("dT", ""))}" '
        f'personId="{_person(package)}" id="{own}" '
        f'parentId="{escaped(first.attributes.get("parentId") or first.attributes.get("id", ""))}">'
        f"<text>{escaped(text)}</text></threadedComment>",
    )
    package.changed[name] = threads.bytes()


def _person(package: ExcelPackage) -> str:
    own = _guid(AUTHOR)
    name = package.related(WORKBOOK_PART, "person")
    if not name:
        name = package.new_name("xl/persons/person{}.xml")
        package.changed[name] = _PERSONS.encode()
        package.declare(name, "application/vnd.ms-excel.person+xml")
        package.relate(
            WORKBOOK_PART, name, "http://schemas.microsoft.com/office/2017/10/relationships/person"
        )
    persons = XmlSource(package.read(name))
    if own not in persons.content.decode("utf-8"):
        entry = f'<person displayName="{AUTHOR}" id="{own}" userId="{AUTHOR}" providerId="None"/>'
        persons.append(persons.root, entry)
        package.changed[name] = persons.bytes()
    return own


def _guid(text: str) -> str:
    """An id that depends on the text alone, so that the same notes give the same file."""
    return f"{{{str(uuid.uuid5(uuid.NAMESPACE_URL, text)).upper()}}}"
