"""Copying a whole installation between two stores of any kind.

A copy compares both stores kind by kind in key order and writes the differences, so it may be
stopped and run again at any time; at the end both are read once more and must agree in count and
digest.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from pangolin.errors import Conflicting
from pangolin.services.operations.layout import COPY, LayoutMismatch, read_layout
from pangolin.store.api import ABSENT, Change, Delete, Kind, Put, Record, Store
from pangolin.store.documents import LayoutDoc
from pangolin.store.kinds import ALL, LAYOUT

# Called with the kind and how many records of it were just compared.
Progress = Callable[[Kind, int], None]
BATCH = 200


@dataclass(frozen=True, slots=True)
class Tally:
    """The number of records of a kind, and the digest of all of them (SHA-256, hex)."""

    kind: str
    count: int
    digest: str


def copy(
    source: Store,
    target: Store,
    origin: str,
    *,
    kinds: Sequence[Kind] = ALL,
    progress: Progress = lambda kind, count: None,
) -> list[Tally]:
    """Make `target` equal to `source`; `origin` names the source, so that a run can be resumed.

    Raises `Conflicting` if the target holds something else, or if the source changed meanwhile;
    `LayoutMismatch` if the source is not an installation.
    """
    if read_layout(source) is None:
        raise LayoutMismatch("the source is not a Pangolin installation: it has no layout record")
    target.setup(kinds)
    _claim(target, origin, kinds)
    rest = [kind for kind in kinds if kind is not LAYOUT]
    for kind in rest:
        _level(source, target, kind, progress)
    tallies = [_verified(source, target, kind) for kind in rest]
    # The layout is copied last: until then no server starts on the target.
    layout = source.scan(LAYOUT)
    target.apply(
        *(Put(LAYOUT, each.doc, ABSENT) for each in layout if each.doc["name"] != COPY),
        Delete(LAYOUT, (COPY,)),
    )
    return tallies


def tally(store: Store, kind: Kind) -> Tally:
    """Count a kind's records and digest them in key order."""
    count, digest = 0, hashlib.sha256()
    for record in store.scan(kind):
        count += 1
        digest.update(canonical(record.doc) + b"\n")
    return Tally(kind.name, count, digest.hexdigest())


def canonical(doc: Mapping[str, Any]) -> bytes:
    """Serialise a document in the canonical form that is digested."""
    return orjson.dumps(doc, option=orjson.OPT_SORT_KEYS)


def _claim(target: Store, origin: str, kinds: Sequence[Kind]) -> None:
    found = target.get(LAYOUT, (COPY,))
    if found is not None:
        if found.doc["origin"] != origin:
            raise Conflicting("the target holds an unfinished copy from another store")
        return
    holding = [kind.name for kind in kinds if target.page(kind, limit=1).records]
    if holding:
        raise Conflicting(f"the target is not empty: it holds {', '.join(holding)}")
    doc: LayoutDoc = {"name": COPY, "number": 0, "origin": origin}
    target.apply(Put(LAYOUT, doc, ABSENT))


def _level(source: Store, target: Store, kind: Kind, progress: Progress) -> None:
    batch: list[Change] = []
    seen = 0
    for change in _differences(source, target, kind):
        seen += 1
        if change is not None:
            batch.append(change)
        if len(batch) >= BATCH:
            target.apply(*batch)
            batch = []
        if seen % BATCH == 0:
            progress(kind, BATCH)
    if batch:
        target.apply(*batch)
    progress(kind, seen % BATCH)


def _differences(source: Store, target: Store, kind: Kind) -> Iterator[Change | None]:
    """Iterate over a change, or None if nothing differs, for each record of either store."""
    theirs, ours = source.scan(kind), target.scan(kind)
    want, have = next(theirs, None), next(ours, None)
    while want is not None or have is not None:
        order = _order(kind, want, have)
        yield _change(kind, want if order <= 0 else None, have if order >= 0 else None)
        if order <= 0:
            want = next(theirs, None)
        if order >= 0:
            have = next(ours, None)


def _order(kind: Kind, want: Record | None, have: Record | None) -> int:
    if want is None or have is None:
        return 1 if want is None else -1
    left, right = kind.key_of(want.doc), kind.key_of(have.doc)
    return 0 if left == right else (-1 if left < right else 1)


def _change(kind: Kind, want: Record | None, have: Record | None) -> Change | None:
    if want is None:
        return Delete(kind, kind.key_of(have.doc), have.version) if have else None
    if have is None:
        return Put(kind, want.doc, ABSENT)
    return None if want.doc == have.doc else Put(kind, want.doc, have.version)


def _verified(source: Store, target: Store, kind: Kind) -> Tally:
    want, have = tally(source, kind), tally(target, kind)
    if want != have:
        raise Conflicting(
            f"{kind.name}: the source has {want.count} records, the copy {have.count}, or they "
            "differ: something wrote to the source meanwhile; stop its servers and run it again"
        )
    return want
