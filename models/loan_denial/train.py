"""Trains the model again: python models/loan_denial/train.py [mortgage_applications.csv] [folder of models]

The data are the mortgage applications in Boston, 1990, with the bank's own decisions (Munnell et al., 1996),
as in the R package AER (`HMDA`). They are not part of this repository: give the path, or put them into
../shared/data.
"""

from __future__ import annotations

import csv
import os
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from referee.scoring.card import Card
from referee.scoring.operating_points import Goal
from referee.scoring.split import SPLIT_RULE, in_training_half
from referee.scoring.training import FeatureSpec, train

MODELS = Path(__file__).resolve().parents[1]
FEATURES = (
    FeatureSpec("pirat", "number", description="payments on debts to income"),
    FeatureSpec("hirat", "number", description="housing expense to income"),
    FeatureSpec("lvrat", "number", description="size of the loan to assessed value of the property"),
    FeatureSpec("chist", "number", description="consumer credit history, from 1 (best) to 6"),
    FeatureSpec("mhist", "number", description="mortgage credit history, from 1 (best) to 4"),
    FeatureSpec("phist", "string", description="public bad credit record"),
    FeatureSpec(
        "unemp",
        "number",
        description="unemployment rate of the applicant's industry in 1989",
        unit="per cent",
    ),
    FeatureSpec("selfemp", "string", description="self-employed"),
    FeatureSpec("insurance", "string", description="was denied mortgage insurance"),
    FeatureSpec("condomin", "string", description="the property is a condominium"),
    FeatureSpec("single", "string", description="single"),
    FeatureSpec("hschool", "string", description="has a high-school diploma"),
)


def default_data() -> Path:
    """Where the applications are expected."""
    shared = os.environ.get("REFEREE_SHARED") or MODELS.parent.parent / "shared"
    return Path(shared) / "data" / "mortgage_applications.csv"


def read_applications(path: Path) -> list[dict[str, Any]]:
    """The applications of the file, numbers as exact decimals."""
    numbers = {feature.name for feature in FEATURES if feature.type == "number"}
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: Decimal(text) if name in numbers else text for name, text in row.items()}
            for row in csv.DictReader(file)
        ]


def train_loan_denial(data: Path, models_folder: Path) -> Card:
    """Train on one half of the applications, judge on the other, and write the model folder."""
    applications = read_applications(data)
    return train(
        [application for application in applications if in_training_half(application["rownames"])],
        holdout=[
            application for application in applications if not in_training_half(application["rownames"])
        ],
        name="loan_denial",
        version="1.0.0",
        target="deny",
        labels={"no": "the bank granted the mortgage", "yes": "the bank denied the mortgage"},
        features=FEATURES,
        protected=("afam",),
        models_folder=models_folder,
        author="The Referee authors",
        date="2026-11-21",
        source="2,380 mortgage applications in Boston, 1990 (Munnell et al., 1996; R package AER, HMDA)",
        period="1990",
        split_rule=f"{SPLIT_RULE}; the id is `rownames`",
        limits_of_use=(
            "An example on historic decisions, with the prejudices these may hold: keeping the protected "
            "attribute out doesn't make a model fair. Not for decisions about people's applications today."
        ),
        # By the probability of `no`: what the bot offers without an underwriter should be what the bank granted.
        # Two, so that a new candidate never changes what the examples of the documentation show.
        candidates=("logistic regression, C=1", "gradient boosting, 100 trees of 8 leaves"),
        goals=[
            Goal(0.08, "no"),
            Goal(0.06, "no"),
            Goal(0.04, "no"),
            Goal.of_costs(wrong=10, review=1, label="no"),
        ],
    )


if __name__ == "__main__":
    arguments = [Path(argument) for argument in sys.argv[1:]]
    card = train_loan_denial(
        arguments[0] if arguments else default_data(), arguments[1] if len(arguments) > 1 else MODELS
    )
    sys.stdout.write(f"{card.name} {card.version}: {card.classifier}, {card.held_out}\n")
