"""The card of a model: what it is, what it learnt from, how well it did, and the hashes of its files."""

from __future__ import annotations

import json
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from referee.scoring.novelty import LEVELS

CARD_FILE = "card.json"
MODEL_FILE = "model.joblib"
SKOPS_FILE = "model.skops"
"""What may stand in the place of `MODEL_FILE`: a format that names types and holds no program."""

Text = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Feature(_Part):
    """One input of the model, in the order the classifier takes them; ``encoding.encode`` says how.

    ``categories``, ``minimum`` and ``maximum`` are those of the training cases. ``source`` is the fact of the data
    dictionary that it comes from, where that has another name, or how it is worked out.
    """

    name: Text
    type: Literal["number", "string", "boolean"]
    description: str = ""
    unit: str = ""
    source: str = ""
    missing: Literal["refuse", "impute"] = "refuse"
    categories: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="after")
    def _agrees_with_its_type(self) -> Self:
        if self.type == "number":
            if self.minimum is None or self.maximum is None or self.minimum > self.maximum:
                raise ValueError("a number needs the minimum and the maximum of the training cases, in order")
        elif self.minimum is not None or self.maximum is not None:
            raise ValueError(f"a {self.type} has no minimum or maximum")
        if (self.type == "string") != bool(self.categories):
            raise ValueError("categories belong to a string, and a string needs them")
        if len(set(self.categories)) != len(self.categories):
            raise ValueError("a category is listed twice")
        return self


class TrainingData(_Part):
    """What the model learnt from.

    ``sha256`` is over the training cases' features and targets, as ``training`` says.
    """

    rows: Count
    sha256: Sha256
    source: Text
    split_rule: Text
    period: str = ""


class CalibrationBin(_Part):
    """Cases of like confidence: what the model thought of being right, and how often it was."""

    rows: Count
    confidence: Share
    right: Share


Interval = Annotated[tuple[Share, Share], Field(strict=False)]


class Group(_Part):
    """The model on the held-out cases with one value of a protected attribute.

    ``automatic`` and ``errors`` are those at each operating point of the card, in its order, and ``error_rates`` the
    exact 95 % intervals of the share of errors there (Clopper and Pearson, two-sided).
    """

    attribute: Text
    value: str
    rows: Count
    truth: dict[str, Share]
    predicted: dict[str, Share]
    accuracy: Share
    automatic: Annotated[tuple[Count, ...], Field(strict=False)]
    errors: Annotated[tuple[Count, ...], Field(strict=False)]
    error_rates: Annotated[tuple[Interval, ...], Field(strict=False)] = ()


class Proxy(_Part):
    """How well the features tell a protected attribute that was kept out of them: the cross-validated AUC of all
    together, and of those that tell much alone."""

    attribute: Text
    auc: Share
    alone: dict[str, Share]


class HeldOut(_Part):
    """How well the model did on cases it had not seen.

    Cases it would refuse to score are counted, not judged. ``confusion`` counts cases by their true label, then by the
    likeliest one. ``calibration`` goes by the confidence in the likeliest label, ``reliability`` by the probability of
    each label; ``ece`` is the expected calibration error of the former.
    """

    rows: Count
    refused: Count
    auc: Share
    log_loss: Annotated[float, Field(ge=0)]
    accuracy: Share
    shares: dict[str, Share]
    calibration: Annotated[tuple[CalibrationBin, ...], Field(strict=False)] = ()
    brier: Share | None = None
    ece: Share | None = None
    confusion: dict[str, dict[str, Count]] = {}
    reliability: dict[str, Annotated[tuple[CalibrationBin, ...], Field(strict=False)]] = {}


class Candidate(_Part):
    """One classifier that was compared: its cross-validated log loss, and the standard error of that."""

    name: Text
    log_loss: float
    standard_error: float


class Correction(_Part):
    """A way to calibrate that was tried on cross-validated probabilities, and the errors it left."""

    method: Literal["none", "sigmoid", "isotonic"]
    log_loss: Annotated[float, Field(ge=0)]
    ece: Share


class Finding(_Part):
    """What was found about a column of the past cases, with its evidence.

    ``kind`` names the suspicion. ``allowed`` says that the author took the column all the same; what is not a leak but
    good to know is a note.
    """

    column: str
    kind: Text
    evidence: Text
    status: Literal["allowed", "note"]


class RiskPoint(_Part):
    """At a threshold: the share of held-out cases that reach it, how many of these are wrong, and the exact upper bound
    of that rate for this threshold alone."""

    threshold: Share
    automatic: Count
    errors: Count
    bound: Share


class RiskCurve(_Part):
    """Coverage against risk for the probability of ``label``, or the confidence in the likeliest one where empty."""

    label: str
    confidence: Share
    rows: Count
    points: Annotated[tuple[RiskPoint, ...], Field(strict=False)]


class Novelty(_Part):
    """What the training cases looked like, to tell how unlike them a case is (``novelty``).

    ``quantiles`` are those of each number at ``novelty.LEVELS``, ``shares`` those of the training cases with each
    category, `true` and `false`, or nothing (under the empty name). ``largest`` is the distance of the most unusual
    training case, by which distances are divided; beyond ``limit`` a case is not scored.
    """

    quantiles: dict[str, Annotated[tuple[float, ...], Field(strict=False)]]
    shares: dict[str, dict[str, Share]]
    largest: Annotated[float, Field(gt=0)]
    limit: Annotated[float, Field(gt=0)]


class Costs(_Part):
    """What a wrong automatic decision costs, and what a review does, in any unit."""

    wrong: Annotated[float, Field(gt=0)]
    review: Annotated[float, Field(gt=0)]


class CostPerCase(_Part):
    """What a case costs on average at the threshold, held-out cases to people included, and its exact upper bound.

    The bound holds for the threshold chosen, however it was chosen among those tested.
    """

    mean: Annotated[float, Field(ge=0)]
    bound: Annotated[float, Field(ge=0)]


class TestedThreshold(_Part):
    """A threshold on held-out cases: how many reach it, how many of these are wrong, and the exact upper bound of that
    rate."""

    __test__ = False

    threshold: Share
    automatic: Count
    errors: Count
    bound: Share


class OperatingPoint(_Part):
    """From which score on cases may be decided without people, so that at most ``most_wrong`` of them are wrong.

    The score is the probability of ``label``, or, where that is empty, the confidence in the likeliest label.
    ``threshold`` is null where no threshold keeps the promise; the figures are then those of the one that came
    closest by what could be known beforehand. ``rows`` are held-out cases that the model had not seen, refused ones
    included, and ``coverage`` is the share of them that is automatic. All thresholds that were ``tested`` hold at once
    with ``confidence``; several operating points of a card each hold by themselves.
    """

    label: str
    most_wrong: Share
    confidence: Share
    costs: Costs | None = None
    cost: CostPerCase | None = None
    threshold: Share | None
    rows: Count
    automatic: Count
    coverage: Share
    errors: Count
    bound: Share
    tested: Annotated[tuple[TestedThreshold, ...], Field(min_length=1, strict=False)]

    @model_validator(mode="after")
    def _keeps_what_it_promises(self) -> Self:
        told = [(each.automatic, each.errors, each.bound) for each in self.tested]
        if (self.automatic, self.errors, self.bound) not in told:
            raise ValueError("the figures are those of none of the thresholds that were tested")
        if self.threshold is None:
            if len(self.tested) > 1 or self.bound <= self.most_wrong:
                raise ValueError("a threshold that holds was tested, but none is given")
        elif any(each.bound > self.most_wrong for each in self.tested):
            raise ValueError("a threshold is among those that hold, but its bound is above the promise")
        elif self.threshold not in [each.threshold for each in self.tested]:
            raise ValueError("the threshold is none of those that were tested")
        return self

    def promise(self) -> str:
        """``at most 3 % of automatic decisions wrong, with 95 % confidence``."""
        return (
            f"at most {self.most_wrong * 100:.4g} % of automatic decisions wrong, "
            f"with {self.confidence * 100:.4g} % confidence"
        )

    def told(self) -> str:
        """What was reached, or by how much it was missed."""
        seen = f"{self.errors} of {self.automatic} wrong, at most {self.bound * 100:.2f} %"
        if self.threshold is None:
            return (
                f"no threshold keeps it: {self.tested[0].threshold:g}, the most promising, has {seen}, "
                f"{(self.bound - self.most_wrong) * 100:.2f} points above the promise"
            )
        return f"from {self.threshold:g} on: {self.coverage * 100:.1f} % of {self.rows} unseen cases; {seen}"


class Card(_Part):
    """Everything a reviewer signs for. ``labels`` map each label, in the order of the classifier's classes,
    to its meaning.

    ``range_margin`` is the share of a number's observed range by which a case may lie outside it. ``takes`` says
    whether the classifier takes rows of ``encoding.encode``, or one column a feature and encodes texts itself.
    ``trusted_types`` are those that a `model.skops` may hold besides what skops itself trusts.
    ``influence`` is by how much the log loss on held-out cases grows when a feature's values are shuffled.
    """

    format: Literal[1]
    name: Text
    version: Text
    target: Text
    labels: Annotated[dict[str, str], Field(min_length=2)]
    features: Annotated[tuple[Feature, ...], Field(min_length=1, strict=False)]
    range_margin: Annotated[float, Field(ge=0, le=1)]
    classifier: Text
    takes: Literal["encoded", "plain"] = "encoded"
    compared: Annotated[tuple[Candidate, ...], Field(strict=False)]
    corrections: Annotated[tuple[Correction, ...], Field(strict=False)] = ()
    training: TrainingData
    held_out: HeldOut
    operating_points: Annotated[tuple[OperatingPoint, ...], Field(strict=False)] = ()
    risk: Annotated[tuple[RiskCurve, ...], Field(strict=False)] = ()
    influence: dict[str, float] = {}
    findings: Annotated[tuple[Finding, ...], Field(strict=False)] = ()
    left_out: dict[str, str] = {}
    protected: Annotated[tuple[Text, ...], Field(strict=False)]
    parity: Annotated[tuple[Group, ...], Field(strict=False)] = ()
    proxies: Annotated[tuple[Proxy, ...], Field(strict=False)] = ()
    novelty: Novelty | None = None
    limits_of_use: Text
    author: Text
    approver: str
    date: str
    libraries: dict[str, Text]
    files: dict[str, Sha256]
    trusted_types: Annotated[tuple[Text, ...], Field(strict=False)] = ()

    @field_validator("libraries")
    @classmethod
    def _libraries_are_named(cls, libraries: dict[str, str]) -> dict[str, str]:
        absent = [name for name in ("scikit-learn", "numpy", "joblib") if name not in libraries]
        if absent:
            raise ValueError(f"no version given for {', '.join(absent)}")
        return libraries

    @field_validator("files")
    @classmethod
    def _files_stay_in_the_folder(cls, files: dict[str, str]) -> dict[str, str]:
        if MODEL_FILE not in files and SKOPS_FILE not in files:
            raise ValueError(f"no hash given for {MODEL_FILE}")
        if MODEL_FILE in files and SKOPS_FILE in files:
            raise ValueError(f"{MODEL_FILE} and {SKOPS_FILE} are both listed, and only one can be the model")
        for name in files:
            if name in {"", ".", "..", CARD_FILE} or any(mark in name for mark in "/\\:\0"):
                raise ValueError(f"`{name}` isn't the plain name of a file beside the card")
        return files

    @model_validator(mode="after")
    def _names_are_consistent(self) -> Self:
        names = [feature.name for feature in self.features]
        if len(set(names)) != len(names):
            raise ValueError("a feature is listed twice")
        strangers = [point.label for point in self.operating_points if point.label not in {"", *self.labels}]
        if strangers:
            raise ValueError(f"{', '.join(strangers)}: an operating point is for a label of the model")
        both = sorted(set(names) & {*self.protected, self.target})
        if both:
            raise ValueError(f"{', '.join(both)}: a protected attribute or the target can't be a feature")
        return self

    @model_validator(mode="after")
    def _novelty_is_of_the_features(self) -> Self:
        if self.novelty is None:
            return self
        numbers = {feature.name for feature in self.features if feature.type == "number"}
        if set(self.novelty.quantiles) != numbers or set(self.novelty.shares) != {
            feature.name for feature in self.features
        }:
            raise ValueError("the novelty is of other features than the model")
        for name, quantiles in self.novelty.quantiles.items():
            if len(quantiles) != len(LEVELS) or list(quantiles) != sorted(quantiles):
                raise ValueError(f"`{name}` needs {len(LEVELS)} quantiles in order for its novelty")
        return self

    @property
    def model_file(self) -> str:
        return SKOPS_FILE if SKOPS_FILE in self.files else MODEL_FILE

    def as_bytes(self) -> bytes:
        """The card as it stands in its file: UTF-8, one field a line, the same bytes for the same card."""
        return (json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n").encode()


def card_schema() -> str:
    """The JSON Schema of ``card.json``, as docs/card.schema.json publishes it."""
    return json.dumps(Card.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
