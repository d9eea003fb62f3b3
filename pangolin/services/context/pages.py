"""Pages of records selected by name."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from pangolin.store.api import D

BATCH = 250


def chosen(
    names: Sequence[str],
    after: str | None,
    limit: int | None,
    read: Callable[[Sequence[str]], Iterable[D | None]],
) -> Iterator[D]:
    """Read the named records that exist, in the order of their names, a batch at a time."""
    rest = iter(names if after is None else [name for name in names if name > after])
    size = BATCH if limit is None else min(limit + 1, BATCH)
    while batch := list(islice(rest, size)):
        yield from (doc for doc in read(batch) if doc is not None)


def cut(
    docs: Iterable[D], limit: int | None, name_of: Callable[[D], str]
) -> tuple[list[D], str | None]:
    """Return a page of documents, and the `after` of the next page if there is one."""
    page: list[D] = []
    for doc in docs:
        if limit is not None and len(page) == limit:
            return page, name_of(page[-1])
        page.append(doc)
    return page, None
