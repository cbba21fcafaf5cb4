"""The audit log: append what was decided and done, read it, and prove that nobody changed it."""

from referee.audit.canonical_json import canonical_json
from referee.audit.case_keys import CaseKey, CaseKeys, keys_folder
from referee.audit.findings import Absent, Fault, Sealed, Unfinished, Verification
from referee.audit.log import LOG_NAME, AuditLog, utc_now
from referee.audit.record import KINDS, OWN_KINDS, Origin, Record
from referee.audit.segments import has_log
from referee.audit.sensitive import Hidden, hidden, hidden_facts
from referee.audit.settings import open_log
from referee.audit.verification import verify

__all__ = [
    "KINDS",
    "LOG_NAME",
    "OWN_KINDS",
    "Absent",
    "AuditLog",
    "CaseKey",
    "CaseKeys",
    "Fault",
    "Hidden",
    "Origin",
    "Record",
    "Sealed",
    "Unfinished",
    "Verification",
    "canonical_json",
    "has_log",
    "hidden",
    "hidden_facts",
    "keys_folder",
    "open_log",
    "utc_now",
    "verify",
]
