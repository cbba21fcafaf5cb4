"""All checks of one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from referee.checks.budget import Budget, OutOfBudget
from referee.checks.calculated_outputs import calculated_outputs
from referee.checks.case_space import InputValues
from referee.checks.finding import Finding, TableReport
from referee.checks.gaps import gaps
from referee.checks.masked import impossible_rules, masked_rules
from referee.checks.null_doubt import null_in_doubt
from referee.checks.overlaps import overlaps
from referee.checks.reachability import only_reached, unreachable_rules
from referee.checks.relevance import inputs_without_effect
from referee.checks.sameness import joinable_rules, needless_rules
from referee.checks.subject import Subject, listed
from referee.checks.values_check import cells_and_columns
from referee.domain import Severity
from referee.tables import DecisionTable

Check = Callable[[Subject, Budget], Iterator[Finding]]

_MOST_OF_A_KIND = 50

_CHECKS: Mapping[str, Check] = {
    "gaps": gaps,
    "overlaps": overlaps,
    "rules that can never fire": masked_rules,
    "rules that no case reaches": unreachable_rules,
    "rules that say the same": needless_rules,
    "rules that can be joined": joinable_rules,
    "inputs that never matter": inputs_without_effect,
    "calculated outputs": calculated_outputs,
    "missing facts": null_in_doubt,
}
"""The proofs that may take long, by what they prove."""

_SHARE_AT_FIRST = 0.1
_SHARE_OF_ADVICE = 0.1

_ADVICE = frozenset(
    {"rules that say the same", "rules that can be joined", "inputs that never matter", "missing facts"}
)
"""What is told as advice where it is found; not to know it all is no more than that."""


def check_table(
    table: DecisionTable,
    inputs: Mapping[str, InputValues],
    *,
    names: Iterable[str] = (),
    others: Sequence[DecisionTable] = (),
    budget: Budget | None = None,
) -> TableReport:
    """Everything that can be told about a table for all cases at once; the table must compile.

    ``inputs`` tells what each input expression may hold; what isn't listed may be any value of its column's type but
    null. ``names`` are all names the cells may use. ``others`` are tables whose results the inputs may name: what they
    give follows from the facts. A proof that doesn't end within the budget is a finding of its own.
    Of many findings of a kind the first are told one by one, and the rest by the numbers of their rules.
    """
    budget = budget or Budget()
    subject = Subject(table, inputs, names, others=others)
    if subject.is_empty:
        return TableReport(table.name, (_no_case(subject),), ())
    findings = [*cells_and_columns(subject), *impossible_rules(subject)]
    proofs = _all_proofs(subject, budget)
    for name, proof in proofs.items():
        findings += proof.findings
        if not proof.is_whole:
            severity = Severity.INFO if name in _ADVICE else Severity.WARNING
            findings.append(_not_proved(subject, proof.left, severity))
    if others:
        findings = only_reached(findings, table, inputs, subject.names, others, budget)
    findings = [*_without_needless_dead(findings), *_outside_the_proof(subject)]
    proved = tuple(name for name, proof in proofs.items() if proof.is_whole)
    unproved = tuple(proof.left for proof in proofs.values() if not proof.is_whole)
    return TableReport(table.name, tuple(_bounded(findings)), proved, unproved)


@dataclass(frozen=True, slots=True)
class _Proof:
    """What was found, and what was ``left`` when the time was over; nothing where the proof is whole."""

    findings: tuple[Finding, ...]
    left: str = ""

    @property
    def is_whole(self) -> bool:
        return not self.left


def _all_proofs(subject: Subject, budget: Budget) -> dict[str, _Proof]:
    """Every proof; those that find faults before those that advise, which keep a tenth of the time."""
    faults = [name for name in _CHECKS if name not in _ADVICE]
    advice = [name for name in _CHECKS if name in _ADVICE]
    proofs = _in_turn(subject, faults, budget.share(1 - _SHARE_OF_ADVICE))
    proofs |= _in_turn(subject, advice, budget)
    return {name: proofs[name] for name in _CHECKS}


def _in_turn(subject: Subject, names: Sequence[str], budget: Budget) -> dict[str, _Proof]:
    """Some proofs. Each gets a little time at first; those that need more share all that is left then."""
    proofs = {name: _proof(name, subject, budget.share(_SHARE_AT_FIRST)) for name in names}
    hard = [name for name, proof in proofs.items() if not proof.is_whole]
    for at, name in enumerate(hard):
        again = _proof(name, subject, budget.share(1 / (len(hard) - at)))
        if again.is_whole or len(again.findings) >= len(proofs[name].findings):
            proofs[name] = again
    return proofs


def _proof(name: str, subject: Subject, budget: Budget) -> _Proof:
    findings: list[Finding] = []
    try:
        findings.extend(_CHECKS[name](subject, budget))
    except OutOfBudget as over:
        return _Proof(tuple(findings), over.part or name)
    return _Proof(tuple(findings))


def _without_needless_dead(findings: Sequence[Finding]) -> Iterator[Finding]:
    """The findings without those that a rule could go which is told never to fire: that says it already."""
    dead = {each.rules[0] for each in findings if each.code in ("impossible-rule", "masked-rule")}
    yield from (each for each in findings if each.code != "needless-rule" or each.rules[0] not in dead)


def _bounded(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Not more than some of a kind, and one finding for all others of that kind."""
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.code, []).append(finding)
    for code, found in kinds.items():
        yield from found[:_MOST_OF_A_KIND]
        rest = found[_MOST_OF_A_KIND:]
        if rest:
            rules = tuple(dict.fromkeys(finding.rules[0] for finding in rest if finding.rules))
            about = f", about {listed(rules, 20)}" if rules else ""
            message = f"{len(rest)} more of the same kind as the last{about}"
            yield Finding(code, rest[0].severity, message, rest[0].table, rest[0].places[:1], rules)


def _not_proved(subject: Subject, what: str, severity: Severity) -> Finding:
    message = (
        f"the time was over before this was known for every case: {what}; what is listed is right, but there may be "
        "more. Give the check more time, or split the table"
    )
    return Finding("not-proved", severity, message, subject.table.name, subject.table_place)


def _no_case(subject: Subject) -> Finding:
    names = ", ".join(f"`{each.expression}`" for each in subject.space.dimensions if not each.size)
    message = f"no value of {names} is allowed, so there is no case to decide; correct the allowed values"
    return Finding("no-allowed-value", Severity.ERROR, message, subject.table.name, subject.table_place)


def _outside_the_proof(subject: Subject) -> Iterator[Finding]:
    table = subject.table
    places = [
        place
        for rule, box in enumerate(subject.boxes)
        for column in box.open_columns
        for place in subject.cell_place(rule, column)
    ]
    rules = tuple(subject.number(rule) for rule, box in enumerate(subject.boxes) if box.open_columns)
    if rules:
        cells = sum(len(box.open_columns) for box in subject.boxes)
        what = "1 cell is an expression" if cells == 1 else f"{cells} cells are expressions"
        whose = (
            "where its rule matches is known only as far as the other cells"
            if cells == 1
            else ("where their rules match is known only as far as their other cells")
        )
        message = f"{what} and outside the proof: {whose} say"
        yield Finding("outside-proof", Severity.INFO, message, table.name, tuple(places), rules)
    for text in subject.space.unread:
        message = (
            f"the allowed values `{text.text}` are an expression and outside the proof: every value of the type counts "
            "as allowed"
        )
        place = (text.place,) if text.place is not None else subject.table_place
        yield Finding("outside-proof", Severity.INFO, message, table.name, place)
