"""`referee model add`: a classifier of somebody's own becomes a model with a card, once they say that it is theirs."""

from __future__ import annotations

import csv
import hashlib
import os
import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy
import pytest

from referee.scoring import ModelStore
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_train import past_payments, write

NUMBERS, TEXTS = ("amount",), ("country", "member")


def own_pipeline(classifier: Any) -> Any:
    """Fitted on columns by position, with labels that are texts; it encodes texts itself."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    rows = past_payments(400, seed=9)
    values = numpy.array([[row["amount"], row["country"], row["segment"]] for row in rows], dtype=object)
    columns = ColumnTransformer([("n", StandardScaler(), [0]), ("t", OneHotEncoder(), [1, 2])])
    return make_pipeline(columns, classifier).fit(values, [row["late"] for row in rows])


def kept(classifier: Any, path: str = "own.joblib") -> str:
    """The sha256 of the file it is put into."""
    joblib.dump(classifier, path)
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


ADD = ("model", "add", "own.joblib", "--cases", "held_out.csv", "--target", "late", "--name", "own")
NAMED = ("--feature", "amount", "--feature", "country", "--feature", "segment")


@pytest.fixture
def held_out(desk: Path) -> list[dict[str, Any]]:
    rows = past_payments(300, seed=2)
    write(rows, Path("held_out.csv"))
    return rows


@pytest.mark.parametrize("kind", ["forest", "linear", "naive bayes"])
def test_a_pipeline_of_ones_own_scores_as_it_did_where_it_was_fitted(
    referee: Command, held_out: list[dict[str, Any]], kind: str
) -> None:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB

    made = {
        "forest": RandomForestClassifier(20, random_state=0),
        "linear": LogisticRegression(),
        "naive bayes": GaussianNB(),
    }
    pipeline = own_pipeline(made[kind])
    said = referee(*ADD, *NAMED, "--sha256", kept(pipeline), "--positive", "no", "--at-most", "0.3", "--json")
    assert (said.code, said.err) == (0, "")
    model = ModelStore("models").load("own")
    assert model.features == ("amount", "country", "segment")
    assert model.card.takes == "plain"
    # Without a compiled form scikit-learn itself scores.
    assert Path("models/own/compiled.json").exists() == (kind != "naive bayes")
    for row in held_out[:20]:
        shares = pipeline.predict_proba(
            numpy.array([[row["amount"], row["country"], row["segment"]]], dtype=object)
        )[0]
        score = model.score(row).value
        if score is not None:
            assert [float(share) for share in score["probabilities"].values()] == pytest.approx(
                shares, abs=2e-6
            )
    assert said.json["card"]["held_out"]["rows"] == 210
    assert len(said.json["card"]["operating_points"]) == 1


def test_columns_taken_by_name_are_found_in_the_cases_whatever_their_order(
    referee: Command, held_out: list[dict[str, Any]]
) -> None:
    from sklearn.linear_model import LogisticRegression

    pipeline = own_pipeline(LogisticRegression())
    # As a pipeline fitted on a data frame is kept.
    names = numpy.array(["amount", "country", "segment"], dtype=object)
    columns = pipeline.steps[0][1]
    columns.feature_names_in_ = names
    columns.transformers_ = [
        (name, fitted, [names[at] for at in taken]) for name, fitted, taken in columns.transformers_
    ]
    said = referee(*ADD, "--sha256", kept(pipeline), "--protected", "member")
    assert said.code == 0, said.err
    model = ModelStore("models").load("own")
    assert model.features == ("amount", "country", "segment")
    assert [group.value for group in model.card.parity] == ["false", "true"]


def test_a_file_is_not_opened_without_a_word_that_it_is_ones_own(
    referee: Command, held_out: list[dict[str, Any]]
) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (os.mkdir, ("sprung",))

    Path("own.joblib").write_bytes(pickle.dumps(Trap()))
    found = hashlib.sha256(Path("own.joblib").read_bytes()).hexdigest()
    assert f"if it is, add --sha256 {found}" in referee(*ADD).complaint
    assert "it is not the file you mean" in referee(*ADD, "--sha256", "0" * 64).complaint
    # Nor does a word make a trap admitted.
    assert "which isn't admitted" in referee(*ADD, "--sha256", found).complaint
    assert not Path("sprung").exists()
    assert not Path("models").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "was fitted without names of its 3 columns; give them in order, each with --feature"),
        (NAMED[:4], "takes 3 columns, and 2 are named"),
        ((*NAMED[:4], "--feature", "colour"), "the model takes `colour`, but there is no such column"),
        ((*NAMED, "--protected", "segment"), "it takes `segment`, which is protected"),
    ],
)
def test_columns_that_do_not_fit_are_told(
    referee: Command, held_out: list[dict[str, Any]], options: tuple[str, ...], words: str
) -> None:
    from sklearn.linear_model import LogisticRegression

    hash_ = kept(own_pipeline(LogisticRegression()))
    assert words in referee(*ADD, *options, "--sha256", hash_).complaint


def test_what_is_no_fitted_classifier_or_knows_other_labels_is_told(
    referee: Command, held_out: list[dict[str, Any]]
) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    assert (
        "holds a StandardScaler that gives no probabilities"
        in referee(*ADD, "--sha256", kept(StandardScaler())).complaint
    )
    numbers = numpy.array([[row["amount"]] for row in held_out])
    other = LogisticRegression().fit(numbers, ["good" if row["late"] == "no" else "bad" for row in held_out])
    said = referee(*ADD, "--feature", "amount", "--sha256", kept(other))
    assert said.code == 2
    assert "it doesn't know the label `no`; it knows bad, good" in said.err
    assert "doesn't exist" in referee("model", "add", "gone.joblib", *ADD[3:]).complaint


def test_numbers_for_labels_and_truth_values_for_features_are_understood(
    referee: Command, held_out: list[dict[str, Any]]
) -> None:
    from sklearn.tree import DecisionTreeClassifier

    rows = [row | {"late": int(row["late"] == "yes")} for row in held_out]
    with Path("held_out.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    values = numpy.array([[row["amount"], row["member"] == "true"] for row in rows], dtype=float)
    tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(values, [row["late"] for row in rows])
    said = referee(*ADD, "--feature", "amount", "--feature", "member", "--sha256", kept(tree))
    assert said.code == 0, said.err
    assert ModelStore("models").load("own").labels == ("0", "1")


def test_a_compressed_file_is_told_how_to_be_written_again(
    referee: Command, held_out: list[dict[str, Any]]
) -> None:
    from sklearn.linear_model import LogisticRegression

    for method in ("zlib", "gzip", "bz2", "xz"):
        joblib.dump(own_pipeline(LogisticRegression()), "own.joblib", compress=(method, 3))
        found = hashlib.sha256(Path("own.joblib").read_bytes()).hexdigest()
        said = referee(*ADD, *NAMED, "--sha256", found).complaint
        assert f"is compressed ({method}); write it again with joblib.dump(classifier, path)" in said


def test_a_file_of_skops_needs_no_word_and_may_hold_estimators_alone(
    referee: Command, held_out: list[dict[str, Any]]
) -> None:
    skops = pytest.importorskip("skops.io", reason="skops isn't installed")
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.preprocessing import FunctionTransformer

    add = ("model", "add", "own.skops", *ADD[3:])
    skops.dump(own_pipeline(RandomForestClassifier(5, random_state=0)), "own.skops")
    said = referee(*add, *NAMED, "--format", "skops", "--json")
    assert said.code == 0, said.err
    assert "model.skops" in said.json["card"]["files"]
    assert ModelStore("models").load("own").score(held_out[0]).value is not None
    skops.dump(FunctionTransformer(os.mkdir), "own.skops")
    assert "which isn't admitted" in referee(*add, *NAMED).complaint
    Path("own.skops").write_bytes(b"PK\x03\x04 and nothing more")
    assert "isn't a whole file of skops" in referee(*add, *NAMED).complaint
