"""Running a check in a forked process."""

import os
from collections.abc import Callable


def holds_in_child(check: Callable[[], bool]) -> bool:
    """Return what a check says in a child of this process."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(17 if check() else 1)
        except BaseException:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 17
