"""What a change of a workbook means: which cases are decided differently, shown by cases really decided by both."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from referee.domain import Case, Decision, InputError, ModelError

if TYPE_CHECKING:
    from referee.checks import Budget, Difference, Differences, InputValues
    from referee.engine.trial import Scores, Trial
    from referee.scoring import Model
    from referee.workbook import DecisionWorkbook


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one version gives for a case: where it goes. Of a DMN model it is a value, or that the case is in doubt."""

    route: str = ""
    action: str = ""
    queue: str = ""
    value: Any = None
    is_doubt: bool = False
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, decision: Decision) -> Outcome:
        return cls(str(decision.route), decision.action, decision.queue, reasons=decision.reasons)

    @property
    def text(self) -> str:
        """``auto, pay`` or ``human, clerks``; of a DMN model ``"small"`` or ``in doubt``."""
        from referee.checks import literal_text

        if not self.route:
            return "in doubt" if self.is_doubt else literal_text(self.value)
        return ", ".join(part for part in (self.route, self.action, self.queue) if part)


@dataclass(frozen=True, slots=True)
class Moved:
    """One case and what both versions give for it."""

    case_id: str
    facts: Mapping[str, Any]
    old: Outcome
    new: Outcome

    @property
    def goes_elsewhere(self) -> bool:
        """Whether another thing is done, not only for another reason."""
        return replace(self.old, reasons=()) != replace(self.new, reasons=())

    @property
    def is_other(self) -> bool:
        return self.old != self.new


@dataclass(frozen=True, slots=True)
class MeantRegion:
    """Cases that are decided differently: ``where`` by input as unary tests, with a case that both versions decided.

    ``values`` are those of the case, for every fact that either version requires. ``example`` is None where no facts
    could be found for it, as an input is computed. ``said`` says which cases they are where that is no matter of
    inputs. ``note`` tells what in the case itself sends it to people in one version only. ``decision`` names which one
    of a DMN model it is.
    """

    where: Mapping[str, str]
    values: Mapping[str, Any]
    example: Moved | None
    said: str = ""
    note: str = ""
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """All regions where decisions differ. ``unproved`` tells what could not be compared, each in a sentence.

    ``notes`` don't weaken the proof: they say what would make the regions fewer.
    """

    regions: tuple[MeantRegion, ...]
    unproved: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def elsewhere(self) -> tuple[MeantRegion, ...]:
        """The regions whose cases go elsewhere, or may."""
        return tuple(each for each in self.regions if each.example is None or each.example.goes_elsewhere)

    @property
    def for_other_reasons(self) -> tuple[MeantRegion, ...]:
        """The regions whose cases go where they went, for another reason."""
        return tuple(each for each in self.regions if each.example and not each.example.goes_elsewhere)


def meaning(
    old: DecisionWorkbook,
    new: DecisionWorkbook,
    models: Path,
    budget: Budget,
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> Meaning:
    """Which cases two versions decide differently: by their facts, through all tables that the routing table needs.

    ``renamed`` are facts that only have another name now: a case brings them by the name that each version knows.
    """
    from referee.checks import Version, differences
    from referee.cli.renamed_facts import with_names
    from referee.cli.table_inputs import brought_facts, scope_names, table_inputs
    from referee.cli.uncompared import uncompared
    from referee.engine.trial import Trial

    written, old = old, with_names(old, renamed)
    loaded = [loaded_models(each, models) for each in (old, new)]
    versions = [
        Version(
            each.tables,
            table_inputs(each, known),
            each.settings.route_table,
            brought_facts(each),
            [definition.node for definition in each.models],
            each.settings.doubt_queue,
        )
        for each, known in zip((old, new), loaded, strict=True)
    ]
    names = {*scope_names(old), *scope_names(new)}
    told = differences(*versions, names=names, budget=budget)
    trials = Trial(old), Trial(new)
    fillers = _fillers(old, new, {**versions[0].inputs, **versions[1].inputs})
    nodes = {definition.node for each in (old, new) for definition in each.models}
    regions = []
    unproved = [
        f"`{before}` is called `{after}` now: a case that brings it by the other name is without it"
        for before, after in renamed.items()
    ]
    unproved += uncompared(replace(old, models=written.models), new)
    if old.settings.doubt_queue != new.settings.doubt_queue:
        regions.append(_doubtful(trials))
    unproved += left_open(told)
    for difference in (*told.found, *shown_open(told)):
        values = {**difference.case.values, **not_spoken_of(fillers, difference.case.values)}
        example = _decided(difference, trials, fillers, nodes)
        note = "" if example is None else _doubt_in_one(example, old, new)
        regions.append(MeantRegion(difference.where, values, example, note=note))
    unknown = dict.fromkeys(
        f"the model `{definition.folder}` of `{definition.node}` can't be loaded from {models}, so any text counts "
        "as its label; name the folder of the models with --models"
        for each, known in zip((old, new), loaded, strict=True)
        for definition in each.models
        if definition.node not in known
    )
    return Meaning(told_regions(regions), tuple(unproved), tuple(unknown))


def left_open(told: Differences) -> Iterator[str]:
    """A sentence for all cases that there was no time for, and for each region that hangs on an expression."""

    def cases(where: Mapping[str, str]) -> str:
        return "; ".join(f"{name}: {cell}" for name, cell in where.items()) or "any case"

    if not told.is_complete:
        yield (
            f"{cases(told.left)}: the time was over before all of these cases were compared; there may be more "
            "differences"
        )
    for difference in told.unshown:
        yield (
            f"{cases(difference.where)}: decided differently, but no facts were found that bring such cases, nor was "
            "it shown that there are none"
        )
    for text in told.doubtable:
        yield (
            f"{text}: facts may leave it in doubt in one version only, such as a missing one or a division by zero; "
            "such cases were searched, but not all of them compared"
        )
    for difference in told.open:
        yield f"{cases(difference.where)}: whether these cases are decided differently hangs on an expression"


def shown_open(told: Differences) -> Iterator[Difference]:
    """Those that hang on an expression and have facts to decide by both versions."""
    yield from (each for each in told.open if each.case.facts is not None)


def told_regions(regions: Iterable[MeantRegion]) -> tuple[MeantRegion, ...]:
    """Those whose case is decided otherwise, or can't be decided; first those that go elsewhere."""
    kept = [region for region in regions if region.example is None or region.example.is_other]
    return tuple(
        sorted(kept, key=lambda region: region.example is not None and not region.example.goes_elsewhere)
    )


def moved_cases(
    old: DecisionWorkbook,
    new: DecisionWorkbook,
    models: Path,
    cases: Iterable[tuple[Case, Scores]],
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Moved]:
    """What both versions decide for real cases, with the approved models where a case brings no score.

    A case may bring ``renamed`` facts by either name.
    """
    from referee.engine.trial import Trial

    trials = [Trial.with_models(each, models) for each in (old, new)]
    for case, scores in cases:
        facts = dict(case.facts)
        for before, after in renamed.items():
            for name, other in ((before, after), (after, before)):
                if other in case.facts:
                    facts.setdefault(name, case.facts[other])
        was, now = (Outcome.of(trial.decide(facts, scores, case.id)) for trial in trials)
        yield Moved(case.id, case.facts, was, now)


def recorded_cases(
    log: Path, decision: str, used: Collection[str]
) -> tuple[list[tuple[Case, Scores]], list[str]]:
    """The latest facts of each case that an audit log holds about a decision, with the scores of then.

    Also the ids of the cases whose facts can't be read, though they are ``used``. Raises ``InputError`` where there is
    no log.
    """
    from referee.audit import AuditLog, has_log
    from referee.engine.logged_facts import LoggedFacts, UnreadableFactsError

    if not has_log(log):
        raise InputError(f"{log}: there is no audit log in this folder; check its name")
    latest: dict[str, Mapping[str, Any]] = {}
    logged = AuditLog(log, read_only=True)
    for record in logged.records():
        if record.kind == "decision" and record.payload["decision"] == decision:
            latest[record.payload["case"]] = record.payload
    facts_of = LoggedFacts(logged)
    readable: list[tuple[Case, Scores]] = []
    hidden: list[str] = []
    for case_id, payload in latest.items():
        try:
            facts, _ = facts_of.read(decision, case_id, payload["facts"], used)
        except UnreadableFactsError:
            hidden.append(case_id)
            continue
        readable.append((Case(case_id, facts), payload["scores"]))
    return readable, hidden


def loaded_models(workbook: DecisionWorkbook, folder: Path) -> dict[str, Model]:
    """The models of a workbook that can be loaded; what the others may say isn't known."""
    from referee.scoring import ModelStore

    loaded = {}
    for definition in workbook.models:
        try:
            loaded[definition.node] = ModelStore(folder).load(definition.folder, definition.version)
        except ModelError:
            continue
    return loaded


def _decided(
    difference: Difference, trials: tuple[Trial, Trial], fillers: Mapping[str, Any], nodes: set[str]
) -> Moved | None:
    if difference.case.facts is None:
        return None
    given = difference.case.facts
    facts = {**fillers, **{name: value for name, value in given.items() if name not in nodes}}
    scores = {name: value for name, value in given.items() if name in nodes and value is not None}
    before, after = (Outcome.of(trial.decide(facts, scores)) for trial in trials)
    return Moved("", facts, before, after)


def not_spoken_of(fillers: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of facts that a region leaves open and that no value of its case, or part of one, stands for."""
    known = {name.partition(".")[0] for name in values} | set(values)
    return {name: value for name, value in fillers.items() if name not in known}


def _doubt_in_one(example: Moved, old: DecisionWorkbook, new: DecisionWorkbook) -> str:
    """What about its facts is doubt to one version only, whatever the tables of that version say."""
    before, after = (
        [each.message for each in workbook.dictionary.check(example.facts)[1] if each.is_doubt]
        for workbook in (old, new)
    )
    if after and not before:
        return f"it goes to people now whatever the tables say: {'; '.join(after)}"
    if before and not after:
        return f"it went to people whatever the tables said: {'; '.join(before)}"
    return ""


def _doubtful(trials: tuple[Trial, Trial]) -> MeantRegion:
    """All cases that both versions can't decide, with one that brings no facts at all if that makes doubt in both."""
    before, after = (trial.decide({}) for trial in trials)
    is_doubtful = all(any(each.is_doubt for each in decision.diagnostics) for decision in (before, after))
    example = Moved("", {}, Outcome.of(before), Outcome.of(after)) if is_doubtful else None
    return MeantRegion({}, {}, example, "every case that is in doubt in both versions")


def _fillers(
    old: DecisionWorkbook, new: DecisionWorkbook, inputs: Mapping[str, InputValues]
) -> dict[str, Any]:
    """Values for required facts that no table asks for: without them a case would be in doubt."""
    from referee.checks import a_value

    return {
        fact.name: a_value(inputs[fact.name])
        for workbook in (old, new)
        for fact in workbook.dictionary.facts
        if fact.required and not fact.protected
    }
