"""Robot Framework library: desktop programs by what they show, through ``RPA.Desktop``.

The program runs on a virtual display of our own or on the display of whoever started the bot. Windows are known by
their titles, fields by the labels to their left, wherever these are. Nothing here sleeps: keywords wait until the
program shows what is to come. What is not there as it was raises an error that begins with ``the screen changed:``, and
leaves a picture in log.html and in the output folder.

    Open Display    Programclass
    (start the program)
    Wait For Window    Search
    Fill In Window    Search    Supplier no.=70010
    Press Keys    enter
    Wait For Window    Master data    Error

This needs an X display, so Linux.
"""

from __future__ import annotations

import gc
import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn

from resources.legacy.bound_processes import StartFailed, start, stop_bound_processes
from resources.legacy.kept_files import note_kept_files
from resources.legacy.screen_text import Text, field_beside, label_in, texts_in
from resources.legacy.x_windows import ShownWindow, Windows

if TYPE_CHECKING:
    from PIL.Image import Image

SCREEN_SIZE = "1024x768x24"
PATIENCE = 20.0
PATIENCE_FOR_FIELDS = 3.0
"""Seconds for a window that is there to be drawn."""
ENLARGED = (2, 3)
"""What one size of the picture misreads the other may not; each is tried in its turn."""
PATIENCE_FOR_THE_CLIPBOARD = 5.0
ASK_AGAIN = 0.5
GONE = 2.0
"""Seconds without any window, after which a program has ended."""
NO_WINDOW = "the program has ended: it shows no window any more"
PAUSE = 0.03
DISPLAY = "virtual display"
COLUMN = 12
"""Pixels by which labels of one column may differ."""
NUMBER = re.compile(r"\d{4}")


class ScreenChanged(Exception):
    """A window or element is not there, or not as it was. Nobody knows what a further step would do."""

    ROBOT_SUPPRESS_NAME = True


class ProgramGone(Exception):
    """The program shows no window any more."""

    ROBOT_SUPPRESS_NAME = True


def at_the_display(step: Callable[..., Any]) -> Callable[..., Any]:
    """A display that ends takes its programs with it, and each part of what we use says so in its own way."""

    @wraps(step)
    def told(*arguments: Any, **named: Any) -> Any:
        from mss.exception import ScreenShotError
        from Xlib.error import ConnectionClosedError, DisplayError

        try:
            return step(*arguments, **named)
        except (ConnectionClosedError, DisplayError, ConnectionError, ScreenShotError) as error:
            raise ProgramGone("the display has ended, and the program with it") from error

    return told


@library(scope="GLOBAL")
class desktop_screen:  # noqa: N801 (Robot Framework imports the class that is named like its file)
    """The display, and the windows of the program that is driven."""

    def __init__(self) -> None:
        self._desktop: Any = None
        self._windows: Windows | None = None
        self._is_open = False
        self._display_before: str | None = None
        self._class = ""

    @keyword
    @at_the_display
    def open_display(self, window_class: str, shown: bool = False) -> None:
        """Choose the display for programs that are started from now on; ``window_class`` is that of their windows.

        It is a virtual one that ends with the run, with a number that was free; with ``shown`` the display of whoever
        started the bot, to look on. There mouse, keyboard and clipboard are shared with that person.
        """
        self.close_display()
        self._display_before = os.environ.get("DISPLAY")
        self._is_open = True
        self._class = window_class
        if shown:
            if not self._display_before:
                raise StartFailed(
                    "there is no display to show the program on: the variable DISPLAY is not set"
                )
        else:
            if not shutil.which("Xvfb"):
                raise StartFailed(
                    "the virtual display Xvfb is not installed (on Debian: apt-get install xvfb)"
                )
            command = ["Xvfb", "-displayfd", "1", "-screen", "0", SCREEN_SIZE, "-nolisten", "tcp"]
            display = start(command, application=DISPLAY, program="Xvfb", supervised=True)
            os.environ["DISPLAY"] = ":" + display.wait_for(r"^\d+$")[0]
        # Its mouse and keyboard belong to the display that there is when they are made.
        from RPA.Desktop import Desktop
        from RPA.Desktop.utils import Buffer

        self._desktop = Desktop()
        # No pause between inputs: a display keeps their order, and what was typed is read back.
        self._desktop.buffer = Buffer(self._desktop.logger, interval=0)
        self._windows = Windows()

    @keyword
    def close_display(self) -> None:
        """Go back to the display there was before. May be called when none is open."""
        if not self._is_open:
            return
        self._is_open = False
        if self._windows is not None:
            self._windows.close()
            self._windows = None
        self._let_go_of_mouse_and_keyboard()
        if self._display_before is None:
            os.environ.pop("DISPLAY", None)
        else:
            os.environ["DISPLAY"] = self._display_before
        self._desktop = None
        gc.collect()  # mouse and keyboard let go of the display while it is there
        stop_bound_processes(DISPLAY)

    def _let_go_of_mouse_and_keyboard(self) -> None:
        """They would do so when they are forgotten, and print a traceback if the display has ended."""
        if self._desktop is None:
            return
        from Xlib.error import ConnectionClosedError

        for name, part in (("click", "_mouse"), ("press_keys", "_keyboard")):
            controller = getattr(self._desktop.keywords[name].__self__, part, None)
            connection = vars(controller).pop("_display", None) if controller else None
            if connection is not None:
                with suppress(ConnectionClosedError, OSError):
                    connection.close()

    @keyword
    @at_the_display
    def wait_for_window(self, *titles: str, patience: float = PATIENCE) -> str:
        """Wait until a window with one of the titles is above the program's other windows; returns its title."""
        until = time.monotonic() + patience
        last_seen = time.monotonic()
        while True:
            window = self._top()
            if window is not None:
                last_seen = time.monotonic()
                if window.title in titles:
                    return window.title
            elif time.monotonic() > last_seen + GONE:
                raise ProgramGone(NO_WINDOW)
            if time.monotonic() > until:
                raise self._changed(
                    f"no window {_or(titles)} came within {patience:g} seconds",
                    _or([window.title] if window else []),
                )
            time.sleep(PAUSE)

    @keyword
    @at_the_display
    def wait_for_another_window(self, title: str, patience: float = PATIENCE) -> str:
        """Wait until a window with another title is above the program's other windows; returns its title."""
        until = time.monotonic() + patience
        while (window := self._top()) is None or window.title == title:
            if time.monotonic() > until:
                raise self._changed(f"the window '{title}' stayed for {patience:g} seconds")
            time.sleep(PAUSE)
        return window.title

    @keyword
    @at_the_display
    def press_keys(self, *keys: str) -> None:
        """Press keys together, such as ``f5`` or ``ctrl    c``."""
        self._open_windows()
        self._desktop.press_keys(*keys)

    @keyword
    @at_the_display
    def fill_in_window(self, title: str, **values: str) -> None:
        """Put each value into the field beside its label, and read back that it arrived, sign by sign."""
        points = self._fields(title, list(values))
        for label, value in values.items():
            for _ in range(2):
                self._desktop.click(_at(points[label]))
                self._desktop.press_keys("ctrl", "a")
                if value:
                    self._desktop.type_text(value)
                else:
                    self._desktop.press_keys("delete")
                arrived = self._copied(all_of_it=True) if value else ""
                if arrived == value:
                    break
            else:
                raise self._changed(f"the field '{label}' of '{title}' took {arrived!r} for {value!r}")

    @keyword
    @at_the_display
    def read_from_window(self, title: str, *labels: str) -> dict[str, str]:
        """What stands in the fields beside these labels, sign by sign; for fields that aren't empty."""
        points = self._fields(title, labels)
        read = {}
        for label in labels:
            self._desktop.click(_at(points[label]))
            read[label] = self._copied(all_of_it=True)
        return read

    @keyword
    @at_the_display
    def copy_from_window(self, title: str) -> str:
        """What Ctrl+C copies from a message or a list, for texts that have to be exact."""
        self.wait_for_window(title)
        return self._copied()

    @keyword
    @at_the_display
    def keep_picture(self, name: str) -> str:
        """Save a picture of the program in the output folder and show it in log.html; returns its file."""
        return str(self._keep(self._program(), name))

    def _copied(self, all_of_it: bool = False) -> str:
        """Asks again until the program has copied: a window that has just come may not listen yet."""
        windows = self._open_windows()
        windows.empty_clipboard()
        until = time.monotonic() + PATIENCE_FOR_THE_CLIPBOARD
        while windows.clipboard_is_empty:
            if time.monotonic() > until:
                raise self._changed("nothing could be copied with Ctrl+C")
            if all_of_it:
                self.press_keys("ctrl", "a")
            self.press_keys("ctrl", "c")
            again = time.monotonic() + ASK_AGAIN
            while windows.clipboard_is_empty and time.monotonic() < again:
                time.sleep(PAUSE)
        return str(self._desktop.get_clipboard_value())

    def _fields(self, title: str, labels: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Where to click, on the screen, for the fields beside the labels. All are looked for at once."""
        self.wait_for_window(title)
        until = time.monotonic() + PATIENCE_FOR_FIELDS
        enlarged = ENLARGED[0]
        while True:
            window = self._top()
            if window is None or window.title != title:
                raise self._changed(f"the window '{title}' was left", _or([window.title] if window else []))
            image = self._screen().crop(
                (window.left, window.top, window.left + window.width, window.top + window.height)
            )
            texts = texts_in(image, enlarged)
            found = {label: label_in(texts, label) for label in labels}
            points = {label: field_beside(image, text) for label, text in found.items() if text}
            if all(points.get(label) for label in labels):
                return {label: (window.left + x, window.top + y) for label, (x, y) in points.items()}  # type: ignore[misc]
            if time.monotonic() > until and enlarged != ENLARGED[0]:
                raise self._changed(_missing(title, found, points), _listed(texts, found))
            enlarged = ENLARGED[enlarged == ENLARGED[0]]

    def _changed(self, what: str, shown: str = "") -> ScreenChanged | ProgramGone:
        if self._top() is None:
            return ProgramGone(NO_WINDOW)
        picture = self._keep(self._program(), "screen-changed")
        instead = f"; it shows {shown}" if shown else ""
        return ScreenChanged(f"the screen changed: {what}{instead} (picture: {picture.name})")

    def _open_windows(self) -> Windows:
        if self._windows is None:
            raise ProgramGone("no display is open; use Open Display first")
        return self._windows

    def _top(self) -> ShownWindow | None:
        return next(reversed(self._open_windows().of_class(self._class)), None)

    def _screen(self) -> Image:
        from RPA.Desktop.keywords.screen import grab

        return grab()  # type: ignore[no-any-return]

    def _program(self) -> Image:
        """The part of the screen that the program's windows take up; all of it where there are none."""
        windows = self._windows.of_class(self._class) if self._windows else []
        if not windows:
            return self._screen()
        left, top = (max(0, min(getattr(window, side) for window in windows)) for side in ("left", "top"))
        right = max(window.left + window.width for window in windows)
        return self._screen().crop((left, top, right, max(window.top + window.height for window in windows)))

    def _keep(self, image: Image, name: str) -> Path:
        folder = Path(str(BuiltIn().get_variable_value("${OUTPUT DIR}")))
        folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while (path := folder / f"{name}-{number}.png").exists():
            number += 1
        image.save(path)
        note_kept_files(str(path))
        from RPA.Desktop.keywords.screen import log_image

        log_image(image)
        return path


def _at(point: tuple[int, int]) -> str:
    return f"point:{point[0]},{point[1]}"


def _missing(title: str, found: dict[str, Text | None], points: dict[str, Any]) -> str:
    labels = [label for label, text in found.items() if text is None]
    fields = [label for label, text in found.items() if text is not None and not points.get(label)]
    faults = [f"no label {_or(labels)}"] if labels else []
    if fields:
        faults.append(f"no field to the right of {_or(fields)}")
    return f"'{title}' has {' and '.join(faults)}"


def _listed(texts: Sequence[Text], found: dict[str, Text | None]) -> str:
    """The labels that are there: the picture shows the rest, and what is in the fields is for nobody's log."""
    lefts = [text.left for text in found.values() if text is not None]
    if not lefts and texts:
        # None of them was found: labels stand in the fullest column, and to the left of values.
        members = {text.left: sum(abs(text.left - other.left) <= COLUMN for other in texts) for text in texts}
        lefts = [max(members, key=lambda left: (members[left], -left))]
    labels = [text.words for text in texts if any(abs(text.left - left) <= COLUMN for left in lefts)]
    return ", ".join(f"'{label}'" for label in labels if not NUMBER.search(label))


def _or(names: Sequence[str]) -> str:
    return " or ".join(f"'{name}'" for name in names) or "nothing"
