"""``referee queue``: what waits for bots, put in, looked at and put right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING, Any

import click

from referee.cli.output import json_option, print_json, print_table
from referee.domain.counting import counted, number_of
from referee.workitems.items import FailureKind, ItemState
from referee.workitems.queue_place import PLACE, USUAL_FILE, queue_place

if TYPE_CHECKING:
    from referee.workitems import NewItem, QueueCounts, WorkItem, WorkQueue

file_option = click.option(
    "--file",
    "path",
    default=queue_place,
    type=click.Path(path_type=Path),
    show_default=f"{USUAL_FILE}, or what {PLACE} names",
    help="The file of the work queues.",
)
queue_option = click.option("--queue", "name", default="default", show_default=True, help="The work queue.")
any_queue_option = click.option("--queue", "name", help="Only this work queue.")
states_option = click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([str(state) for state in ItemState], case_sensitive=False),
    help="Only items in this state; may be repeated.",
)
keys_argument = click.argument("keys", nargs=-1, metavar="[KEY]...")


@click.group(
    epilog="""Example:

    referee queue add invoices.xlsx --queue invoices"""
)
def queue() -> None:
    """Work queues: items that wait for bots, are in work, or are finished."""


@queue.command("add")
@click.argument("source", type=click.Path(path_type=Path))
@file_option
@queue_option
@click.option("--key", default="", help="The column that identifies an item; the first one by default.")
@click.option("--sheet", default="", help="The sheet; the first one by default.")
@click.option("--pattern", default="*", show_default=True, help="Which files of a folder.")
@click.option("--priority", default=0, show_default=True, help="Higher comes first.")
@click.option("--due", type=click.DateTime(), help="When the items are due; earlier comes first.")
@click.option("--priority-column", default="", help="The column with each item's own priority.")
@click.option("--due-column", default="", help="The column with each item's own due date.")
@click.option("--reopen", is_flag=True, help="Put finished items back to work, too.")
@json_option
def add_items(
    source: Path,
    path: Path,
    name: str,
    key: str,
    sheet: str,
    pattern: str,
    priority: int,
    due: datetime | None,
    priority_column: str,
    due_column: str,
    reopen: bool,
    as_json: bool,
) -> None:
    """Add one item for each row of SOURCE (.xlsx, .xlsm or .csv), or for each file if it is a folder.

    The same key is the same item: adding a file twice adds nothing, changed rows change the items that still wait.

    Example: referee queue add inbox --queue scans --pattern "*.pdf"
    """
    from referee.workitems import WorkQueue, items_in_folder, items_of_case_list

    items: Sequence[NewItem]
    if source.is_dir():
        items = items_in_folder(source, pattern, priority=priority, due=due)
    else:
        items = items_of_case_list(
            source,
            sheet,
            key=key,
            priority=priority,
            due=due,
            priority_column=priority_column,
            due_column=due_column,
        )
    added = WorkQueue(path).add_many(name, items, reopen=reopen)
    outcomes: dict[str, int] = {}
    for one in added:
        outcomes[one.outcome] = outcomes.get(one.outcome, 0) + 1
    left = [one.key for one in added if one.outcome == "left"]
    if as_json:
        print_json({"queue": name, "items": len(added), **outcomes, "left_keys": left})
        return
    click.echo(f"{number_of(len(added), 'item')} for the queue {name}: {counted(outcomes)}")
    if left:
        shown = ", ".join(left[:5]) + (", …" if len(left) > 5 else "")
        click.echo(f"left alone, as they are in work or finished with other data: {shown}")


@queue.command("list")
@keys_argument
@file_option
@any_queue_option
@states_option
@click.option("--kind", type=click.Choice([str(kind) for kind in FailureKind], case_sensitive=False))
@json_option
def list_items(
    keys: tuple[str, ...],
    path: Path,
    name: str | None,
    states: tuple[str, ...],
    kind: str | None,
    as_json: bool,
) -> None:
    """Print the items, in the order in which they will be worked on.

    Example: referee queue list --state FAILED
    """
    from referee.workitems.transfer import as_data

    items = _open(path).items(name, [ItemState(state) for state in states], keys=keys)
    if kind:
        items = [item for item in items if item.failure is not None and item.failure.kind == kind]
    if as_json:
        print_json([as_data(item) for item in items])
        return
    print_table(
        ("queue", "key", "state", "why", "when"),
        [(item.queue, item.key, _told_state(item), _told_failure(item), _told_times(item)) for item in items],
        title=number_of(len(items), "work item"),
    )


@queue.command("show")
@click.argument("key")
@file_option
@any_queue_option
@click.option(
    "--files",
    "folder",
    type=click.Path(path_type=Path),
    help="Copy its files to this folder, by their names.",
)
@json_option
def show_item(key: str, path: Path, name: str | None, folder: Path | None, as_json: bool) -> None:
    """Print everything about the item KEY: its data, its state, why it failed, and where its files are kept.

    Example: referee queue show R-2041 --files pictures
    """
    from referee.audit.canonical_json import exact_json
    from referee.workitems.transfer import as_data

    opened = _open(path)
    found = _named(opened, name, (key,))
    kept = {item.id: {file: opened.file(item.id, file) for file in item.files} for item in found}
    if folder is not None:
        kept = {item.id: _copied(kept[item.id], folder / item.queue) for item in found}
    files = {item: {file: str(place) for file, place in places.items()} for item, places in kept.items()}
    if as_json:
        print_json([as_data(item) | {"files": files[item.id]} for item in found])
        return
    for item in found:
        rows = [
            (label, value)
            for label, value in as_data(item).items()
            if label not in ("payload", "files", "failure")
        ]
        rows.append(("why", _told_failure(item)))
        rows += [(f"file {file}", place) for file, place in files[item.id].items()]
        payload = item.payload if isinstance(item.payload, dict) else {"": item.payload}
        rows += [
            (f"data {fact}".rstrip(), value if isinstance(value, str) else exact_json(value).decode("utf-8"))
            for fact, value in payload.items()
        ]
        shown = [(label, value) for label, value in rows if value not in (None, "", False)]
        print_table(("", ""), shown, title=f"{item.queue}: {item.key}")


@queue.command("retry")
@keys_argument
@file_option
@any_queue_option
@click.option("--all", "everything", is_flag=True, help="All that failed, instead of some by key.")
@click.option(
    "--kind",
    type=click.Choice([str(kind) for kind in FailureKind], case_sensitive=False),
    help="With --all: only failures of this kind.",
)
@json_option
def retry_items(
    keys: tuple[str, ...], path: Path, name: str | None, everything: bool, kind: str | None, as_json: bool
) -> None:
    """Put FAILED items back to work, as if they had never failed. A case of theirs that is on the worklist stays with
    people; once it is answered there, the next run closes its item.

    Example: referee queue retry --all --kind APPLICATION
    """
    opened = _open(path)
    items = _meant(opened, name, keys, everything, ItemState.FAILED)
    if kind:
        items = [item for item in items if item.failure is not None and item.failure.kind == kind]
    _tell(opened.retry(items), "put back to work", as_json)
    if items:
        click.echo(
            "remark: cases that are on the worklist stay with people until they are answered", err=True
        )


@queue.command("release")
@keys_argument
@file_option
@any_queue_option
@click.option("--all", "everything", is_flag=True, help="All that are in work, instead of some by key.")
@click.option("--lost", is_flag=True, help="Only items of workers that were not heard of for too long.")
@json_option
def release_items(
    keys: tuple[str, ...], path: Path, name: str | None, everything: bool, lost: bool, as_json: bool
) -> None:
    """Take RESERVED items away from bots that are known to be gone, and let others have them at once.

    Items of lost bots are taken over by themselves when their lease is over; this is for not waiting. What such a bot
    was about to do may have been done: `Process Work Items` finds that out from the audit log.

    Example: referee queue release --all --lost
    """
    opened = _open(path)
    items = _meant(opened, name, keys, everything, ItemState.RESERVED)
    _tell(opened.release(item for item in items if item.is_lost or not lost), "released", as_json)


@queue.command("purge")
@file_option
@click.option(
    "--older-than",
    "age",
    default="30d",
    show_default=True,
    help="Since when they are finished: 30d, 12h, 0d for all.",
)
@click.option("--failed", is_flag=True, help="FAILED items as well as DONE ones.")
@json_option
def purge_items(path: Path, age: str, failed: bool, as_json: bool) -> None:
    """Forget finished items, with their files. A forgotten key is a new item when it is added again.

    The audit log is not touched: what was done about a case stays known.

    Example: referee queue purge --older-than 90d
    """
    states = [ItemState.DONE, ItemState.FAILED] if failed else [ItemState.DONE]
    from referee.project.run_end import span

    _tell(_open(path).purge(datetime.now(UTC) - span(age), states), "forgotten", as_json)


@queue.command("stats")
@file_option
@any_queue_option
@json_option
def show_counts(path: Path, name: str | None, as_json: bool) -> None:
    """Print each queue in numbers. Ends with 1 when items have failed, are overdue, or have lost their bot.

    Example: referee queue stats --json
    """
    counts = _open(path).counts(name)
    troubled = any(c.failed_business + c.failed_application + c.overdue + c.lost for c in counts)
    if as_json:
        print_json(
            [
                {field: _plain(getattr(count, field)) for field in count.__dataclass_fields__}
                for count in counts
            ]
        )
    else:
        print_table(
            ("queue", "ready", "later", "in work", "done", "failed", "of these"),
            [
                (
                    c.queue,
                    c.ready,
                    c.later,
                    c.reserved,
                    c.done,
                    c.failed_business + c.failed_application,
                    "\n".join(_told_counts(c)),
                )
                for c in counts
            ],
        )
    raise SystemExit(1 if troubled else 0)


@queue.command("export")
@click.argument("target", type=click.Path(path_type=Path))
@file_option
@any_queue_option
@states_option
@json_option
def export_to(target: Path, path: Path, name: str | None, states: tuple[str, ...], as_json: bool) -> None:
    """Write items with their states and files to TARGET, one JSON object a line. An existing file is never overwritten.

    Example: referee queue export failed.jsonl --state FAILED
    """
    from referee.workitems import export_items

    opened = _open(path)
    count = export_items(opened, opened.items(name, [ItemState(state) for state in states]), target)
    if as_json:
        print_json({"exported": count, "path": str(target)})
    else:
        click.echo(f"{number_of(count, 'item')} in {target}")


@queue.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@file_option
@click.option("--any-data", is_flag=True, help="Items without facts by name too, for bots that take them.")
@json_option
def import_from(source: Path, path: Path, any_data: bool, as_json: bool) -> None:
    """Take in items that `referee queue export` wrote. Importing twice changes nothing.

    Example: referee queue import failed.jsonl --file test.sqlite
    """
    from referee.workitems import WorkQueue, import_items, read_export

    found = read_export(source, any_data=any_data)  # before a queue is made that wouldn't be used
    result = import_items(WorkQueue(path), found)
    if as_json:
        print_json({"added": result.added, "known": result.known})
    else:
        click.echo(f"{number_of(result.added, 'item')} added, {result.known} were known")


def _open(path: Path) -> WorkQueue:
    from referee.workitems import WorkQueue

    return WorkQueue(path, create=False)


def _meant(
    opened: WorkQueue, name: str | None, keys: tuple[str, ...], everything: bool, state: ItemState
) -> list[WorkItem]:
    from referee.domain import InputError

    if bool(keys) == everything:
        raise InputError("name the keys of the items that are meant, or say --all")
    items = _named(opened, name, keys) if keys else opened.items(name, [state])
    if others := [f"{item.key} is {item.state}" for item in items if item.state is not state]:
        raise InputError(f"this is for items that are {state}: {', '.join(others)}")
    return items


def _named(opened: WorkQueue, name: str | None, keys: tuple[str, ...]) -> list[WorkItem]:
    from referee.domain import InputError

    items = opened.items(name, keys=keys)
    if missing := set(keys) - {item.key for item in items}:
        where = f"the queue {name}" if name else str(opened.path)
        raise InputError(f"there is no item {', '.join(sorted(missing))} in {where}")
    return items


def _copied(kept: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    from referee.audit.disk_fault import reason
    from referee.domain import InputError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        copies = {file: folder / Path(file).name for file in kept}
        for file, copy in copies.items():
            if copy.exists() and copy.read_bytes() != kept[file].read_bytes():
                raise InputError(f"{copy}: this file exists with other content; name another folder")
        return {file: Path(copyfile(place, copies[file])) for file, place in kept.items()}
    except OSError as fault:
        raise InputError(f"{folder}: its files can't be copied there: {reason(fault)}") from None


def _tell(count: int, what: str, as_json: bool) -> None:
    if as_json:
        print_json({what.replace(" ", "_"): count})
    else:
        click.echo(f"{number_of(count, 'item')} {what}")


def _told_counts(counts: QueueCounts) -> list[str]:
    """What people have to see to, and when it goes on."""
    told = {
        "BUSINESS": counts.failed_business,
        "APPLICATION": counts.failed_application,
        "overdue": counts.overdue,
        "lost their bot": counts.lost,
    }
    lines = [f"{count} {what}" for what, count in told.items() if count]
    if counts.next_at is not None:
        lines.append(f"later: from {_short(counts.next_at)}")
    if counts.oldest_pending is not None:
        lines.append(f"waiting since {_short(counts.oldest_pending)}")
    return lines


def _told_state(item: WorkItem) -> str:
    state = str(item.state)
    if item.is_lost:
        state = f"{item.state}, bot lost ({item.worker})"
    elif item.worker:
        state = f"{item.state} by {item.worker}"
    elif item.awaits_parent:
        state = f"{item.state} until its parent is done"
    elif item.not_before:
        state = f"{item.state} until {_short(item.not_before)}"
    return f"{state}, {item.attempts} attempts" if item.attempts > 1 else state


def _told_times(item: WorkItem) -> str:
    since = f"since {_short(item.updated)}"
    return since if item.due is None else f"{since}\ndue {_short(item.due)}"


def _told_failure(item: WorkItem) -> str:
    if item.failure is None:
        return ""
    code = f" {item.failure.code}" if item.failure.code else ""
    return f"{item.failure.kind}{code}: {item.failure.message}".removesuffix(": ")


def _short(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
