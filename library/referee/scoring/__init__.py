"""Scores from approved classifiers. Importing this costs no scikit-learn; the first score does."""

from referee.scoring.contributions import Contribution
from referee.scoring.model import Model
from referee.scoring.split import in_training_half
from referee.scoring.store import ModelStore

__all__ = ["Contribution", "Model", "ModelStore", "in_training_half"]
