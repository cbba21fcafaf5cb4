"""The 3270 data stream: panels as the bytes that draw them, and what a terminal sends back when a key is pressed.

Source: IBM GA23-0059, 3270 Data Stream Programmer's Reference. Rows and columns count from 1, as terminals show them;
buffer addresses count from 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ROWS, COLUMNS = 24, 80
CODE_PAGE = "cp037"

WRITE, ERASE_WRITE = 0xF1, 0xF5
# Write control characters: what the terminal does after it has drawn.
KEYBOARD_STAYS_LOCKED = 0xC0
UNLOCK_KEYBOARD = 0xC2
SET_BUFFER_ADDRESS, START_FIELD, INSERT_CURSOR, REPEAT_TO_ADDRESS = 0x11, 0x1D, 0x13, 0x3C

# Field attributes.
PROTECTED, NUMERIC, INTENSIFIED, HIDDEN, MODIFIED = 0x20, 0x10, 0x08, 0x0C, 0x01

# Six bits as a byte that every line and code page lets through (figure "Buffer Address I/O Interface Codes").
SIX_BITS = bytes(
    [
        *(0x40, *range(0xC1, 0xCA), *range(0x4A, 0x51), *range(0xD1, 0xDA), *range(0x5A, 0x62)),
        *(*range(0xE2, 0xEA), *range(0x6A, 0x70), *range(0xF0, 0xFA), *range(0x7A, 0x80)),
    ]
)

KEYS = {
    0x7D: "ENTER",
    0x6D: "CLEAR",
    **dict(zip((0x6C, 0x6E, 0x6B), ("PA1", "PA2", "PA3"), strict=True)),
    **{0xF0 + number: f"PF{number}" for number in range(1, 10)},
    **{0x7A + number: f"PF{number + 10}" for number in range(3)},
    **{0xC0 + number: f"PF{number + 12}" for number in range(1, 10)},
    **{0x4A + number: f"PF{number + 22}" for number in range(3)},
}
KEYS_WITHOUT_FIELDS = frozenset({"CLEAR", "PA1", "PA2", "PA3"})


class NotUnderstood(Exception):
    """The terminal sent what is no answer to a panel."""


@dataclass(frozen=True, slots=True)
class Label:
    """Text that can't be typed over; its attribute takes the column before it."""

    row: int
    column: int
    text: str
    bright: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A field to type into; attributes take the columns before and after it."""

    name: str
    row: int
    column: int
    length: int
    value: str = ""
    hidden: bool = False
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """What a screen shows. The cursor stands in the entry that ``cursor`` names, else in the first one."""

    labels: tuple[Label, ...]
    entries: tuple[Entry, ...] = ()
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A key, where the cursor stood, and the text of each field that was changed, by the address of its first place."""

    key: str
    cursor: int = 0
    fields: dict[int, str] = field(default_factory=dict)

    def text_in(self, entry: Entry) -> str:
        """What stands in an entry, without blanks around it; an entry that was not changed has kept its value."""
        return self.fields.get(address_of(entry.row, entry.column), entry.value).strip()


def address_of(row: int, column: int) -> int:
    if not (1 <= row <= ROWS and 1 <= column <= COLUMNS):
        raise ValueError(f"row {row}, column {column} is outside the screen")
    return (row - 1) * COLUMNS + column - 1


def encoded_address(address: int) -> bytes:
    """In 12 bits, six in each byte."""
    return bytes([SIX_BITS[address >> 6], SIX_BITS[address & 0x3F]])


def decoded_address(pair: bytes) -> int:
    """From 12 bits, or from 14 where the first two are zero."""
    if len(pair) != 2:
        raise NotUnderstood("an address is cut off")
    address = (pair[0] << 8 | pair[1]) if pair[0] < 0x40 else (pair[0] & 0x3F) << 6 | pair[1] & 0x3F
    if address >= ROWS * COLUMNS:
        raise NotUnderstood(f"the address {address} is outside the screen")
    return address


def drawn(panel: Panel) -> bytes:
    """Erase the screen, draw the panel, unlock the keyboard. What has no place on the screen is a fault."""
    stream = bytearray([ERASE_WRITE, UNLOCK_KEYBOARD])
    fields: dict[int, bytes] = {}
    for entry in panel.entries:
        start = address_of(entry.row, entry.column)
        end = address_of(entry.row, entry.column + entry.length)
        text = entry.value.encode(CODE_PAGE, errors="replace")
        if len(text) > entry.length:
            raise ValueError(f"{entry.name} has {entry.length} places, and {entry.value!r} needs {len(text)}")
        kind = (HIDDEN if entry.hidden else 0) | (NUMERIC if entry.numeric else 0) | (MODIFIED if text else 0)
        fields[start - 1] = _attribute(kind) + text
        fields[end] = _attribute(PROTECTED | NUMERIC)
    for label in panel.labels:
        start = address_of(label.row, label.column)
        kind = PROTECTED | (INTENSIFIED if label.bright else 0)
        fields[start - 1] = _attribute(kind) + _text(label.text, start)
    for address, content in sorted(fields.items()):
        stream += _at(address) + content
    if panel.entries:
        entry = next((entry for entry in panel.entries if entry.name == panel.cursor), panel.entries[0])
        stream += _at(address_of(entry.row, entry.column)) + bytes([INSERT_CURSOR])
    return bytes(stream)


def drawn_over(label: Label) -> bytes:
    """One more text on the screen as it is; the keyboard stays locked."""
    start = address_of(label.row, label.column)
    kind = PROTECTED | (INTENSIFIED if label.bright else 0)
    content = _at(start - 1) + _attribute(kind) + _text(label.text, start)
    return bytes([WRITE, KEYBOARD_STAYS_LOCKED]) + content


def understood(record: bytes) -> Reading:
    """What a terminal sent: a key, and for most keys the changed fields."""
    if not record or record[0] not in KEYS:
        raise NotUnderstood(f"no key begins with {record[:1].hex() or 'nothing'}")
    key = KEYS[record[0]]
    if key in KEYS_WITHOUT_FIELDS:
        return Reading(key)
    fields: dict[int, str] = {}
    head, *parts = record[1:].split(bytes([SET_BUFFER_ADDRESS]))
    for part in parts:
        # Places that were never typed into are left out, or are nulls.
        fields[decoded_address(part[:2])] = part[2:].replace(b"\0", b"").decode(CODE_PAGE)
    return Reading(key, decoded_address(head[:2]), fields)


def _at(address: int) -> bytes:
    return bytes([SET_BUFFER_ADDRESS]) + encoded_address(address)


def _attribute(kind: int) -> bytes:
    return bytes([START_FIELD, SIX_BITS[kind]])


def _text(text: str, start: int) -> bytes:
    """A line of one and the same sign is told by the place where it ends."""
    content = text.encode(CODE_PAGE, errors="replace")
    end = start + len(content)
    if start // COLUMNS != (end - 1) // COLUMNS:
        raise ValueError(f"{text!r} goes beyond the end of the line")
    if len(content) > 4 and len(set(content)) == 1:
        return bytes([REPEAT_TO_ADDRESS]) + encoded_address(end % (ROWS * COLUMNS)) + content[:1]
    return content
