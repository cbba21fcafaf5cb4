"""Cases that people decide: review tasks, their way to Excel and back, and answers as labelled examples."""

from referee.handoff.review_task import ANSWERS, ReviewTask
from referee.handoff.worklist import ImportResult, Worklist

__all__ = ["ANSWERS", "ImportResult", "ReviewTask", "Worklist"]
