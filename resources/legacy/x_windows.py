"""The windows that a program shows on an X display, by their titles; and whether its clipboard is in use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ShownWindow:
    """A window that can be seen, with its title and its place on the screen."""

    title: str
    left: int
    top: int
    width: int
    height: int


class Windows:
    """The windows of programs of one class, on the display that the variable DISPLAY names now."""

    def __init__(self) -> None:
        from Xlib.display import Display

        self._display = Display()

    def close(self) -> None:
        """Also when the display has ended already."""
        from Xlib.error import ConnectionClosedError

        with suppress(ConnectionClosedError, OSError):
            self._display.close()

    def of_class(self, name: str) -> list[ShownWindow]:
        """The undermost first. Window managers put a frame around each window, so that one is looked for within."""
        return list(self._within(self._display.screen().root, name))

    def empty_clipboard(self) -> None:
        """Nobody offers anything there any more."""
        from Xlib import X
        from Xlib.protocol.request import SetSelectionOwner

        clipboard = self._display.get_atom("CLIPBOARD")
        SetSelectionOwner(
            display=self._display.display, window=X.NONE, selection=clipboard, time=X.CurrentTime
        )
        self._display.sync()

    @property
    def clipboard_is_empty(self) -> bool:
        from Xlib import X

        return bool(self._display.get_selection_owner(self._display.get_atom("CLIPBOARD")) == X.NONE)

    def _within(self, parent: Any, name: str) -> Iterator[ShownWindow]:
        from Xlib import X
        from Xlib.error import BadDrawable, BadWindow

        for window in parent.query_tree().children:
            try:
                if window.get_attributes().map_state != X.IsViewable:
                    continue
                kind = window.get_wm_class()
                title = self._title(window)
                if kind and kind[1] == name and title:
                    place, corner = (
                        window.get_geometry(),
                        window.translate_coords(self._display.screen().root, 0, 0),
                    )
                    yield ShownWindow(title, -corner.x, -corner.y, place.width, place.height)
                else:
                    yield from self._within(window, name)
            except (BadDrawable, BadWindow):
                continue  # it was closed just now

    def _title(self, window: Any) -> str:
        found = window.get_full_text_property(self._display.get_atom("_NET_WM_NAME"))
        return str(found or window.get_wm_name() or "")
