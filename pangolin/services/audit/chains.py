"""The heads of this process's audit segments, and which of them a batch may continue.

A segment is a chain of records that one writer at a time appends to. A batch takes an idle segment
and returns it once it is applied, so that no two writers wait for one row and no head is read.
"""

import threading
from dataclasses import dataclass, field
from typing import Final

from pangolin.services.context.runtime import Part
from pangolin.store.identity_documents import AuditSegmentDoc

# A segment ends after this many records or this long, and the next one notes where it ended.
LONGEST: Final = 1000
OLDEST_MS: Final = 3_600_000
MOST_TENANTS: Final = 1000


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a segment at some time: the number and the signature of its last record."""

    segment: str
    number: int
    mac: str


@dataclass(slots=True)
class Segment:
    """A segment of this process: its head, and its own record until that is in the store.

    `follows` are those of the heads in its record that only this process knew.
    """

    tenant: str
    id: str
    opened_at_ms: int
    mac: str
    opening: AuditSegmentDoc | None = field(repr=False)
    follows: list[Head] = field(default_factory=list)
    number: int = 0

    @property
    def head(self) -> Head:
        """The head of the segment."""
        return Head(self.id, self.number, self.mac)

    def advance(self, number: int, mac: str) -> None:
        """Note that records up to this one are in the store."""
        self.number, self.mac, self.opening = number, mac, None

    def has_ended(self, now_ms: int) -> bool:
        """Return whether nothing more may be appended."""
        return self.number >= LONGEST or not 0 <= now_ms - self.opened_at_ms < OLDEST_MS


class Chains:
    """Idle segments by tenant, each used by one batch at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[str, list[Segment]] = {}
        self._ended: dict[str, list[Head]] = {}

    def take(self, tenant: str, now_ms: int) -> Segment | None:
        """Take the most recently used segment; None if all are in use or have ended."""
        with self._lock:
            idle = self._idle.get(tenant)
            while idle:
                segment = idle.pop()
                if not segment.has_ended(now_ms):
                    return segment
                self._end(segment)
        return None

    def take_ended(self, tenant: str) -> list[Head]:
        """Take the heads of this process's ended segments that no other segment notes yet."""
        with self._lock:
            return self._ended.pop(tenant, [])

    def give(self, segment: Segment) -> None:
        """Return a segment to the pool: its head is what the store has."""
        with self._lock:
            self._idle.setdefault(segment.tenant, []).append(segment)
            if len(self._idle) > MOST_TENANTS:
                for oldest in self._idle.pop(next(iter(self._idle))):
                    self._end(oldest)

    def abandon(self, segment: Segment) -> None:
        """End a segment whose last batch may or may not be in the store."""
        with self._lock:
            self._end(segment)

    def _end(self, segment: Segment) -> None:
        ended = self._ended.setdefault(segment.tenant, [])
        if segment.opening is None:
            ended.append(segment.head)
        else:
            # It may never have been written, nor the heads that it was to note.
            ended += segment.follows


CHAINS: Final = Part(lambda runtime: Chains())
