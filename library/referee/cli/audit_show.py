"""``referee audit show``: the story of a case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from referee.cli.audit_options import audit_option, opened_index, whole_option
from referee.cli.output import json_option, print_json, print_table, say
from referee.cli.told_record import details, machine, sentence, shown, told_as_json

if TYPE_CHECKING:
    from referee.audit import Record
    from referee.audit.index import Index

_MOST_COMPARED = 5_000
_MOST_SIMILAR = 5
_UNCOVERED = "no checkpoint covers the last of these records yet"
_TOLD = {
    "decided": "decided, and nothing was done about it yet",
    "acting": "being acted on, or its bot was stopped",
    "failed": "open: its action failed",
    "in doubt": "open: nobody knows whether its action was done",
    "handed over": "with people, who haven't answered",
    "answered": "answered by people",
    "exception open": "waiting in its playbook",
    "exception closed": "closed by its playbook",
}


@click.command(
    "show",
    epilog="""Example:

    referee audit show INV-2026-0007""",
)
@click.argument("case")
@click.option("--decision", default="", help="Only records of this decision.")
@audit_option
@whole_option
@json_option
@click.pass_context
def show_case(
    context: click.Context, case: str, decision: str, folder: Path, is_whole: bool, as_json: bool
) -> None:
    """Tell the story of one CASE: what was decided, why, what was done and answered, in order.

    Ends with 1 when the log knows no such case.
    """
    with opened_index(folder, is_whole=is_whole) as index:
        records = index.story(case, decision)
        bots = index.bots()
        others = index.story(case) if decision and not records else []
        similar = [] if records or others else similar_cases(case, index)
        covering = "" if as_json or not records else _covering(folder, index, records[-1].position)
    if as_json:
        print_json([told_as_json(record) for record in records])
    elif records:
        _tell(case, records, bots)
        _print_facts([record for record in records if record.kind == "decision"])
        if covering:
            say(covering)
    elif others:
        names = dict.fromkeys(str(record.payload.get("decision")) for record in others)
        click.echo(
            f"the log in {folder} has no record about case {case} of a decision {decision}; "
            f"it has some of {', '.join(names)}"
        )
    else:
        meant = f"; did you mean {' or '.join(similar)}?" if similar else ""
        click.echo(f"the log in {folder} has no record about case {case}{meant}")
    context.exit(0 if records else 1)


def similar_cases(case: str, index: Index) -> list[str]:
    """Cases of the log whose ids look like this one."""
    wanted = case.casefold()
    names = index.names()
    holding = [name for name in names if wanted and (wanted in name.casefold() or name.casefold() in wanted)]
    near = sorted(
        (name for name in names if abs(len(name) - len(case)) <= 2),
        key=lambda name: -_common_signs(name.casefold(), wanted),
    )[:_MOST_COMPARED]
    alike = get_close_matches(case, near, _MOST_SIMILAR, 0.7)
    return list(dict.fromkeys([*alike, *holding]))[:_MOST_SIMILAR]


def _common_signs(one: str, other: str) -> int:
    """How many signs two texts have in common at their beginnings and ends."""
    return _common_beginning(one, other) + _common_beginning(one[::-1], other[::-1])


def _common_beginning(one: str, other: str) -> int:
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _tell(case: str, records: Sequence[Record], bots: dict[str, str]) -> None:
    from referee.audit.decision_rows import when_and_who

    day = bot = decision = ""
    say(f"case {case}")
    for record in records:
        writer, time = when_and_who(record)
        if time[:10] != day:
            day = time[:10]
            say(f"{day} (UTC)")
        say(
            f"  {time[11:19]}  {_begun(sentence(record))}. (record {record.position}{_on(record)})",
            hanging=10,
        )
        for line in details(record):
            say(line, indent=14)
        told = str(record.payload.get("decision"))
        if record.kind == "decision" and (bots.get(writer, writer), told) != (bot, decision):
            bot, decision = bots.get(writer, writer), told
            say(f"in a run of {bot}" + (f" ({writer})" if bot != writer else ""), indent=14)
    for line in _done_twice(records):
        say(line)
    for name, standing in _standings(records):
        say(f"{name}: the case is {_TOLD.get(standing, standing)}")


def _on(record: Record) -> str:
    where = machine(record)
    return f"; on {where}" if where else ""


def _done_twice(records: Iterable[Record]) -> Iterator[str]:
    """A line for each action that was done more than once: on several machines, each of which knew only its own log, or
    in one log, by a bot that didn't know of the first time.
    """
    done: dict[tuple[str, str], dict[str, list[Record]]] = {}
    for record in records:
        payload = record.payload
        if record.kind == "action" and payload.get("status") == "done":
            key = str(payload.get("decision")), str(payload.get("action"))
            log = "" if record.origin is None else record.origin.log
            done.setdefault(key, {}).setdefault(log, []).append(record)
    for (name, action), logs in done.items():
        machines = [found for log, found in logs.items() if log]
        if len(machines) > 1:
            number = "two" if len(machines) == 2 else str(len(machines))
            places = "; ".join(f"{machine(found[-1])}, record {found[-1].position}" for found in machines)
            yield f"{name}: {action} was done on {number} machines ({places})"
        for found in logs.values():
            if len(found) > 1:
                places = ", ".join(f"record {each.position}" for each in found)
                yield (
                    f"{name}: {action} was done {len(found)} times{_on(found[0])} ({places}); see "
                    "`referee audit verify --index`, which holds the log against its checkpoints and the index "
                    "against the log"
                )


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def _standings(records: Iterable[Record]) -> list[tuple[str, str]]:
    """How far the latest decision of each name has come."""
    from referee.audit.decision_rows import by_decision
    from referee.audit.index_rows import standing

    names: dict[str, list[Record]] = {}
    for record in records:
        names.setdefault(str(record.payload.get("decision")), []).append(record)
    found = []
    for name, history in names.items():
        decisions = by_decision(history)
        if decisions:
            decided, later = decisions[-1]
            words = [standing(record.kind, record.payload) for record in (decided, *later)]
            found.append((name, [word for word in words if word][-1]))
    return found


def _print_facts(decisions: list[Record]) -> None:
    """The facts that were decided on, a column for each decision that had other facts than the one before."""
    columns: list[Record] = []
    for record in decisions:
        if not columns or _facts(record) != _facts(columns[-1]):
            columns.append(record)
    names = dict.fromkeys(name for record in columns for name in _facts(record))
    rows = []
    for name in names:
        values = [shown(_facts(record).get(name)) for record in columns]
        mark = "changed" if len(set(values)) > 1 else ""
        rows.append((name, *values, *([mark] if len(columns) > 1 else [])))
    if rows:
        headings = [f"record {record.position}" for record in columns]
        print_table(("fact", *headings, *([""] if len(columns) > 1 else [])), rows, title="facts")


def _facts(record: Record) -> Mapping[str, Any]:
    return record.payload.get("facts") or {}


def _covering(folder: Path, index: Index, last: int) -> str:
    """Whether checkpoints vouch for these records, where checkpoints are kept: only one that fits the log does."""
    from referee.audit.checkpoints import trusted_keys
    from referee.audit.second_place import read_checkpoints
    from referee.audit.settings import checkpoints_folder, public_keys
    from referee.domain import AuditError

    place, keys = checkpoints_folder(), public_keys()
    if place is None:
        return ""
    noted = read_checkpoints(place, folder, None if keys is None else trusted_keys(keys)).noted
    later = [each for each in noted if each.checkpoint.records > last]
    sound = [each.checkpoint for each in later if not each.fault]
    if not sound:
        return f"{later[0].place}: {later[0].fault}" if later else _UNCOVERED
    for checkpoint in (sound[0], sound[-1]):
        try:
            fits = index.hash_at(checkpoint.records - 1) == checkpoint.head
        except AuditError as fault:
            return f"the checkpoint of {checkpoint.time[:19]} can't be compared: {fault}"
        if not fits:
            return (
                f"the checkpoint of {checkpoint.time[:19]} doesn't fit this log: records were removed or changed "
                "since; run `referee audit verify`"
            )
    unsigned = " (whether it is rightly signed can't be told without the public key)" if keys is None else ""
    return (
        f"a checkpoint of {sound[0].time[:19]} covers these records and fits the log at record "
        f"{sound[0].records - 1}{unsigned}; `referee audit verify` checks all records up to there"
    )
