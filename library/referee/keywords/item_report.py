"""What a run on a work queue did, for machines as JSON and for people as one page of HTML."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from referee.files import write_whole

if TYPE_CHECKING:
    from referee.engine import ItemSummary

REFRESH_SECONDS = 1.0


class ItemReport:
    """``work_items.json`` and ``work_items.html`` in a folder: the JSON is kept up to date while the run works."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "work_items.json"
        self.page = folder / "work_items.html"
        self._written = 0.0

    def update(self, summary: ItemSummary, ready: int) -> None:
        """At most once a second."""
        if time.monotonic() - self._written >= REFRESH_SECONDS:
            self._write_data(summary, running=True, ready=ready)
            self._written = time.monotonic()

    def finish(self, summary: ItemSummary, open_tasks: int) -> None:
        self._write_data(summary, running=False, open_tasks=open_tasks)
        write_whole(self.page, item_page(summary, open_tasks))

    def _write_data(self, summary: ItemSummary, **more: Any) -> None:
        write_whole(self.data, json.dumps(item_data(summary) | more, indent=2) + "\n")


def item_data(summary: ItemSummary) -> dict[str, Any]:
    """The summary as plain values; times in seconds."""
    return {
        "decision": summary.decision,
        "queue": summary.queue,
        "items": summary.items,
        "routes": dict(summary.routes),
        "states": dict(summary.states),
        "lost": summary.lost,
        "failed": [
            {"case": failure.case_id, "action": failure.action, "error": failure.error}
            for failure in summary.failed
        ],
        "steps": {
            name: {
                "count": step.count,
                "seconds": round(step.total, 3),
                "mean": round(step.mean, 3),
                "longest": round(step.longest, 3),
            }
            for name, step in summary.steps.items()
        },
        "seconds": round(summary.seconds, 2),
        "ended": summary.ended,
        "stopped": summary.stopped,
        "remarks": list(summary.remarks),
    }


def item_page(summary: ItemSummary, open_tasks: int) -> str:
    """One page without scripts or other files. Every text is escaped."""
    verdict = f"stopped: {summary.stopped}" if summary.stopped else summary.ended
    colour = "#b00020" if summary.stopped else "#2e7d32"
    parts = [
        f"<h1>{escape(summary.decision)}: queue {escape(summary.queue)}</h1>",
        f'<p style="color:{colour}"><b>{escape(verdict)}</b></p>',
        f"<p>{summary.items} items in {summary.seconds:.1f} s; {open_tasks} cases wait for people.</p>",
        *(f"<p><b>remark:</b> {escape(remark)}</p>" for remark in summary.remarks),
        _counts("Routes", "route", summary.routes),
        _counts(
            "Items",
            "released as",
            _with_lost(summary),
        ),
        _table(
            "Seconds for each step",
            ("step", "times", "mean", "longest", "together"),
            [
                (name, step.count, f"{step.mean:.2f}", f"{step.longest:.2f}", f"{step.total:.2f}")
                for name, step in summary.steps.items()
            ],
        ),
        _table(
            "Failed actions",
            ("case", "action", "error"),
            [(failure.case_id, failure.action, failure.error) for failure in summary.failed],
        ),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(summary.decision)}: {escape(summary.queue)}</title><style>"
        "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
        "table{border-collapse:collapse}th,td{text-align:left;padding:.25em 1em .25em 0;border-bottom:1px solid #ddd;"
        "vertical-align:top}h1{font-size:1.4em}h2{font-size:1.1em;margin-top:1.6em}</style></head><body>"
        + "\n".join(part for part in parts if part)
        + "</body></html>\n"
    )


def _with_lost(summary: ItemSummary) -> Mapping[str, int]:
    return {**summary.states, "lost to another bot": summary.lost} if summary.lost else summary.states


def _counts(title: str, name: str, counts: Mapping[str, int]) -> str:
    return _table(title, (name, "items"), sorted(counts.items()))


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><table><tr>{head}</tr>{body}</table>"
