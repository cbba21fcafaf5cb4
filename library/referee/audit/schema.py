"""The published form of the log's records: what each kind holds, checked and as JSON Schema.

Version 1. A record may hold more than is said here; readers pass over fields they don't know. A field that is said here
keeps its name and its meaning; should one ever change, ``v`` counts on.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from referee.domain import AuditError

Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Position = Annotated[int, Field(ge=0)]
ModelHash = Annotated[
    str,
    Field(pattern="^([0-9a-f]{64})?$", description="empty for a model that wasn't there"),
]


def _possible(time: str) -> str:
    """The pattern alone would let the 41st of a month pass."""
    datetime.fromisoformat(time)
    return time


Time = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", description="UTC, with microseconds"),
    AfterValidator(_possible),
]


class _Form(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, strict=True)


class FiredRule(_Form):
    """A rule that matched, and where it stands."""

    table: str
    rule: Annotated[int, Field(ge=1)]
    place: str
    annotation: str


class NotedDiagnostic(_Form):
    """Something that was noticed while deciding."""

    code: str
    message: str
    severity: Literal["info", "warning", "error"]
    place: str


class UsedModel(_Form):
    """A classifier that was asked."""

    version: str
    sha256: ModelHash


class UsedVersions(_Form):
    """What decided: the workbook, and the models by the names of their nodes."""

    workbook_version: str
    workbook_sha256: Hash
    models: dict[str, UsedModel]


class DecisionPayload(_Form):
    """What happens next to a case, and why. ``facts_sha256`` tells whether the facts of a case are still the same;
    ``follows`` is the position of the decision before about the same case.
    """

    case: str
    decision: str
    facts: dict[str, Any]
    facts_sha256: Hash
    route: Literal["auto", "exception", "human"]
    action: str
    queue: str
    reasons: list[str]
    outputs: dict[str, Any]
    rules: list[FiredRule]
    scores: dict[str, Any]
    diagnostics: list[NotedDiagnostic]
    versions: UsedVersions
    follows: Position | None


class ActionPayload(_Form):
    """An action is begun (``acting``, before anything is done), or has ended. ``of`` is the decision's position."""

    case: str
    decision: str
    status: Literal["acting", "done", "failed", "in doubt"]
    action: str
    of: Position
    result: Any
    error: str


class HandoffPayload(_Form):
    """A case goes to people."""

    case: str
    decision: str
    queue: str
    reasons: list[str]
    context: dict[str, Any]
    of: Position


class AnswerPayload(_Form):
    """What a person decided about a case that was handed over."""

    case: str
    decision: str
    answer: str
    by: str
    note: str
    of: Position


class ExceptionPayload(_Form):
    """An event of a case's playbook: before its step is taken (``acting``), and after."""

    case: str
    decision: str
    playbook: str
    playbook_version: str
    event: str
    data: dict[str, Any]
    transition: str
    state: str
    step: str
    attempt: int
    due: str | None
    status: str
    result: Any
    error: str
    of: Position


class RunPayload(_Form):
    """A run of a bot begins or ends; ``summary`` holds its counts once it has ended."""

    decision: str
    status: Literal["started", "finished", "stopped"]
    bot: str
    summary: dict[str, Any]


class ErasurePayload(_Form):
    """The keys of a case were deleted: the facts named can't be read any more in the decision ``records``."""

    case: str
    decision: str
    facts: list[str]
    records: list[Position]
    by: str
    reason: str
    masked: Annotated[
        list[str] | None, Field(description="those of the facts whose masks go on showing some signs")
    ] = None


class RecoveryPayload(_Form):
    """Seals an unfinished line left by a kill or a power cut: where it starts, its length, and its hash."""

    offset: int
    bytes: int
    sha256: Hash


class ClosingPayload(_Form):
    """The last record of a file: which file goes on."""

    next: Annotated[str, Field(pattern=r"^audit-\d{12,}\.jsonl$")]


class OpeningPayload(_Form):
    """The first record of a file that goes on: what the whole file before was. ``log`` is the hash of the very first
    record, by which the log is known.
    """

    log: Hash
    after: Annotated[str, Field(pattern=r"^audit(-\d{12,})?\.jsonl$")]
    records: int
    bytes: int
    sha256: Hash


class MergedFrom(_Form):
    """Where a merged record comes from. Positions in its payload are those of that log."""

    log: Hash
    position: Position
    hash: Hash
    writer: str
    time: Time


class _Envelope(_Form):
    v: Literal[1]
    position: Position
    time: Time
    writer: Annotated[str, Field(description="who wrote it: host, process and run")]
    origin: MergedFrom | None = None
    previous: Annotated[
        Hash, Field(description="the hash of the record before; 64 zeros in the first record")
    ]
    hash: Annotated[Hash, Field(description='sha256 of the line\'s bytes before `,"hash":`')]


class DecisionRecord(_Envelope):
    kind: Literal["decision"]
    payload: DecisionPayload


class ActionRecord(_Envelope):
    kind: Literal["action"]
    payload: ActionPayload


class HandoffRecord(_Envelope):
    kind: Literal["handoff"]
    payload: HandoffPayload


class AnswerRecord(_Envelope):
    kind: Literal["answer"]
    payload: AnswerPayload


class ExceptionRecord(_Envelope):
    kind: Literal["exception"]
    payload: ExceptionPayload


class RunRecord(_Envelope):
    kind: Literal["run"]
    payload: RunPayload


class ReleaseRecord(_Envelope):
    kind: Literal["release"]
    payload: dict[str, Any]


class ErasureRecord(_Envelope):
    kind: Literal["erasure"]
    payload: ErasurePayload


class RecoveryRecord(_Envelope):
    kind: Literal["recovery"]
    payload: RecoveryPayload


class SegmentRecord(_Envelope):
    kind: Literal["segment"]
    payload: OpeningPayload | ClosingPayload


AuditRecord = Annotated[
    DecisionRecord
    | ActionRecord
    | HandoffRecord
    | AnswerRecord
    | ExceptionRecord
    | RunRecord
    | ReleaseRecord
    | ErasureRecord
    | RecoveryRecord
    | SegmentRecord,
    Field(discriminator="kind"),
]

_RECORD: TypeAdapter[Any] = TypeAdapter(AuditRecord)


def checked(line: bytes) -> BaseModel:
    """The record in a line as the schema has it. Raises ValueError saying which field isn't so.

    What readers of JSON take in different ways has no place in a record either: a name that comes twice, NaN, half a
    character.
    """
    json.loads(line, object_pairs_hook=_named_once, parse_constant=_refused, parse_int=str, parse_float=str)
    try:
        record: BaseModel = _RECORD.validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = "half a surrogate pair" if "hex escape" in first["msg"] else first["msg"].lower()
        raise ValueError(f"{where}: {message}" if where else message) from None
    return record


def not_as_published(line: bytes, place: object, position: int) -> AuditError:
    """What it means that a record of a sound chain can't be used: somebody wrote it who isn't Referee."""
    try:
        checked(line)
        why = "it isn't as Referee writes it"
    except ValueError as fault:
        why = str(fault)
    return AuditError(
        f"{place}: record {position} isn't one that Referee wrote, though its hash is right ({why}); see "
        "`referee audit verify --contents`, restore the log from a copy that its checkpoints vouch for, "
        "and keep this file as evidence"
    )


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name `{twice}` comes twice")
    return found


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number")


def audit_schema() -> str:
    """The JSON Schema of a line of the log, as docs/audit.schema.json publishes it."""
    return json.dumps(_RECORD.json_schema(), indent=2, ensure_ascii=False) + "\n"
