"""What a batch locks where many write at once, so that what it read stays unchanged.

Row locks are not sufficient. They cannot hold an absent row, and they are unfair: a fork that
wants a branch's line exclusively would wait as long as commits that share it keep coming. So each
batch takes locks by name before it reads, all in the same order; the database grants them first
come, first served, and releases them at the end of the transaction.

A place is a kind and a key. A batch that writes it takes it exclusively; one that requires it to be
present or absent shares it. An area is a kind, or a kind and the first value of a key (the tenant).
A batch that may bring a row into an area, or into one of its indexes, shares it; one that requires
a prefix to be empty takes the smallest area that holds the prefix exclusively.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

from pangolin.plugin import Change, Kind, Put, Require, RequireEmpty, Scalar

Lock = int
Values = tuple[Scalar | None, ...]


def locks_of(changes: Iterable[tuple[Change, Values]]) -> Sequence[tuple[Lock, bool]]:
    """Return the locks of changes with encoded keys or prefixes, in order; True: exclusive."""
    found: dict[Lock, bool] = {}
    for change, key in changes:
        for lock, alone in _locks(change, key):
            found[lock] = found.get(lock, False) or alone
    return sorted(found.items())


def name_lock(*parts: Scalar | None) -> Lock:
    """Derive a signed 64-bit number from what is locked; collisions only cause a wait."""
    digest = blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _locks(change: Change, key: Values) -> Iterator[tuple[Lock, bool]]:
    kind = change.kind
    if isinstance(change, RequireEmpty):
        whole = not key or kind.order(change.index)[0] != kind.key[0]
        yield name_lock("area", kind.name, *(() if whole else key[:1])), True
        return
    yield name_lock("place", kind.name, *key), not isinstance(change, Require)
    if isinstance(change, Put) and _may_enter(kind, change):
        yield name_lock("area", kind.name), False
        yield name_lock("area", kind.name, key[0]), False


def _may_enter(kind: Kind, put: Put) -> bool:
    is_update = isinstance(put.expect, int)
    return not is_update or len(kind.columns()) > len(kind.key)
