"""What a run did, for machines as JSON, for people as one page of HTML, on the console and in log.html."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robot.api import logger

from referee.domain.counting import number_of
from referee.files import write_whole

if TYPE_CHECKING:
    from referee.engine import ItemSummary, RunSummary

REFRESH_SECONDS = 1.0


class RunReport:
    """``summary.json`` and ``summary.html`` in a folder: the JSON is kept up to date while the run works."""

    def __init__(self, folder: Path) -> None:
        self.page = folder / "summary.html"
        self._data = folder / "summary.json"
        self._written = 0.0

    def update(self, **data: Any) -> None:
        """At most once a second."""
        if time.monotonic() - self._written >= REFRESH_SECONDS:
            self._write({**data, "running": True})
            self._written = time.monotonic()

    def finish(self, data: Mapping[str, Any]) -> None:
        """``data`` is that of ``item_data`` or ``case_data``."""
        self._write({**data, "running": False})
        write_whole(self.page, page(data))

    def _write(self, data: Mapping[str, Any]) -> None:
        write_whole(self._data, json.dumps(data, indent=2) + "\n")


def tell(lines: Sequence[str], remarks: Iterable[str]) -> None:
    """A summary on the console and in log.html, its remarks as warnings too."""
    logger.console("\n" + "\n".join(lines))
    logger.info("\n".join(lines))
    for remark in remarks:
        logger.warn(remark)


def item_data(summary: ItemSummary, open_tasks: int) -> dict[str, Any]:
    """A run on a work queue as plain values; times in seconds."""
    lost = {"lost to another bot": summary.lost} if summary.lost else {}
    return {
        "decision": summary.decision,
        "queue": summary.queue,
        "count": summary.items,
        "attempts": summary.attempts,
        "routes": dict(summary.routes),
        "states": {**summary.states, **lost},
        **_common(summary),
        "worklist": open_tasks,
    }


def case_data(summary: RunSummary, open_tasks: int) -> dict[str, Any]:
    """A run on a list of cases as plain values; times in seconds."""
    return {
        "decision": summary.decision,
        "count": len(summary.decisions),
        "earlier": summary.earlier,
        "routes": dict(summary.routes),
        "states": dict(summary.outcomes),
        **_common(summary),
        "worklist": open_tasks,
    }


def _common(summary: ItemSummary | RunSummary) -> dict[str, Any]:
    return {
        "attempted": summary.attempted,
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


def page(data: Mapping[str, Any]) -> str:
    """One page without scripts or other files. Every text is escaped."""
    title = f"{data['decision']}, queue {data['queue']}" if "queue" in data else str(data["decision"])
    in_trouble = bool(data["stopped"] or data["failed"])
    steps = [
        (name, step["count"], f"{step['mean']:.2f}", f"{step['longest']:.2f}", f"{step['seconds']:.2f}")
        for name, step in data["steps"].items()
    ]
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p style="color:{_RED if in_trouble else _GREEN}"><b>{escape(_verdict(data))}</b></p>',
        f"<p>Cases: {data['count']}. Seconds: {data['seconds']:.1f}. Waiting for people: {data['worklist']}.</p>",
        *(f"<p><b>remark:</b> {escape(remark)}</p>" for remark in data["remarks"]),
        _table("Routes", ("route", "cases"), sorted(data["routes"].items())),
        _table("What became of them", ("state", "cases"), sorted(data["states"].items())),
        _table("Seconds for each step", ("step", "times", "mean", "longest", "together"), steps),
        _table("Failed actions", ("case", "action", "error"), [tuple(f.values()) for f in data["failed"]]),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>"
        "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
        "table{border-collapse:collapse}th,td{text-align:left;padding:.25em 1em .25em 0;border-bottom:1px solid #ddd;"
        "vertical-align:top}h1{font-size:1.4em}h2{font-size:1.1em;margin-top:1.6em}</style></head><body>"
        + "\n".join(part for part in parts if part)
        + "</body></html>\n"
    )


_RED, _GREEN = "#b00020", "#2e7d32"


def _verdict(data: Mapping[str, Any]) -> str:
    """What went wrong comes first, with its number."""
    failed = len(data["failed"])
    told = [f"{failed} of {number_of(data['attempted'], 'action')} failed"] if failed else []
    if data["stopped"]:
        told.append(f"stopped: {data['stopped']}")
    elif data["ended"]:
        told.append(data["ended"])
    else:
        told.append(f"every {'other ' * bool(failed)}case was brought as far as it goes")
    return "; ".join(told)


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    return f"<h2>{escape(title)}</h2><table><tr>{head}</tr>{body}</table>" if body else ""
