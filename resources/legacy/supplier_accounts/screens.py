"""The screens: search, master data, bank details and the journal of changes, each with its number and its keys."""

from __future__ import annotations

import os
import signal
import threading
import tkinter as tk
from collections.abc import Callable, Mapping, Sequence
from tkinter import font

from .records import OpenRecord, Records, Refused, Supplier

CLASS = "Supplieraccounts"
GREY, BLUE, WHITE = "#c0c0c0", "#000080", "#ffffff"
RELEASES = ("3.1", "renamed", "moved", "apart", "missing", "news")
"""What a later release changes on the screen of bank details: the label of the IBAN; its place, which is then the end
of the form; the place of its field, which is then below the label; or there is none for the request. With ``news`` a
screen of news comes before the first one.
"""
BANK_FIELDS = {"iban": "IBAN", "bic": "BIC", "holder": "Account holder", "request": "Request no."}
SIZE = "560x340"


class Program:
    """The program and its main window, which shows one screen at a time; messages are windows of their own."""

    def __init__(self, records: Records, user: str, delay: float, release: str) -> None:
        self._records = records
        self._user = user
        self._delay = delay
        self._release = release
        self._open_record: OpenRecord | None = None
        self._root = tk.Tk(className=CLASS)
        self._root.geometry(f"{SIZE}+40+40")
        self._root.resizable(False, False)
        self._root.configure(bg=GREY)
        for name in ("TkDefaultFont", "TkTextFont"):
            font.nametofont(name).configure(family="DejaVu Sans", size=-14)
        # Selecting everything and pasting over it, as on other systems.
        self._root.bind_class("Entry", "<Control-a>", _select_all)
        self._root.bind_class("Entry", "<<Paste>>", _paste)
        self._ended = threading.Event()

    def run(self) -> None:
        """Until the window is closed or somebody ends the program."""
        signal.signal(signal.SIGTERM, lambda *_: self._ended.set())
        threading.Thread(target=self._end_with_input, daemon=True).start()
        self._look_for_end()
        if self._release == "news":
            self._news()
        else:
            self._search()
        self._root.after_idle(lambda: print("ready", flush=True))  # noqa: T201 - for whoever started the program
        self._root.mainloop()

    def _end_with_input(self) -> None:
        while os.read(0, 1024):
            pass
        self._ended.set()

    def _look_for_end(self) -> None:
        """Tk may only be touched by the thread it runs in."""
        if self._ended.is_set():
            self._root.destroy()
        else:
            self._root.after(100, self._look_for_end)

    # --- screens --------------------------------------------------------------------------------------

    def _news(self) -> None:
        screen = _Screen(self._root, "SA05 News", self._user)
        screen.text("Release 3.2 is here. Read the notes before you go on.")
        screen.buttons({"Continue  F3": self._search}, {"<F3>": self._search})

    def _search(self) -> None:
        self._close_record()
        screen = _Screen(self._root, "SA10 Search", self._user)
        number = screen.field("Supplier no.")
        request = screen.field("Request no.")
        screen.buttons(
            {
                "Show supplier  F5": lambda: self._after_a_while(lambda: self._show(number.get())),
                "Show changes  F7": lambda: self._after_a_while(lambda: self._journal(request.get())),
            },
            {"<F5>": "Show supplier  F5", "<F7>": "Show changes  F7", "<Return>": "Show supplier  F5"},
        )
        number.focus_force()

    def _show(self, number: str) -> None:
        supplier = self._records.supplier(number.strip())
        screen = _Screen(self._root, "SA20 Master data", self._user)
        for label, value in _master_data(supplier):
            screen.shown(label, value)
        screen.buttons(
            {
                "Bank details  F4": lambda: self._after_a_while(lambda: self._bank_details(supplier.number)),
                "Back  F3": self._search,
            },
            {"<F4>": "Bank details  F4", "<F3>": "Back  F3"},
        )
        self._root.focus_force()

    def _bank_details(self, number: str) -> None:
        self._open_record = self._records.open_for_change(number)
        supplier = self._open_record.supplier
        screen = _Screen(self._root, "SA30 Bank details", self._user)
        screen.shown("Supplier no.", supplier.number)
        screen.shown("Name", supplier.name)
        now = {"iban": supplier.iban, "bic": supplier.bic, "holder": supplier.holder, "request": ""}
        fields = {
            name: screen.field(label, now[name], below=name == "iban" and self._release == "apart")
            for name, label in bank_fields(self._release).items()
        }
        screen.buttons(
            {
                "Save  F10": lambda: self._save(
                    {name: fields[name].get() if name in fields else "" for name in now}
                ),
                "Cancel  F3": self._search,
            },
            {"<F10>": "Save  F10", "<F3>": "Cancel  F3"},
        )
        next(iter(fields.values())).focus_force()

    def _save(self, entry: Mapping[str, str]) -> None:
        """The change is saved before the user has waited, as a host that is slow to answer does it."""
        record = self._open_record
        assert record is not None  # the screen is there only with a record open
        stripped = {name: text.strip() for name, text in entry.items()}
        try:
            confirmation = self._records.save(record, stripped)
        except Refused as refused:
            self._message("Error", str(refused))
            return
        said = (
            f"Bank details of supplier {record.supplier.number} saved.\n"
            f"Request no. {stripped['request']}\nConfirmation no. {confirmation}"
        )
        self._after_a_while(lambda: self._message("Saved", said, self._search))

    def _journal(self, request: str) -> None:
        changes = self._records.changes(request.strip())
        screen = _Screen(self._root, "SA40 Changes", self._user)
        screen.shown("Request no.", request.strip())
        screen.shown("Changes found", str(len(changes)))
        lines = "\n".join(
            f"{change.confirmation}\t{change.supplier}\t{change.request}\t{change.iban}" for change in changes
        )
        screen.text(lines.replace("\t", "   ") or "No changes.", copied=lines)
        screen.buttons({"Back  F3": self._search}, {"<F3>": "Back  F3"})
        self._root.focus_force()

    def _close_record(self) -> None:
        if self._open_record is not None:
            self._open_record.close()
            self._open_record = None

    # --- windows over the screen ----------------------------------------------------------------------

    def _after_a_while(self, go_on: Callable[[], None]) -> None:
        window = self._window("Please wait", "The host is working. Please wait ...")

        def ended() -> None:
            window.destroy()
            try:
                go_on()
            except Refused as refused:
                self._message("Error", str(refused))

        window.after(int(self._delay * 1000), ended)

    def _message(self, title: str, said: str, go_on: Callable[[], None] | None = None) -> None:
        """A message box: Enter or F3 closes it, Ctrl+C copies what it says."""
        window = self._window(title, said)

        def ended(_event: object = None) -> None:
            window.destroy()
            if go_on is not None:
                go_on()
            else:
                self._root.focus_force()

        tk.Button(window, text="OK", width=10, bg=GREY, command=ended).pack(pady=(0, 12))
        for key in ("<Return>", "<F3>"):
            window.bind(key, ended)
        window.bind("<Control-c>", lambda _event: _copy(window, said))
        window.protocol("WM_DELETE_WINDOW", ended)

    def _window(self, title: str, said: str) -> tk.Toplevel:
        window = tk.Toplevel(self._root, class_=CLASS, bg=GREY, bd=2, relief="raised")
        window.title(title)
        window.transient(self._root)
        window.geometry(f"+{self._root.winfo_rootx() + 60}+{self._root.winfo_rooty() + 90}")
        _heading(window, title)
        tk.Label(window, text=said, bg=GREY, justify="left").pack(padx=24, pady=16)
        window.wait_visibility()
        window.grab_set()
        window.focus_force()
        return window


class _Screen:
    """One screen: a heading, labels with fields below each other, a line of text, buttons that have keys too."""

    def __init__(self, root: tk.Tk, title: str, user: str) -> None:
        for child in root.winfo_children():
            child.destroy()
        for key in ("<F3>", "<F4>", "<F5>", "<F7>", "<F10>", "<Return>", "<Control-c>"):
            root.unbind(key)
        self._root = root
        _heading(root, title)
        tk.Label(
            root, text=f"Supplier Accounts   {user}   Client 100", bg=GREY, bd=1, relief="sunken", anchor="w"
        ).pack(fill="x", side="bottom")
        self._buttons = tk.Frame(root, bg=GREY)
        self._buttons.pack(fill="x", side="bottom", pady=10)
        self._form = tk.Frame(root, bg=GREY, bd=2, relief="groove")
        self._form.pack(fill="both", expand=True, padx=10, pady=(10, 0))
        self._rows = 0
        # Last: whoever waits for the title finds the screen.
        root.after_idle(lambda: root.title(title))

    def field(self, label: str, value: str = "", below: bool = False) -> tk.Entry:
        entry = tk.Entry(self._form, width=36, bg=WHITE, relief="sunken", bd=2)
        entry.insert(0, value)
        if below:
            self._place(label, tk.Label(self._form, bg=GREY))
            label = ""
        self._place(label, entry)
        return entry

    def shown(self, label: str, value: str) -> None:
        self._place(label, tk.Label(self._form, text=value, bg=GREY, anchor="w"))

    def text(self, said: str, copied: str = "") -> None:
        tk.Label(self._form, text=said, bg=GREY, anchor="w", justify="left").grid(
            row=self._rows, column=0, columnspan=2, sticky="w", padx=12, pady=8
        )
        self._rows += 1
        self._root.bind("<Control-c>", lambda _event: _copy(self._root, copied))

    def buttons(
        self, named: Mapping[str, Callable[[], None]], keys: Mapping[str, str | Callable[[], None]]
    ) -> None:
        for text, command in named.items():
            tk.Button(self._buttons, text=text, bg=GREY, padx=12, command=command).pack(
                side="left", padx=(10, 0)
            )
        for key, name in keys.items():
            command = named[name] if isinstance(name, str) else name
            self._root.bind(key, lambda _event, command=command: command())  # type: ignore[misc]

    def _place(self, label: str, widget: tk.Widget) -> None:
        tk.Label(self._form, text=label, bg=GREY, anchor="w").grid(
            row=self._rows, column=0, sticky="w", padx=(12, 32), pady=5
        )
        widget.grid(row=self._rows, column=1, sticky="w")
        self._rows += 1


def bank_fields(release: str) -> dict[str, str]:
    """The fields of the screen of bank details, in their order."""
    fields = dict(BANK_FIELDS)
    if release == "renamed":
        fields["iban"] = "Bank account (IBAN)"
    elif release == "moved":
        fields["iban"] = fields.pop("iban")
    elif release == "missing":
        del fields["request"]
    return fields


def _master_data(supplier: Supplier) -> Sequence[tuple[str, str]]:
    return (
        ("Supplier no.", supplier.number),
        ("Name", supplier.name),
        ("Country", supplier.country),
        ("Status", supplier.status),
        ("IBAN", supplier.iban),
        ("BIC", supplier.bic),
        ("Account holder", supplier.holder),
    )


def _heading(window: tk.Misc, title: str) -> None:
    tk.Label(
        window, text=title, bg=BLUE, fg=WHITE, anchor="w", padx=8, font=("DejaVu Sans", -15, "bold")
    ).pack(fill="x")


def _copy(window: tk.Misc, text: str) -> None:
    window.clipboard_clear()
    window.clipboard_append(text)


def _select_all(event: tk.Event[tk.Misc]) -> str:
    entry = event.widget
    assert isinstance(entry, tk.Entry)  # it is bound to these
    entry.select_range(0, "end")
    entry.icursor("end")
    return "break"


def _paste(event: tk.Event[tk.Misc]) -> str:
    entry = event.widget
    assert isinstance(entry, tk.Entry)  # it is bound to these
    try:
        text = entry.clipboard_get()
    except tk.TclError:
        return "break"  # the clipboard holds no text
    if entry.selection_present():
        entry.delete("sel.first", "sel.last")
    entry.insert("insert", text)
    return "break"
