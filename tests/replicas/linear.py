"""Whether a history of concurrent reads and commits of one table could have been sequential.

A table is a register that holds its current snapshot and that a commit compares and swaps. The
search is Wing and Gong's ("Testing and Verifying Concurrent Objects", 1993): look for an order of
all operations that respects real time and that a register could have given. An operation without
an answer may have taken effect at any moment after it began, or never.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Snapshot = int | None
NEVER = math.inf


@dataclass(frozen=True, slots=True)
class Load:
    """A read: when it began and ended, in seconds, and the snapshot that it showed."""

    began: float
    ended: float
    shown: Snapshot

    def fits(self, current: Snapshot) -> bool:
        """Return whether it could happen now, without changing anything."""
        return self.shown == current


@dataclass(frozen=True, slots=True)
class Commit:
    """An append to `parent`; `taken` is None if no answer came, and then it ended `NEVER`."""

    began: float
    ended: float
    parent: Snapshot
    snapshot: int
    taken: bool | None

    def fits(self, current: Snapshot) -> bool:
        """Return whether it could be refused now, which changes nothing."""
        return self.taken is False and self.parent != current


Operation = Load | Commit
# What is left to be put in order, and the snapshot after all that has been.
Point = tuple[frozenset[Operation], Snapshot]


def is_linearizable(history: Iterable[Operation], start: Snapshot = None) -> bool:
    """Return whether some order explains the history of one table that began at a snapshot.

    What changes nothing is put in order as soon as it may be, for that excludes no later choice.
    """
    waiting: list[Point] = [(frozenset(history), start)]
    seen: set[Point] = set()
    while waiting:
        point = _after_reads(*waiting.pop())
        if all(each.ended == NEVER for each in point[0]):
            return True
        if point not in seen:
            seen.add(point)
            waiting += _after_commits(*point)
    return False


def _after_reads(left: frozenset[Operation], current: Snapshot) -> Point:
    while done := {each for each in _first(left) if each.fits(current)}:
        left -= done
    return left, current


def _after_commits(left: frozenset[Operation], current: Snapshot) -> Iterator[Point]:
    for each in _first(left):
        if isinstance(each, Commit) and each.taken is not False and each.parent == current:
            yield left - {each}, each.snapshot


def _first(left: frozenset[Operation]) -> list[Operation]:
    """List what may come next: whatever began before anything else ended."""
    end = min((each.ended for each in left), default=NEVER)
    return [each for each in left if each.began <= end]
