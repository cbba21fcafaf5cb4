"""Cell styles that are like one of a workbook but for some attributes: another number format, text marked so."""

from __future__ import annotations

import re
from collections.abc import Mapping

from referee.workbook.xml_source import XmlSource


def with_attributes(written: str, attributes: Mapping[str, str]) -> str:
    """The source of a cell format with these attributes in the place of its own of the same names."""
    opened = re.match(r"<[^>]*?(?=/?>)", written)
    start = opened.group() if opened else ""
    rest = written[len(start) :]
    for name in attributes:
        start = re.sub(rf"""\s{name}\s*=\s*(?:"[^"]*"|'[^']*')""", "", start)
    added = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f"{start.rstrip()} {added}{rest}"


class StyleVariants:
    """The styles of a workbook, with variants of those asked for behind them."""

    def __init__(self, content: bytes) -> None:
        self._source = XmlSource(content)
        self._formats = self._source.root.child("cellXfs")
        formats = list(self._formats.all("xf")) if self._formats is not None else []
        self._written = [self._source.source(item) for item in formats]
        self._variants: dict[tuple[int, tuple[tuple[str, str], ...]], int] = {}

    def like(self, style: int, attributes: Mapping[str, str]) -> int:
        """The number of the style that is like ``style`` but for these attributes. Raises ValueError where the workbook
        has no styles.
        """
        if self._formats is None:
            raise ValueError("its styles have no content")
        key = style, tuple(attributes.items())
        if key not in self._variants:
            self._variants[key] = len(self._written) + len(self._variants)
            own = self._written[style] if style < len(self._written) else "<xf/>"
            self._source.append(self._formats, with_attributes(own, attributes))
        return self._variants[key]

    @property
    def has_variants(self) -> bool:
        return bool(self._variants)

    def bytes(self) -> bytes:
        if not self.has_variants or self._formats is None:
            return self._source.content
        self._source.set_attribute(self._formats, "count", str(len(self._written) + len(self._variants)))
        return self._source.bytes()
