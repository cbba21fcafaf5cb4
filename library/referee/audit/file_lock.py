"""One exclusive lock between processes, held on an open file and freed by the system after a kill."""

from __future__ import annotations

import errno
import os
import sys
import time

from referee.audit.lock_waits import watched

if sys.platform == "win32":
    import msvcrt

    # One byte far behind the content of any lock file: Windows forbids others to read locked bytes.
    _LOCKED_BYTE = 0x7FFF_FFFE
    _LONGEST_PAUSE = 0.02

    def _is_taken(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as fault:
            if fault.errno not in (errno.EACCES, errno.EDEADLK):
                raise
            return False
        return True

    def _wait(descriptor: int) -> None:
        pause = 0.0005
        while not _is_taken(descriptor):
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def unlock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _is_taken(descriptor: int) -> bool:
        # ``flock``, not ``lockf``: a POSIX record lock is lost as soon as the process closes any other descriptor of
        # the file, as each reader of the log does.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def lock(descriptor: int, path: str | os.PathLike[str], *, wait: bool = True) -> bool:
    """Takes the lock of the open file ``path``; without ``wait``, False when another holder has it.

    A wait of some seconds is told once, on the console of the process, with the holder as far as the system says who
    that is, such as ``process 4711 (python3)``; when it is over it is logged too.
    """
    if _is_taken(descriptor):
        return True
    if wait:
        with watched(descriptor, os.fspath(path)):
            _wait(descriptor)
    return wait
