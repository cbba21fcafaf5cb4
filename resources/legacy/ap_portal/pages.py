"""The portal's pages, in the HTML of its time: frames, tables for layout, fonts in capitals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from .postings import CURRENCIES, DOCUMENT_TYPES, Posting

STYLE = """<style>
body { font: 12px Verdana, Arial, sans-serif; background: #d4d0c8; margin: 8px; }
table { font-size: 12px; } td { padding: 3px 6px; }
.title { background: #000080; color: #fff; font-weight: bold; padding: 4px 8px; }
.error { color: #c00000; font-weight: bold; } .grid td, .grid th { border: 1px solid #808080; background:
#fff; } input, select { font: 12px Courier New, monospace; }
</style>"""


def document(title: str, body: str, *, head: str = "") -> str:
    return (
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">'
        f"<html><head><title>{escape(title)}</title>{STYLE}{head}</head><body>{body}</body></html>"
    )


def login(note: str) -> str:
    shown = f'<p class="error" id="note">{escape(note)}</p>' if note else ""
    return document(
        "AP Portal - Logon",
        f"""<div class="title">ACCOUNTS PAYABLE PORTAL R4.2</div>{shown}
<form method="post" action="/login" target="_top" name="LOGON"><table>
<tr><td>User</td><td><input name="user" size="20" autocomplete="off"></td></tr>
<tr><td>Password</td><td><input name="password" type="password" size="20" autocomplete="off"></td></tr>
<tr><td></td><td><input type="submit" name="B1" value="Log on"></td></tr></table></form>""",
    )


def frameset() -> str:
    return """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Frameset//EN">
<html><head><title>AP Portal</title></head>
<frameset rows="36,*" border="0"><frame name="FRHEAD" src="/header" noresize scrolling="no">
<frameset cols="170,*"><frame name="FRMENU" src="/menu"><frame name="FRCONT" src="/welcome"></frameset>
</frameset></html>"""


def header(user: str) -> str:
    return document(
        "Header", f'<div class="title">ACCOUNTS PAYABLE PORTAL R4.2 &nbsp; User: {escape(user)}</div>'
    )


def menu() -> str:
    return document(
        "Menu",
        """<b>Documents</b><br>
<a href="#" onclick="window.open('/entry','W'+(new Date()).getTime(),'width=640,height=480');return false">
Enter invoice</a><br><a href="/search" target="FRCONT">Search documents</a><br><br>
<a href="/logout" target="_top">Log off</a>""",
    )


def message(text: str) -> str:
    return document("AP Portal", f"<p>{escape(text)}</p>")


def entry(form: Mapping[str, str], refusals: Sequence[str], release: str = "4.2") -> str:
    """The form; in the release ``renamed`` the field of the amount has another name."""
    errors = "".join(f"<li>{escape(refusal)}</li>" for refusal in refusals)
    box = f'<ul class="error" id="ERRLIST">{errors}</ul>' if refusals else ""
    types = [("", ""), *DOCUMENT_TYPES.items()]
    currencies = [("", ""), *((code, code) for code in CURRENCIES)]
    rows = [
        ("Invoice no. *", _text(form, "invoice", 24)),
        ("Vendor *", _text(form, "vendor", 40)),
        ("Document type *", _choice(form, "document_type", types)),
        ("Invoice date *", _text(form, "invoice_date", 10) + " DD.MM.YYYY"),
        ("Due date", _text(form, "due_date", 10) + " DD.MM.YYYY"),
        ("Purchase order", _text(form, "po_number", 20)),
        ("Currency *", _choice(form, "currency", currencies)),
        ("Net amount *", _text(form, "net_amount", 16) + " 9.999.999,99")
        if release == "renamed"
        else ("Amount *", _text(form, "amount", 16) + " 9.999.999,99"),
    ]
    table = "".join(f"<tr><td>{label}</td><td>{field}</td></tr>" for label, field in rows)
    return document(
        "AP Portal - Enter invoice",
        f"""<div class="title">ENTER INVOICE (FB60)</div>{box}
<form method="post" action="/entry" name="ENTRY"><table>{table}
<tr><td></td><td><input type="submit" name="B1" value="Post"> <input type="button" value="Cancel"
onclick="window.close()"></td></tr></table></form><font size="1">* entry required</font>""",
    )


def wait() -> str:
    """Refreshes itself until the result is there."""
    return document(
        "AP Portal - Please wait",
        '<div class="title">PLEASE WAIT</div><p id="WAIT">Your document is being processed. '
        "Do not press any button ...</p>",
        head="<script>setTimeout(function () { window.location.reload(); }, 150);</script>"
        '<noscript><meta http-equiv="refresh" content="1"></noscript>',
    )


def confirmation(number: str, invoice: str) -> str:
    return document(
        "AP Portal - Document posted",
        f"""<div class="title">DOCUMENT POSTED</div><p>Invoice {escape(invoice)} was posted.</p>
<table><tr><td>Confirmation</td><td><b id="CONFNO">{escape(number)}</b></td></tr></table>
<form><input type="button" value="Close" onclick="window.close()"></form>""",
    )


def search(form: Mapping[str, str], found: Sequence[Posting] | None) -> str:
    """``found`` is none before the first search."""
    result = ""
    if found is not None:
        asked = escape(form.get("invoice", ""), quote=True)
        rows = "".join(
            "<tr>"
            + "".join(f"<td>{escape(text)}</td>" for text in cells)
            + f'<td class="conf">{escape(posting.confirmation)}</td></tr>'
            for posting in found
            for cells in [
                (
                    posting.invoice,
                    posting.vendor,
                    DOCUMENT_TYPES[posting.document_type],
                    posting.invoice_date,
                    posting.amount,
                    posting.currency,
                )
            ]
        )
        grid = (
            '<table class="grid"><tr><th>Invoice</th><th>Vendor</th><th>Type</th><th>Date</th><th>Amount</th>'
            f"<th>Curr</th><th>Confirmation</th></tr>{rows}</table>"
            if found
            else "<p>No documents found.</p>"
        )
        result = f'<div id="RESULT" title="{asked}">{grid}<p>{len(found)} document(s)</p></div>'
    return document(
        "AP Portal - Search",
        f"""<div class="title">SEARCH DOCUMENTS</div>
<form method="post" action="/search" name="SEARCH"><table>
<tr><td>Invoice no.</td><td>{_text(form, "invoice", 24)}</td></tr>
<tr><td>Vendor</td><td>{_text(form, "vendor", 40)}</td></tr>
<tr><td></td><td><input type="submit" name="B1" value="Search"></td></tr></table></form>{result}""",
    )


def _text(form: Mapping[str, str], name: str, size: int) -> str:
    value = escape(form.get(name, ""), quote=True)
    return f'<input name="{name}" size="{size}" value="{value}" autocomplete="off">'


def _choice(form: Mapping[str, str], name: str, choices: Sequence[tuple[str, str]]) -> str:
    chosen = form.get(name, "")
    options = "".join(
        f'<option value="{code}"{" selected" if code == chosen else ""}>{label}</option>'
        for code, label in choices
    )
    return f'<select name="{name}">{options}</select>'
