"""Deciding logged cases again: by the versions of then, to prove the log, or by another one, to see what changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from referee.audit import AuditLog, has_log, hidden_facts
from referee.audit.canonical_json import exact_json, parse_json
from referee.audit.reading import read_lines
from referee.audit.record import Tail
from referee.audit.schema import checked, not_as_published
from referee.domain import AuditError, Case, Decision, Diagnostic, InputError, RefereeError, Severity
from referee.engine.decision_line import parts_of, time_of_decision, workbook_name
from referee.engine.erasing import is_erasure, told_erasure
from referee.engine.found_versions import FoundVersions
from referee.engine.logged_facts import LoggedFacts, UnreadableFactsError, cell_texts, used_facts
from referee.engine.record import conclusion
from referee.engine.referee import BATCH, Referee
from referee.feel.clock import reading

MOST_LISTED = 100_000
"""Cases that a replay lists; all are counted."""

# Doubts about a case as it came, before any rule: the log keeps what was made of it, not always how it came.
_AS_IT_CAME = frozenset(
    {"fact-missing", "fact-twice", "fact-type", "fact-not-allowed", "case-changed", "case-id-contradicted"}
)
_CARRIED = ("case-changed", "fact-twice")
_CARRIED_CODES = tuple(f'"code":"{code}"'.encode() for code in _CARRIED)
_NOTHING_NOTED = b'"diagnostics":[]}'


@dataclass(frozen=True, slots=True)
class Difference:
    """A logged decision that comes out otherwise now: the parts that differ (``route``, ``rules``, …), as logged and as
    decided again; ``rules`` are those that fire now, as ``table, rule 3 (place)``.
    """

    position: int
    time: str
    case_id: str
    decision: str
    logged: Mapping[str, Any]
    now: Mapping[str, Any]
    went: str
    goes: str
    rules: tuple[str, ...]

    @property
    def goes_elsewhere(self) -> bool:
        """Whether route, action or queue differ."""
        return self.went != self.goes


@dataclass(slots=True)
class Replay:
    """What a replay found. ``equal`` cases came out the same; of these ``as_recorded`` had doubts about how they came,
    which were taken from the record, and ``unread`` had facts that no rule uses and that can't be read in the log; a
    case may be among both.

    ``not_replayed`` counts by reason the decisions that could not be decided again; of these ``missing`` only for want
    of a version, a model or a key, or because they hide what their workbook doesn't: until that is found nothing is
    proved about them, and whoever forges a record may have made it so. ``moves`` counts those that go
    elsewhere by (from, to), ``by_rule`` by the rule that sends them there now. ``differences`` lists the first
    `MOST_LISTED`. ``others`` are decisions of other names than the workbook's. ``erased`` tells by case who erased
    it, when and why.
    """

    equal: int = 0
    as_recorded: int = 0
    unread: int = 0
    different: int = 0
    elsewhere: int = 0
    others: int = 0
    not_replayed: Counter[str] = field(default_factory=Counter)
    missing: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_rule: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    erased: dict[str, str] = field(default_factory=dict)

    @property
    def replayed(self) -> int:
        return self.equal + self.different


_HEAD = {"case": str, "decision": str, "facts": dict}


@dataclass(frozen=True, slots=True)
class _Place:
    """A line of the log whose hash is right. Whoever wrote the hashes anew may have written anything into it, so what
    is read of it is checked before it is used.
    """

    line: bytes
    path: Path
    position: int

    def require_published(self) -> None:
        """Raises `AuditError` when the record isn't as the published schema has it."""
        try:
            checked(self.line)
        except ValueError:
            raise self.fault() from None

    def fault(self) -> AuditError:
        return not_as_published(self.line, self.path, self.position)


@dataclass(frozen=True, slots=True)
class _Logged:
    """A decision record, its line taken apart without reading more than is needed."""

    place: _Place
    time: str
    case_id: str
    decision: str
    facts: Mapping[str, Any]
    conclusion: bytes
    hidden: frozenset[str] = frozenset()

    @property
    def carries_doubt(self) -> bool:
        """Whether somebody doubted the case for what isn't in its facts."""
        if self.conclusion.endswith(_NOTHING_NOTED):
            return False
        return any(code in self.conclusion for code in _CARRIED_CODES)


class _Decider:
    """A workbook with its models, and the records that wait to be decided by it together."""

    def __init__(self, workbook: Path, models: Path) -> None:
        self.referee = Referee(workbook, models=models, any_day=True)
        self.used = used_facts(self.referee.workbook)
        texts = cell_texts(self.referee.workbook)
        self._asks_clock = any("now(" in text or "today(" in text for text in texts)
        self.waiting: list[_Logged] = []

    def decide(self, records: Sequence[_Logged]) -> Iterator[tuple[_Logged, Decision]]:
        """The decisions about the cases now, together where that can be."""
        together = [] if self._asks_clock else [each for each in records if not each.carries_doubt]
        cases = [Case(each.case_id, each.facts) for each in together]
        yield from zip(together, self.referee.decide_many(cases), strict=True)
        for each in records:
            if self._asks_clock or each.carries_doubt:
                each.place.require_published()
                doubts = [doubt for doubt in _doubts(each) if doubt.code in _CARRIED]
                with reading(lambda moment=each.time: datetime.fromisoformat(moment)):  # type: ignore[misc]
                    yield each, self.referee.evaluate(Case(each.case_id, each.facts), doubts)

    def as_recorded(self, logged: _Logged) -> Decision:
        """The decision with the doubts of then about how the case came."""
        doubts = _doubts(logged)
        facts, _ = self.referee.workbook.dictionary.check(logged.facts)
        for name in facts:
            if any(f"`{name}`" in doubt.message for doubt in doubts):
                facts[name] = None
        with reading(lambda: datetime.fromisoformat(logged.time)):
            return self.referee.evaluate(Case(logged.case_id, logged.facts), read=(facts, doubts))

    def hidden_otherwise(self, facts: Mapping[str, Any]) -> str:
        """A fact that is hidden in another way than the workbook says; "" where there is none."""
        logged_as = self.referee.workbook.dictionary.logged_as
        found = hidden_facts(facts)
        return next((name for name in found if logged_as.get(name, "").split(" ")[0] != found[name].how), "")

    def concluded(self, decision: Decision) -> bytes:
        return exact_json(conclusion(decision, self.referee.repeated(decision)))


def replay(
    log: str | Path,
    *,
    versions: Sequence[str | Path] = (),
    workbook: str | Path | None = None,
    models: Sequence[str | Path] = ("models",),
    keys: str | Path | None = None,
    case: str = "",
    start: str = "",
    end: str = "",
    limit: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Replay:
    """Decides the cases of a log again and compares what comes out, part by part and byte by byte.

    Without ``workbook`` each is decided by the very workbook and models that decided it, found by their hashes among
    ``versions`` (files and folders, and their git history) and the folders ``models``: then any difference is a fault.
    With ``workbook`` all its decisions are decided by that one and the models of the first folder, and the differences
    are what it would change.

    ``start`` and ``end`` are UTC times as the log writes them, or beginnings of one (``2026-03``); what is written at
    ``end`` or later isn't decided again.
    ``limit`` ends after so many decisions (0: never). ``progress`` is called with the bytes read and all bytes. Facts
    that are hidden in the log and used are never guessed: such cases are counted in ``Replay.not_replayed``. The log is
    verified on the way as far as it is read. Raises `InputError` where there is no log or a place is not there,
    `AuditError` when the log isn't what was written, and what `Referee` raises for ``workbook``.
    """
    folder = Path(log)
    if not has_log(folder):
        raise InputError(f"there is no audit log in {folder}; name its folder with --audit")
    found = FoundVersions([Path(place) for place in versions])
    try:
        replaying = _Replaying(
            AuditLog(folder, read_only=True), found, workbook, [Path(place) for place in models], keys
        )
        replaying.run(case, start, end, limit, progress)
    finally:
        found.close()
    return replaying.result


class _Replaying:
    def __init__(
        self,
        log: AuditLog,
        found: FoundVersions,
        workbook: str | Path | None,
        models: Sequence[Path],
        keys: str | Path | None,
    ) -> None:
        self.result = Replay()
        self._log = log
        self._found = found
        self._models = models
        self._facts = LoggedFacts(log, None if keys is None else Path(keys))
        self._other = None if workbook is None else _Decider(Path(workbook), models[0])
        self._deciders: dict[tuple[bytes, str], _Decider | str] = {}
        self._erased_records: dict[tuple[str, str, str], set[int]] = {}

    def run(self, case: str, start: str, end: str, limit: int, progress: Callable[[int, int], None]) -> None:
        sizes = {path.name: path.stat().st_size for path in self._log.folder.glob("audit*.jsonl")}
        total, done, taken = sum(sizes.values()), 0, 0
        wanted = exact_json(case) if case else b""
        for number, (line, tail) in enumerate(read_lines(self._log.folder, Tail())):
            done += len(line)
            if number % 4096 == 0:
                progress(done, total)
            if wanted and wanted not in line:
                continue
            time = time_of_decision(line)
            if (not time and not is_erasure(line)) or (time and (time < start or (end and time >= end))):
                continue
            place = _Place(line, self._log.folder / tail.segment, tail.position - 1)
            if not time:
                place.require_published()
                self._note_erasure(line)
            elif self._take(place, time, case):
                taken += 1
                if taken == limit:
                    break
        self._flush()
        progress(total, total)

    def _take(self, place: _Place, time: str, case: str) -> bool:
        try:
            head, concluded, versions = parts_of(place.line)
        except (KeyError, TypeError, ValueError):
            raise place.fault() from None
        if any(type(head.get(name)) is not kind for name, kind in _HEAD.items()):
            raise place.fault()
        if case and head["case"] != case:
            return False
        decider = self._decider(head["decision"], versions, concluded, place)
        if decider is None:
            self.result.others += 1
            return False
        if isinstance(decider, str):
            self.result.not_replayed[decider] += 1
            self.result.missing += 1
            return True
        if self._other is None and (name := decider.hidden_otherwise(head["facts"])):
            self.result.not_replayed[f"the log hides `{name}` otherwise than the workbook of then says"] += 1
            self.result.missing += 1
            return True
        try:
            facts, hidden = self._facts.read(head["decision"], head["case"], head["facts"], decider.used)
        except UnreadableFactsError as why:
            self.result.not_replayed[str(why)] += 1
            self.result.missing += why.is_key_missing
            return True
        decider.waiting.append(_Logged(place, time, head["case"], head["decision"], facts, concluded, hidden))
        if len(decider.waiting) == BATCH:
            self._decide(decider)
        return True

    def _decider(
        self, decision: str, versions: bytes, concluded: bytes, place: _Place
    ) -> _Decider | str | None:
        """What decides a record; or why nothing can, or None for another decision than is asked for."""
        if self._other is not None:
            return self._other if self._other.referee.name == decision else None
        name = workbook_name(concluded)
        known = self._deciders.get((versions, name))
        if known is None:
            place.require_published()
            known = self._deciders[versions, name] = self._opened(parse_json(versions), name)
        return known

    def _opened(self, versions: Mapping[str, Any], name: str) -> _Decider | str:
        sha256 = versions["workbook_sha256"]
        told = f"the workbook of version {versions['workbook_version']} ({sha256[:12]}…)"
        path = self._found.path(sha256, name)
        if path is None:
            return f"{told} isn't among the versions"
        refused = ""
        for models in self._models:
            try:
                decider = _Decider(path, models)
            except RefereeError as error:
                refused = refused or f"{told} can't be used: {error}"
                continue
            lacking = _lacking(decider.referee.versions.models, versions["models"])
            if not lacking:
                return decider
            refused = f"{lacking}, isn't in {', '.join(map(str, self._models))}"
        return refused

    def _flush(self) -> None:
        for decider in {*self._deciders.values(), self._other}:
            if isinstance(decider, _Decider):
                self._decide(decider)
        self.result.differences.sort(key=lambda each: each.position)

    def _decide(self, decider: _Decider) -> None:
        waiting, decider.waiting = decider.waiting, []
        for logged, decision in decider.decide(waiting):
            if decider.concluded(decision) == logged.conclusion:
                self.result.equal += 1
                self.result.as_recorded += logged.carries_doubt
                self.result.unread += bool(logged.hidden)
                continue
            logged.place.require_published()
            now = self._again(decider, logged, decision)
            if now is None:
                self.result.equal += 1
                self.result.as_recorded += bool(_doubts(logged))
                self.result.unread += bool(logged.hidden)
            else:
                self._note(logged, now)

    def _again(self, decider: _Decider, logged: _Logged, decision: Decision) -> Mapping[str, Any] | None:
        """What it comes to now; None where that is the same with the doubts of then about how the case came."""
        now: Mapping[str, Any] = parse_json(decider.concluded(decision))
        is_doubtful = any(each["code"] in _AS_IT_CAME for each in now["diagnostics"])
        if logged.hidden or (_doubts(logged) and (is_doubtful or self._other is None)):
            recorded = parse_json(decider.concluded(decider.as_recorded(logged)))
            if not _differing(*self._comparable(parse_json(logged.conclusion), recorded)):
                return None
            now = recorded if logged.hidden else now
        return now

    def _comparable(
        self, then: Mapping[str, Any], now: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        return (then, now) if self._other is None else (_without_places(then), _without_places(now))

    def _note(self, logged: _Logged, now: Mapping[str, Any]) -> None:
        rules = tuple(f"{rule['table']}, rule {rule['rule']} ({rule['place']})" for rule in now["rules"])
        then, now = self._comparable(parse_json(logged.conclusion), now)
        parts = _differing(then, now)
        difference = Difference(
            logged.place.position,
            logged.time,
            logged.case_id,
            logged.decision,
            {name: then[name] for name in parts},
            {name: now[name] for name in parts},
            _way(then),
            _way(now),
            rules,
        )
        if not parts:
            self.result.equal += 1
            return
        self.result.different += 1
        if difference.goes_elsewhere:
            self.result.elsewhere += 1
            self.result.moves[difference.went, difference.goes] += 1
            self.result.by_rule.update(difference.rules)
        if len(self.result.differences) < MOST_LISTED:
            self.result.differences.append(difference)

    def _note_erasure(self, line: bytes) -> None:
        record = parse_json(line)
        payload = record["payload"]
        case, log = payload["case"], (record.get("origin") or {}).get("log", "")
        known = self._erased_records.setdefault((log, payload["decision"], case), set())
        reached = {int(position) for position in payload["records"]}
        earlier = self.result.erased.get(case)
        if earlier is not None and reached <= known:
            return  # said again of what was erased before
        known |= reached
        words = told_erasure(record["time"], payload["by"], payload["reason"])
        self.result.erased[case] = words if earlier is None else f"{earlier}; {words}"


def _doubts(logged: _Logged) -> list[Diagnostic]:
    """What was noticed about the case as it came."""
    return [
        Diagnostic(each["code"], each["message"], Severity(each["severity"]))
        for each in parse_json(logged.conclusion)["diagnostics"]
        if each["code"] in _AS_IT_CAME
    ]


def _way(concluded: Mapping[str, Any]) -> str:
    return ", ".join(part for part in (concluded["route"], concluded["action"], concluded["queue"]) if part)


def _differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [name for name in then if exact_json(then[name]) != exact_json(now[name])]


def _without_places(concluded: Mapping[str, Any]) -> dict[str, Any]:
    """Without cells and their file, which are others in another workbook."""
    bare = {
        name: [{part: value for part, value in each.items() if part != "place"} for each in concluded[name]]
        for name in ("rules", "diagnostics")
    }
    return {**concluded, **bare}


def _lacking(there: Mapping[str, tuple[str, str]], used: Mapping[str, Any]) -> str:
    """The first model that was used and isn't there, "" when all are."""
    for node, model in used.items():
        if there.get(node) != (model["version"], model["sha256"]):
            return f"the model of `{node}`, version {model['version']} ({model['sha256'][:12]}…)"
    return ""
