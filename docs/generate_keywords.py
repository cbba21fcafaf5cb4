"""Writes docs/keywords.html, the documentation of the keywords: ``python docs/generate_keywords.py``.

It is libdoc's own page, without the paths of the machine that made it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from robot.libdocpkg import LibraryDocumentation  # type: ignore[import-untyped]

PAGE = Path(__file__).with_name("keywords.html")


def documentation() -> Any:
    """What libdoc says about the library, as HTML, without source paths."""
    # The library needs the name of a workbook; nothing opens it here.
    library = LibraryDocumentation("RefereeLibrary::decision.xlsx")
    library.source = None
    for keyword in (*library.inits, *library.keywords):
        keyword.source = None
    library.convert_docs_to_html()
    return library


if __name__ == "__main__":
    documentation().save(str(PAGE), "HTML")
