"""What a process has made once and shares between its threads, and what a fork forgets of it."""

import os
import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

T = TypeVar("T")


class _Forks:
    """How many forks lie between this process and the one that imported the module."""

    count = 0

    @classmethod
    def begin(cls) -> None:
        """Count one more: the process is a child."""
        cls.count += 1


os.register_at_fork(after_in_child=_Forks.begin)


class _Made:
    """What one process has made; its lock may be held by no other process."""

    def __init__(self, forks: int) -> None:
        self.forks = forks
        self.lock = threading.RLock()
        self.things: dict[Hashable, Any] = {}


class Parts:
    """Things by key, each made on first use by one thread and shared by all of the process."""

    def __init__(self) -> None:
        self._made = _Made(_Forks.count)
        self._inherited: dict[Hashable, Any] = {}

    def get(self, key: Hashable, make: Callable[[], T], *, inherited: bool = False) -> T:
        """Return what is under a key, made if need be; a forked process inherits only if told to.

        If `make` raises, that is raised here, and the next caller tries again.
        """
        made = self._of_this_process()
        try:
            return cast(T, made.things[key])
        except KeyError:
            pass
        with made.lock:
            if key not in made.things:
                thing = self._inherited[key] if key in self._inherited else make()
                if inherited:
                    self._inherited[key] = thing
                made.things[key] = thing
            return cast(T, made.things[key])

    def _of_this_process(self) -> _Made:
        made = self._made
        if made.forks != _Forks.count:
            # Right after a fork there is one thread, so none can see the old one for long.
            made = self._made = _Made(_Forks.count)
        return made
