"""Files that survive a power cut: written whole or not at all, and durable when the call returns.

Knows nothing of cases and rules. Faults are those of the system (``OSError``); the rooms say what they mean to the
person who must mend them.
"""

from referee.files.configuration import configuration_folder
from referee.files.durability import flush, flush_folder, make_folder
from referee.files.refused_write import refused_write
from referee.files.whole_file import remove_drafts, write_whole, written_whole

__all__ = [
    "configuration_folder",
    "flush",
    "flush_folder",
    "make_folder",
    "refused_write",
    "remove_drafts",
    "write_whole",
    "written_whole",
]
