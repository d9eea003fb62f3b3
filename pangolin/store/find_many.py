"""Reading the records of many values of an index in few round trips."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from pangolin.store.api import D, Key, Kind, Record
from pangolin.store.scoped import ScopedStore

# Rows per page if the wanted rows are far apart, and if they are close together.
FEW, MANY = 20, 500


def find_many(
    store: ScopedStore, kind: Kind[D], index: str | None, values: Iterable[str]
) -> Iterator[Record[D]]:
    """Iterate in order over the records whose first field of an index (or the key) is in `values`.

    Rows between two values are skipped, so that it takes at most one page per value.
    """
    wanted = sorted({value for value in values if value})
    field, known = kind.order(index)[1], set(wanted)
    after, limit = _before(wanted, 0), FEW
    while after is not None:
        page = store.page(kind, (), index=index, after=after, limit=limit)
        hits = [record for record in page.records if record.doc[field] in known]
        yield from hits
        if page.after is None:
            return
        last = str(page.records[-1].doc[field])
        after = page.after if last in known else _before(wanted, bisect_right(wanted, last))
        limit = MANY if len(hits) * 2 > len(page.records) else FEW


def _before(wanted: list[str], at: int) -> Key | None:
    # A text sorts after its own prefixes.
    return (wanted[at][:-1],) if at < len(wanted) else None
