"""The kinds and documents that the store contract works with."""

from typing import Any

import pytest

from pangolin.store.api import (
    ABSENT,
    Change,
    Conflict,
    Doc,
    Expected,
    Index,
    Key,
    Kind,
    Page,
    Put,
    Record,
    Store,
    Version,
)

TENANT = "acme"
NAMESPACE = Kind("contract_namespace", key=("tenant", "name"))
TABLE = Kind(
    "contract_table",
    key=("tenant", "namespace", "name"),
    indexes={
        "id": Index(("tenant", "id"), unique=True),
        "state": Index(("tenant", "state")),
        "rank": Index(("tenant", "rank")),
    },
    integers=frozenset({"rank"}),
)
EVENT = Kind("contract_event", key=("tenant", "at"), integers=frozenset({"at"}))
COUNTER = Kind("contract_counter", key=("name",))
KINDS = (NAMESPACE, TABLE, EVENT, COUNTER)


def namespace(name: str, **fields: Any) -> Doc:
    """Make a namespace's document."""
    return {"tenant": TENANT, "name": name, **fields}


def table(name: str, parent: str = "sales", **fields: Any) -> Doc:
    """Make a table's document."""
    return {"tenant": TENANT, "namespace": parent, "name": name, **fields}


def key(name: str, parent: str = "sales") -> Key:
    """Make a table's key."""
    return TENANT, parent, name


def add(store: Store, *names: str, **fields: Any) -> None:
    """Insert tables by name."""
    store.apply(*(Put(TABLE, table(name, **fields)) for name in names))


def put(name: str, expect: Expected = ABSENT, **fields: Any) -> Put:
    """Make a change that writes a table."""
    return Put(TABLE, table(name, **fields), expect)


def read(store: Store, kind: Kind, *at: str | int) -> Record:
    """Read a record that must be there."""
    record = store.get(kind, at)
    assert record is not None, f"{kind.name} {at} is missing"
    return record


def version(store: Store, name: str) -> Version:
    """Read a table's version."""
    return read(store, TABLE, *key(name)).version


def names(page: Page) -> list[str]:
    """List the names on a page."""
    return [record.doc["name"] for record in page.records]


def all_names(store: Store) -> list[str]:
    """List the names of all tables."""
    return [record.doc["name"] for record in store.scan(TABLE, (TENANT,))]


def refused(store: Store, *changes: Change) -> Change:
    """Apply changes that must conflict; return the change that the conflict names."""
    with pytest.raises(Conflict) as caught:
        store.apply(*changes)
    return caught.value.change
