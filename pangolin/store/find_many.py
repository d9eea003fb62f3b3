"""Reading the records of many values of an index in few round trips."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

from pangolin.store.api import D, Key, Kind, Record
from pangolin.store.scoped import ScopedStore

# Rows per page if the wanted rows are far apart, and if they are close together.
FEW, MANY = 20, 500
LAST: Final = "\U0010ffff"
# Surrogates are code points, but no text that a store can keep contains them.
LAST_BEFORE_SURROGATES: Final = "\ud7ff"
AFTER_SURROGATES: Final = 0xE000


def find_many(
    store: ScopedStore, kind: Kind[D], index: str | None, values: Iterable[str]
) -> Iterator[Record[D]]:
    """Iterate in order over the records whose first field of an index (or the key) is in `values`.

    Rows between two values are skipped, so that it takes at most one page per value.
    """
    wanted = sorted({value for value in values if value})
    field, known = kind.order(index)[1], set(wanted)
    after: Key | None = (_before(wanted[0]),) if wanted else None
    limit = FEW
    while after is not None:
        page = store.page(kind, (), index=index, after=after, limit=limit)
        hits = [record for record in page.records if record.doc[field] in known]
        yield from hits
        if page.after is None:
            return
        last = str(page.records[-1].doc[field])
        after = page.after if last in known else _skip(wanted, last, page.after)
        limit = MANY if len(hits) * 2 > len(page.records) else FEW


def _skip(wanted: list[str], last: str, after: Key) -> Key | None:
    """Return where to read on: before the next wanted value, but never before what was read."""
    at = bisect_right(wanted, last)
    if at == len(wanted):
        return None
    before = _before(wanted[at])
    return (before,) if before > last else after


def _before(value: str) -> str:
    """Return a text that sorts before a value, with next to nothing in between."""
    rest, end = value[:-1], ord(value[-1])
    if end == 0:
        return rest
    before = LAST_BEFORE_SURROGATES if end == AFTER_SURROGATES else chr(end - 1)
    return f"{rest}{before}{LAST}"
