"""Colours for cells in the XML of a workbook: a copy of each cell's own style, with another fill."""

from __future__ import annotations

from referee.workbook.cell_style import with_attributes
from referee.workbook.xml_source import SourceElement, XmlSource

FAULT_COLOUR = "FFFFC7CE"
"""The light red that Excel itself offers for bad values."""

HINT_COLOUR = "FFE4DFEC"
"""A light violet, for what may stay as it is."""

_COLOURS = (FAULT_COLOUR, HINT_COLOUR)


class FilledStyles:
    """The styles of a workbook, with coloured copies of those asked for."""

    def __init__(self, content: bytes) -> None:
        self._source = XmlSource(content)
        root = self._source.root
        self._fills = root.child("fills")
        self._formats = root.child("cellXfs")
        self._coloured: dict[tuple[int, str], int] = {}

    @property
    def is_usable(self) -> bool:
        return self._fills is not None and self._formats is not None

    def coloured(self, style: int, colour: str) -> int:
        """The number of the style that is like ``style`` but for its fill."""
        assert self._formats is not None
        formats = list(self._formats.all("xf"))
        key = style, colour
        if key not in self._coloured:
            self._coloured[key] = len(formats) + len(self._coloured)
            written = self._source.source(formats[style]) if style < len(formats) else "<xf/>"
            self._source.append(
                self._formats,
                with_attributes(written, {"fillId": str(self._fill_number(colour)), "applyFill": "1"}),
            )
        return self._coloured[key]

    def _fill_number(self, colour: str) -> int:
        assert self._fills is not None
        return len(list(self._fills.all("fill"))) + _COLOURS.index(colour)

    def bytes(self) -> bytes:
        if not self._coloured or self._fills is None or self._formats is None:
            return self._source.content
        prefix = f"{self._fills.prefix}:" if self._fills.prefix else ""
        fills = [
            f'<{prefix}fill><{prefix}patternFill patternType="solid"><{prefix}fgColor rgb="{colour}"/>'
            f'<{prefix}bgColor indexed="64"/></{prefix}patternFill></{prefix}fill>'
            for colour in _COLOURS
        ]
        self._count(self._fills, len(list(self._fills.all("fill"))) + len(fills))
        self._source.append(self._fills, "".join(fills))
        self._count(self._formats, len(list(self._formats.all("xf"))) + len(self._coloured))
        return self._source.bytes()

    def _count(self, element: SourceElement, count: int) -> None:
        self._source.set_attribute(element, "count", str(count))
