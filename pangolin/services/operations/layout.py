"""The layout record: the form of the stored data, and whether a copy is still under way."""

from pangolin.errors import PangolinError
from pangolin.store.api import ABSENT, Put, Record, Store
from pangolin.store.documents import LayoutDoc
from pangolin.store.kinds import LAYOUT

NAME = "pangolin"
# Marks a store while `pangolin copy` fills it.
COPY = "copy"


class LayoutMismatch(PangolinError):
    """The store has the layout of another release; the message says what to do."""

    type = "LayoutMismatchException"


def read_layout(store: Store) -> Record[LayoutDoc] | None:
    """Return the layout record; None in a store that has none yet."""
    store.setup([LAYOUT])
    return store.get(LAYOUT, (NAME,))


def write_layout(store: Store, number: int) -> None:
    """Record the layout's number."""
    found = store.get(LAYOUT, (NAME,))
    first: LayoutDoc = {"name": NAME, "number": number}
    doc: LayoutDoc = found.doc | {"number": number} if found else first
    store.apply(Put(LAYOUT, doc, found.version if found else ABSENT))


def check_not_newer(found: Record[LayoutDoc] | None, known: int) -> None:
    """Raise `LayoutMismatch` if a newer release wrote the store."""
    if found is not None and found.doc["number"] > known:
        raise LayoutMismatch(
            f"the store has layout {found.doc['number']}, from a newer release; this one knows "
            f"{known}: install the newer release"
        )


def check_ready(store: Store, needed: int) -> None:
    """Raise `LayoutMismatch` unless a server of this release may start on the store."""
    found = read_layout(store)
    if store.get(LAYOUT, (COPY,)) is not None:
        raise LayoutMismatch(
            "a copy into this store is not finished: run the same `pangolin copy` again"
        )
    check_not_newer(found, needed)
    if found is not None and found.doc["number"] < needed:
        raise LayoutMismatch(
            f"the store has layout {found.doc['number']}, this release needs {needed}: "
            "stop the servers and run `pangolin upgrade`"
        )
