"""A cache of what was fetched from a provider, so that it is not asked too often."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pangolin.plugin import Unavailable

T = TypeVar("T")
Seconds = Callable[[], float]
# Bridges a provider's outage of half an hour; a withdrawn key works for an hour at most.
REFRESH_S: Final = 1800.0
KEEP_S: Final = 3600.0
# After a failure, and between two searches for something missing.
RETRY_S: Final = 5.0
RENEW_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    value: T
    at: float


class Fetched(Generic[T]):
    """A document that is fetched when it is first asked for; safe for several threads.

    The lock is held while it is fetched, so that only one thread asks; those that still have the
    old document continue with it.
    """

    def __init__(self, fetch: Callable[[], T], clock: Seconds) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: _Kept[T] | None = None
        self._tried: float | None = None
        self._failure = "it was not asked yet"

    def get(self) -> T:
        """Return the document, at most an hour old; raise `Unavailable` if there is none."""
        kept = self._usable(REFRESH_S)
        if kept is not None:
            return kept.value
        blocking = self._usable(KEEP_S) is None
        if self._lock.acquire(blocking=blocking):
            try:
                if self._usable(REFRESH_S) is None:
                    self._try(RETRY_S)
            finally:
                self._lock.release()
        return self._present()

    def renewed(self) -> T:
        """Return the current document, unless it was fetched within the last 30 s."""
        with self._lock:
            self._try(RENEW_S)
        return self._present()

    def _usable(self, age: float) -> _Kept[T] | None:
        kept = self._kept
        return kept if kept is not None and self._clock() - kept.at < age else None

    def _present(self) -> T:
        kept = self._usable(KEEP_S)
        if kept is None:
            raise Unavailable(self._failure, retry_after=int(RETRY_S))
        return kept.value

    def _try(self, pause: float) -> None:
        now = self._clock()
        if self._tried is not None and now - self._tried < pause:
            return
        self._tried = now
        try:
            self._kept = _Kept(self._fetch(), now)
        except Unavailable as error:
            self._failure = error.message
