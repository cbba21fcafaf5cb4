"""The audit log: append what was decided and done, read it, and prove that nobody changed it."""

from referee.audit.canonical_json import canonical_json
from referee.audit.findings import Absent, Fault, Sealed, Unfinished, Verification
from referee.audit.log import LOG_NAME, AuditLog, utc_now
from referee.audit.record import KINDS, OWN_KINDS, Origin, Record
from referee.audit.segments import has_log
from referee.audit.sensitive import HASH_MARK, key_path, keyed_hash, mask, read_or_create_key
from referee.audit.settings import open_log
from referee.audit.verification import verify

__all__ = [
    "HASH_MARK",
    "KINDS",
    "LOG_NAME",
    "OWN_KINDS",
    "Absent",
    "AuditLog",
    "Fault",
    "Origin",
    "Record",
    "Sealed",
    "Unfinished",
    "Verification",
    "canonical_json",
    "has_log",
    "key_path",
    "keyed_hash",
    "mask",
    "open_log",
    "read_or_create_key",
    "utc_now",
    "verify",
]
