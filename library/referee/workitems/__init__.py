"""Where cases stand and who is working on them."""

from referee.workitems.ledger import CLOSED, OPEN, CaseState, Ledger, Status
from referee.workitems.run_lock import RunLock

__all__ = ["CLOSED", "OPEN", "CaseState", "Ledger", "RunLock", "Status"]
