"""Which credentials were handed out, so that each is recorded once for each principal."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pangolin.services.context.runtime import Part

MOST: Final = 16_384


@dataclass(slots=True)
class _Once:
    lock: threading.Lock = field(default_factory=threading.Lock)
    done: bool = False


class OncePerKey:
    """Call a function once for each key, remembering the most recently used keys."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, _Once] = OrderedDict()

    def once(self, key: str, record: Callable[[], None]) -> None:
        """Call `record` unless it was called for the key; other callers wait until it has returned.

        If it raises, that is raised here, and the next caller tries again.
        """
        once = self._of(key)
        if once.done:
            return
        with once.lock:
            if not once.done:
                record()
                once.done = True

    def _of(self, key: str) -> _Once:
        with self._lock:
            once = self._seen.setdefault(key, _Once())
            self._seen.move_to_end(key)
            while len(self._seen) > self._most:
                self._seen.popitem(last=False)
            return once


ISSUED: Final = Part(lambda runtime: OncePerKey())
