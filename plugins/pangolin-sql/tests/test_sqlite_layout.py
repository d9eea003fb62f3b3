"""Layouts that grow: what a newer version finds and makes of an older file."""

from pathlib import Path

import pytest
from pangolin_sql.sqlite import open_sqlite

from pangolin.plugin import (
    BadRequest,
    Conflict,
    Index,
    Kind,
    Put,
    Settings,
    Store,
    Unavailable,
)

OLD = Kind("thing", ("tenant", "name"), {"owner": Index(("tenant", "owner"), unique=True)})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store of an older version, with records."""
    store = open_sqlite(f"sqlite:///{tmp_path}/records.db", Settings())
    store.setup([OLD])
    return store


def doc(name: str, **fields: object) -> dict[str, object]:
    return {"tenant": "t", "name": name, **fields}


def test_a_new_column_is_filled_from_many_bodies(store: Store) -> None:
    store.apply(*(Put(OLD, doc(f"n{at:04}", size=at % 7, odd="\0")) for at in range(1200)))
    indexes = {"size": Index(("tenant", "size")), "odd": Index(("tenant", "odd"))}
    new = Kind("thing", OLD.key, indexes, frozenset({"size"}))
    store.setup([new])
    assert store.count(new, ("t", 3), index="size") == len(range(3, 1200, 7))
    assert store.count(new, ("t", "\0"), index="odd") == 1200
    store.close()


def test_filling_a_column_keeps_versions(store: Store) -> None:
    store.apply(Put(OLD, doc("a", size=1)))
    before = store.get(OLD, ("t", "a"))
    new = Kind("thing", OLD.key, {"size": Index(("size",))}, frozenset({"size"}))
    store.setup([new])
    assert store.get(new, ("t", "a")) == before
    store.close()


def test_an_index_that_is_no_longer_unique_stops_refusing(store: Store) -> None:
    store.apply(Put(OLD, doc("a", owner="ann")))
    with pytest.raises(Conflict):
        store.apply(Put(OLD, doc("b", owner="ann")))
    new = Kind("thing", OLD.key, {"owner": Index(("tenant", "owner"))})
    store.setup([new])
    store.apply(Put(new, doc("b", owner="ann")))
    assert store.count(new, ("t", "ann"), index="owner") == 2
    store.close()


def test_an_index_that_was_dropped_stops_refusing(store: Store) -> None:
    store.apply(Put(OLD, doc("a", owner="ann")))
    new = Kind("thing", OLD.key)
    store.setup([new])
    store.apply(Put(new, doc("b", owner="ann")))
    store.close()


def test_a_unique_index_that_the_records_break_is_not_made_and_nothing_changes(
    store: Store,
) -> None:
    store.apply(Put(OLD, doc("a", mail="x")), Put(OLD, doc("b", mail="x")))
    new = Kind("thing", OLD.key, {"mail": Index(("mail",), unique=True)})
    with pytest.raises(Unavailable, match="UNIQUE"):
        store.setup([Kind("other", ("name",)), new])
    with pytest.raises(Unavailable, match="no such table"):
        store.count(Kind("other", ("name",)))
    assert store.count(OLD) == 2
    store.close()


def test_another_key_is_refused_with_both_keys(store: Store) -> None:
    with pytest.raises(BadRequest, match="table thing has the key"):
        store.setup([Kind("thing", ("name",))])
    store.close()
