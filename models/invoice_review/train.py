"""Trains the model again: python models/invoice_review/train.py [folder of models]"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from referee.scoring.card import Card
from referee.scoring.operating_points import Goal
from referee.scoring.split import SPLIT_RULE, in_training_half
from referee.scoring.training import FeatureSpec, train

MODELS = Path(__file__).resolve().parents[1]
FEATURES = (
    FeatureSpec(
        "amount eur",
        "number",
        description="amount without sign; the document type tells the direction",
        unit="EUR",
    ),
    FeatureSpec("currency", "string", description="currency of the document"),
    FeatureSpec("vip", "boolean", description="the vendor is treated with priority"),
    FeatureSpec("document type", "string", description="invoice or credit note"),
    FeatureSpec(
        "price deviation",
        "number",
        missing="impute",
        description="per cent above the order's price; none without order",
    ),
    FeatureSpec(
        "quantity deviation",
        "number",
        missing="impute",
        description="units beyond those received, below zero for partial deliveries; none without receipt",
    ),
    FeatureSpec("vendor age days", "number", description="time since the vendor was set up", unit="days"),
    FeatureSpec(
        "vendor error rate", "number", description="share of the vendor's invoices that were wrong, 0 to 1"
    ),
    FeatureSpec(
        "days to due",
        "number",
        missing="impute",
        description="time until payment is due, negative if overdue",
        unit="days",
    ),
)


def train_invoice_review(models_folder: Path) -> Card:
    """Train on one half of the generated history, judge on the other, and write the model folder."""
    invoices = _generated_history()
    return train(
        [invoice for invoice in invoices if in_training_half(invoice["invoice"])],
        holdout=[invoice for invoice in invoices if not in_training_half(invoice["invoice"])],
        name="invoice_review",
        version="1.0.0",
        target="handled",
        labels={
            "no touch": "the invoice went through as it came",
            "touch": "accounts payable had to touch the invoice",
        },
        features=FEATURES,
        models_folder=models_folder,
        author="The Referee authors",
        date="2026-11-21",
        source=f"{len(invoices):,} generated invoices (history.py beside this card)",
        split_rule=f"{SPLIT_RULE}; the id is `invoice`",
        limits_of_use="An example on a generated history; it says nothing of real invoices. Train your own.",
        # Two, so that a new candidate never changes what the examples of the documentation show.
        candidates=("logistic regression, C=1", "gradient boosting, 100 trees of 8 leaves"),
        goals=[Goal(0.1, "no touch"), Goal(0.05, "no touch"), Goal(0.03, "no touch")],
    )


def _generated_history() -> list[dict[str, Any]]:
    # Loaded by its path, for `models` holds one module of this name per model and is no package.
    specification = importlib.util.spec_from_file_location(
        "invoice_history", Path(__file__).with_name("history.py")
    )
    if specification is None or specification.loader is None:
        raise FileNotFoundError("history.py is missing beside train.py; restore it")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    history: list[dict[str, Any]] = module.generate_history()
    return history


if __name__ == "__main__":
    card = train_invoice_review(Path(sys.argv[1]) if len(sys.argv) > 1 else MODELS)
    sys.stdout.write(f"{card.name} {card.version}: {card.classifier}, {card.held_out}\n")
