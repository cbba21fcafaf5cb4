"""Reports as HTML: one file each, complete in itself, to open in a browser, to print, or to send by mail."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from referee import __version__
from referee.domain import InputError
from referee.files import write_whole

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def write_report(path: str | Path, title: str, template: str, **values: Any) -> None:
    """Writes the report that ``template`` gives with ``values``; an existing file is replaced in one step.

    ``template`` is the name of a file in ``templates`` that extends ``report.html`` and fills its block ``content``;
    ``parts.html`` has what reports share. Whatever a value holds is text to the template, never markup. The file
    loads nothing from a network. Raises InputError where it can't be written.
    """
    path = Path(path)
    text = rendered(title, template, values)
    try:
        write_whole(path, text)
    except OSError as fault:
        reason = fault.strerror or str(fault)
        raise InputError(
            f"{path} can't be written ({reason}); close the file or choose another name"
        ) from fault


def rendered(title: str, template: str, values: Mapping[str, Any]) -> str:
    """The text of a report. The same values give the same text."""
    return _environment().get_template(template).render({**values, "title": title, "version": __version__})


def _breakable(text: str) -> Markup:
    """A text that may be broken after a comma or between dotted names, so that long cells don't widen a table."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"(,(?=\S)|(?<=\w)\.(?=[^\W\d]))", r"\1<wbr>", str(escape(text))))


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from referee.feel.values.text import nested_text

    environment = Environment(
        loader=PackageLoader("referee.cli", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["feel"] = nested_text
    environment.filters["breakable"] = _breakable
    return environment
