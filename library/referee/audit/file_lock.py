"""One exclusive lock between processes, held on an open file and freed by the system after a kill."""

from __future__ import annotations

import errno
import os
import sys
import time

if sys.platform == "win32":
    import msvcrt

    # One byte far behind the content of any lock file: Windows forbids others to read locked bytes.
    _LOCKED_BYTE = 0x7FFF_FFFE
    _LONGEST_PAUSE = 0.02

    def lock(descriptor: int, *, wait: bool = True) -> bool:
        """Takes the lock; without ``wait``, False when another holder has it."""
        pause = 0.0005
        while True:
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
                return True
            except OSError as fault:
                if fault.errno not in (errno.EACCES, errno.EDEADLK):
                    raise
            if not wait:
                return False
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def unlock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def lock(descriptor: int, *, wait: bool = True) -> bool:
        """Takes the lock; without ``wait``, False when another holder has it.

        ``flock``, not ``lockf``: a POSIX record lock is lost as soon as the process closes any other
        descriptor of the file, as each reader of the log does.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
