"""What changed between two decision workbooks, line by line and rule by rule, each with its cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from referee.cli.renamed_facts import with_names
from referee.domain import CellAddress, Place

if TYPE_CHECKING:
    from referee.tables import DecisionTable, InputClause, OutputClause, Rule
    from referee.workbook import DecisionWorkbook

ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: its kind, the sheet's subject (a table, ``facts``, ``models``, ``decision``), and what it is.

    ``place`` is where to look in the new workbook, or in the old one for what was removed.
    """

    kind: str
    subject: str
    text: str
    place: Place | None = None


def workbook_changes(
    old: DecisionWorkbook, new: DecisionWorkbook, renamed: Mapping[str, str] = MappingProxyType({})
) -> list[Change]:
    """Everything that is written otherwise, in the order of the sheets. Tests and the Changes sheet are left out.

    ``renamed`` are facts that only have another name now (`renamed_facts`): that is one change, wherever they are used.
    """
    found = list(_setting_changes(old, new))
    found += [
        Change(CHANGED, "facts", f"`{before}` is called `{after}` now", _fact_place(new, after))
        for before, after in renamed.items()
    ]
    old_models, old = old.models, with_names(old, renamed)
    found += _by_name("facts", _named(old.dictionary.facts, "name"), _named(new.dictionary.facts, "name"))
    found += _by_name("models", _named(old_models, "node"), _named(new.models, "node"))
    found += table_changes(old.tables, new.tables)
    return found


def table_changes(old: Iterable[DecisionTable], new: Iterable[DecisionTable]) -> Iterator[Change]:
    """What is written otherwise in tables, by their names."""
    before, after = _named(old, "name"), _named(new, "name")
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            yield Change(REMOVED, name, "the table is gone", before[name].place)
        elif name not in before:
            rules = len(after[name].rules)
            yield Change(
                ADDED,
                name,
                f"the table is new, with {rules} rule{'' if rules == 1 else 's'}",
                after[name].place,
            )
        else:
            yield from _table_changes(before[name], after[name])


def _setting_changes(old: DecisionWorkbook, new: DecisionWorkbook) -> Iterator[Change]:
    """By the labels of the Decision sheet, which reviewers know."""
    from referee.workbook.decision_sheets import LABELS

    for label, before, after in zip(LABELS, astuple(old.settings), astuple(new.settings), strict=True):
        if before != after:
            place = new.setting_places.get(label) or old.setting_places.get(label)
            yield Change(CHANGED, "decision", f"{label}: {_shown(before)} is now {_shown(after)}", place)


def _fact_place(workbook: DecisionWorkbook, name: str) -> Place | None:
    fact = workbook.dictionary.fact(name)
    return fact.place if fact is not None else None


def _named(items: Iterable[Any], key: str) -> dict[str, Any]:
    return {getattr(item, key): item for item in items}


def _by_name(subject: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in old:
        if name not in new:
            yield Change(REMOVED, subject, f"`{name}`", old[name].place)
    for name, item in new.items():
        if name not in old:
            yield Change(ADDED, subject, f"`{name}`", item.place)
            continue
        parts = [
            f"{field.name.replace('_', ' ')} {_shown(before)} is now {_shown(after)}"
            for field in fields(item)
            if field.name != "place"
            and (before := getattr(old[name], field.name)) != (after := getattr(item, field.name))
        ]
        if parts:
            yield Change(CHANGED, subject, f"`{name}`: {'; '.join(parts)}", item.place)


def _table_changes(old: DecisionTable, new: DecisionTable) -> Iterator[Change]:
    if old.hit_policy is not new.hit_policy:
        text = f"hit policy {old.hit_policy.value} is now {new.hit_policy.value}"
        yield Change(CHANGED, new.name, text, new.place)
    yield from _column_changes(new.name, _columns(old), _columns(new))
    before, after = _rows(old), _rows(new)
    width = len(new.inputs) + len(new.outputs) + len(new.annotations)
    removed: list[int] = []
    added: list[int] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        removed += range(i1, i2)
        added += range(j1, j2)
    for at in list(added):
        same = next((position for position in removed if before[position] == after[at]), None)
        if same is not None:
            removed.remove(same)
            added.remove(at)
            text = f"rule {old.rules[same].number} is now rule {new.rules[at].number}, as it was"
            yield Change(MOVED, new.name, text, new.rules[at].place)
    for position, at in _paired(before, removed, after, added, width):
        cells = _cell_changes(dict(before[position]), dict(after[at]))
        renumbered = old.rules[position].number != new.rules[at].number
        name = f"rule {new.rules[at].number}" + (f" (was {old.rules[position].number})" if renumbered else "")
        yield Change(CHANGED, new.name, f"{name}: {'; '.join(cells)}", _first_changed(new, at, cells))
        removed.remove(position)
        added.remove(at)
    for position in removed:
        rule = old.rules[position]
        yield Change(REMOVED, new.name, f"rule {rule.number}: {_written(rule)}", rule.place)
    for at in added:
        rule = new.rules[at]
        yield Change(ADDED, new.name, f"rule {rule.number}: {_written(rule)}", rule.place)


Row = tuple[tuple[str, str], ...]


def _rows(table: DecisionTable) -> list[Row]:
    """Each rule as its cells by column, so that a column moved elsewhere, or one of blank cells, changes no rule."""
    columns = [
        *(f"input {name}" for name in _texts(table)),
        *(f"output {each.name}" for each in table.outputs),
    ]
    rows = []
    for rule in table.rules:
        cells = zip(columns, (_plain(cell.text) for cell in (*rule.inputs, *rule.outputs)), strict=True)
        notes = zip(table.annotations, rule.annotations, strict=False)
        noted = ((f"annotation {name}", _plain(text)) for name, text in notes)
        rows.append(tuple(sorted((name, text) for name, text in (*cells, *noted) if text != "-")))
    return rows


def _texts(table: DecisionTable) -> list[str]:
    return [clause.expression.text for clause in table.inputs]


def _plain(text: str) -> str:
    return text.strip() or "-"


def _columns(table: DecisionTable) -> dict[str, tuple[str, str, Place | None]]:
    """The columns by what they are, with type and allowed values."""
    named: list[tuple[str, InputClause | OutputClause]] = [
        *((f"input `{clause.expression.text}`", clause) for clause in table.inputs),
        *((f"output `{clause.name}`", clause) for clause in table.outputs),
    ]
    return {
        name: (
            clause.type,
            clause.allowed_values.text if clause.allowed_values is not None else "",
            clause.place,
        )
        for name, clause in named
    }


def _column_changes(
    table: str,
    old: Mapping[str, tuple[str, str, Place | None]],
    new: Mapping[str, tuple[str, str, Place | None]],
) -> Iterator[Change]:
    for name, (_, _, place) in old.items():
        if name not in new:
            yield Change(REMOVED, table, f"the {name}", place)
    for name, (kind, allowed, place) in new.items():
        if name not in old:
            yield Change(ADDED, table, f"the {name}", place)
            continue
        if old[name][0] != kind:
            yield Change(CHANGED, table, f"the {name} is a {kind}, it was a {old[name][0]}", place)
        if old[name][1] != allowed:
            text = f"the {name} allows {allowed or 'anything'}, it was {old[name][1] or 'anything'}"
            yield Change(CHANGED, table, text, place)


def _paired(
    before: Sequence[Row], removed: Sequence[int], after: Sequence[Row], added: Sequence[int], width: int
) -> list[tuple[int, int]]:
    """Rules that are one rule changed: at least half of the cells are the same. The most alike are paired first."""
    alike = sorted(
        (len(_cell_changes(dict(before[position]), dict(after[at]))), abs(position - at), position, at)
        for position in removed
        for at in added
    )
    pairs: list[tuple[int, int]] = []
    for changed, _, position, at in alike:
        if 2 * changed > width or any(position == one or at == other for one, other in pairs):
            continue
        pairs.append((position, at))
    return sorted(pairs, key=lambda pair: pair[1])


def _cell_changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    names = [*new, *(name for name in old if name not in new)]
    return [
        f"{name.partition(' ')[2]}: {old.get(name, '-')} is now {new.get(name, '-')}"
        for name in names
        if old.get(name, "-") != new.get(name, "-")
    ]


def _first_changed(table: DecisionTable, rule: int, cells: Sequence[str]) -> Place | None:
    written = table.rules[rule]
    names = [*_texts(table), *(output.name for output in table.outputs)]
    for name, cell in zip(names, (*written.inputs, *written.outputs), strict=True):
        if any(text.startswith(f"{name}: ") for text in cells) and isinstance(cell.place, CellAddress):
            return cell.place
    noted = [
        at for at, name in enumerate(table.annotations) if any(text.startswith(f"{name}: ") for text in cells)
    ]
    return _beyond_outputs(written, noted[0]) if noted else written.place


def _beyond_outputs(rule: Rule, annotation: int) -> Place | None:
    """The cell of an annotation, right of the outputs, where inputs and outputs leave no column between them."""
    from referee.workbook.cell_place import cell_position, column_letters

    places = [cell.place for cell in (*rule.inputs, *rule.outputs)]
    known = [place for place in places if isinstance(place, CellAddress) and place.cell]
    at = [cell_position(place.cell) for place in known]
    columns = sorted(column for _, column in at)
    is_unbroken = bool(columns) and columns == list(range(columns[0], columns[0] + len(columns)))
    if not is_unbroken or columns[0] > 2 or len(known) < len(places):
        return rule.place
    return replace(known[0], cell=f"{column_letters(columns[-1] + 1 + annotation)}{at[0][0]}")


def _written(rule: Rule) -> str:
    inputs = " | ".join(_plain(cell.text) for cell in rule.inputs)
    return f"{inputs} → {' | '.join(_plain(cell.text) for cell in rule.outputs)}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "nothing"
    return "nothing" if value in (None, "") else str(value)
