"""A real terminal for tests: s3270, told what to do without Robot Framework."""

from __future__ import annotations

import shutil
import sys
from types import TracebackType
from typing import Self

import pytest

from resources.legacy.terminal_screen import TerminalScreen, screen_in

needs_a_terminal = pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("s3270"), reason="needs the terminal program s3270"
)


class Terminal:
    """Connected to a host; ends with the block."""

    def __init__(self, address: str) -> None:
        from Mainframe3270.py3270 import Emulator

        self._emulator = Emulator(extra_args=["-codepage", "cp037", "-utf8"])
        self._emulator.connect(address)
        self.do("Set(AidWait,false)")
        self.do("Wait(10,Unlock)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._emulator.app.sp
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()
        process.wait(timeout=10)

    def do(self, action: str) -> list[str]:
        return [line.decode() for line in self._emulator.exec_command(action.encode()).data]

    def press(self, key: str) -> TerminalScreen:
        """What the host answers."""
        self.do(key)
        self.do("Wait(10,Unlock)")
        return self.screen()

    def fill(self, label: str, text: str) -> None:
        entry = self.screen().entry_beside(label)
        self.type_at(entry.row, entry.column, text)

    def type_at(self, row: int, column: int, text: str) -> None:
        self.do(f"MoveCursor({row - 1},{column - 1})")
        self.do("EraseEOF")
        for letter in text:
            self.do(f"Key(U+{ord(letter):04X})")

    def screen(self) -> TerminalScreen:
        buffer = self.do("ReadBuffer(Unicode)")
        return screen_in(buffer, locked=self._emulator.status.keyboard != b"U")
