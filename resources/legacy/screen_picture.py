"""A terminal screen as a picture: HTML in the colours of a 3279, with nothing of what is hidden."""

from __future__ import annotations

from html import escape

from resources.legacy.terminal_screen import COLUMNS, Field, TerminalScreen

# The base colours of a terminal without colours of its own: unprotected or not, bright or not.
COLOURS = {
    (False, False): "#33d17a",
    (False, True): "#f66151",
    (True, False): "#62a0ea",
    (True, True): "#ffffff",
}
STYLE = (
    "display:inline-block;margin:0;padding:12px 16px;background:#101418;color:#33d17a;"
    "font:14px/1.25 'DejaVu Sans Mono',Consolas,Menlo,monospace;white-space:pre"
)


def html_picture(screen: TerminalScreen) -> str:
    """For a log: one element that needs nothing else."""
    text = "".join(line.ljust(COLUMNS) for line in screen.lines)
    parts, at = [], 0
    for field in screen.fields:
        start = (field.row - 1) * COLUMNS + field.column - 1
        parts.append(_in_lines(text, at, start))
        at = start + field.length
        parts.append(f'<span style="{_style(field)}">{_in_lines(text, start, at)}</span>')
    parts.append(_in_lines(text, at, len(text)))
    return f'<pre style="{STYLE}">{"".join(parts)}</pre>'


def html_page(screen: TerminalScreen) -> str:
    """For a file."""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(screen.name)}</title></head><body>{html_picture(screen)}</body></html>\n"
    )


def _style(field: Field) -> str:
    line = "" if field.protected else ";text-decoration:underline"
    return f"color:{COLOURS[field.protected, field.bright]}{line}"


def _in_lines(text: str, start: int, end: int) -> str:
    """A part of the screen, with the ends of lines in it."""
    return "".join(("\n" if at and at % COLUMNS == 0 else "") + escape(text[at]) for at in range(start, end))
