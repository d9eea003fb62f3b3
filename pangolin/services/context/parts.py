"""Objects that a process makes once and shares between its threads, and that a fork discards."""

import os
import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast
from weakref import WeakSet

T = TypeVar("T")


class Parts:
    """Objects by key, each made on first use by one thread and shared by all of the process."""

    def __init__(self) -> None:
        self.made: dict[Hashable, Any] = {}
        self._inherited: dict[Hashable, Any] = {}
        self._lock = threading.RLock()
        _EVERY.add(self)

    def get(self, key: Hashable, make: Callable[[], T], *, inherited: bool = False) -> T:
        """Return the object of a key, made if necessary; a fork inherits it only if `inherited`.

        If `make` raises, that is raised here, and the next caller tries again.
        """
        with self._lock:
            if key not in self.made:
                self.made[key] = self._inherited[key] if key in self._inherited else make()
            if inherited:
                self._inherited[key] = self.made[key]
            return cast(T, self.made[key])

    def forget(self) -> None:
        """Start again in a child process, whose parent may have held the lock."""
        self.made, self._lock = {}, threading.RLock()


_EVERY: WeakSet[Parts] = WeakSet()


def _forget_all() -> None:
    for parts in list(_EVERY):
        parts.forget()


os.register_at_fork(after_in_child=_forget_all)
