"""Cases that people decide: review tasks, their way to Excel and back, and answers as labelled examples."""

from referee.handoff.review_task import ANSWERS, PUSHED, ReviewTask
from referee.handoff.worklist import ImportResult, Worklist

__all__ = ["ANSWERS", "PUSHED", "ImportResult", "ReviewTask", "Worklist"]
