"""A tenant's view reaches that tenant's records and no others."""

from collections.abc import Callable

import pytest

from pangolin.default_plugins.memory_store import MemoryStore
from pangolin.store.api import (
    ANY,
    Conflict,
    Delete,
    Index,
    Kind,
    Put,
    Require,
    RequireEmpty,
    Store,
)
from pangolin.store.scoped import ScopedStore

THING = Kind(
    "thing",
    ("tenant", "name"),
    {"id": Index(("tenant", "id"), unique=True), "all": Index(("name",))},
)
PERSON = Kind("person", ("name",), {"home": Index(("tenant", "name"))})
NAMES = ["a", "b", "c"]


@pytest.fixture
def store() -> Store:
    store = MemoryStore()
    store.setup([THING, PERSON])
    store.apply(
        *(
            Put(THING, {"tenant": tenant, "name": name, "id": name, "of": tenant})
            for tenant in ("acme", "other")
            for name in NAMES
        )
    )
    return store


@pytest.fixture
def scoped(store: Store) -> ScopedStore:
    return ScopedStore(store, "acme")


def test_reads_see_only_the_tenant(scoped: ScopedStore) -> None:
    found = [
        scoped.get(THING, ("a",)),
        *scoped.get_many([(THING, ("b",))]),
        scoped.find(THING, "id", ("c",)),
        *scoped.page(THING).records,
        *scoped.page(THING, index="id").records,
        *scoped.scan(THING, batch=1),
    ]
    assert len(found) == 12
    assert {record.doc["of"] for record in found if record} == {"acme"}
    assert scoped.count(THING) == scoped.count(THING, index="id") == 3


def test_after_of_one_page_leads_to_the_next(scoped: ScopedStore) -> None:
    first = scoped.page(THING, limit=2)
    assert first.after == ("b",)
    rest = scoped.page(THING, after=first.after)
    assert [record.doc["name"] for record in rest.records] == ["c"]


def test_a_put_gets_the_tenant(scoped: ScopedStore, store: Store) -> None:
    given = {"name": "new"}
    scoped.apply(Put(THING, given))
    assert store.get(THING, ("acme", "new")) is not None
    assert given == {"name": "new"}
    scoped.apply(Put(THING, {"name": "new", "tenant": "acme", "n": 2}, ANY))


@pytest.mark.parametrize("tenant", ["other", None, ""])
def test_a_put_of_another_tenant_is_refused(
    scoped: ScopedStore, store: Store, tenant: str | None
) -> None:
    with pytest.raises(ValueError, match="another tenant"):
        scoped.apply(Put(THING, {"name": "new", "tenant": tenant}, ANY))
    assert store.count(THING) == 6


def test_changes_touch_only_the_tenant(scoped: ScopedStore, store: Store) -> None:
    scoped.apply(Delete(THING, ("a",)), Require(THING, ("b",)))
    assert scoped.purge(THING) == 2
    scoped.apply(RequireEmpty(THING, ()), RequireEmpty(THING, (), "id"))
    assert [record.doc["of"] for record in store.scan(THING)] == ["other"] * 3


def test_a_conflict_names_the_change_as_it_was_given(scoped: ScopedStore) -> None:
    for change in (
        Put(THING, {"name": "a"}),
        Delete(THING, ("a",), 0),
        Require(THING, ("missing",)),
        RequireEmpty(THING, ("a",)),
    ):
        with pytest.raises(Conflict) as caught:
            scoped.apply(Put(THING, {"name": "z"}), change)
        assert caught.value.change is change


@pytest.mark.parametrize(
    "call",
    [
        lambda scoped: scoped.get(PERSON, ("ann",)),
        lambda scoped: scoped.get_many([(PERSON, ("ann",))]),
        lambda scoped: scoped.page(PERSON),
        lambda scoped: scoped.page(PERSON, index="home"),
        lambda scoped: scoped.page(THING, index="all"),
        lambda scoped: scoped.scan(THING, index="all"),
        lambda scoped: scoped.count(THING, index="all"),
        lambda scoped: scoped.find(THING, "all", ("a",)),
        lambda scoped: scoped.purge(PERSON),
        lambda scoped: scoped.apply(Put(PERSON, {"name": "ann"})),
        lambda scoped: scoped.apply(Delete(PERSON, ("ann",))),
        lambda scoped: scoped.apply(Require(PERSON, ("ann",))),
        lambda scoped: scoped.apply(RequireEmpty(PERSON, ())),
        lambda scoped: scoped.apply(RequireEmpty(THING, (), "all")),
    ],
)
def test_a_kind_or_index_without_the_tenant_in_front_is_refused(
    scoped: ScopedStore, call: Callable[[ScopedStore], object]
) -> None:
    with pytest.raises(TypeError, match="must start with 'tenant'"):
        call(scoped)


@pytest.mark.parametrize("tenant", ["", None, 5])
def test_a_scope_needs_a_tenant(store: Store, tenant: str) -> None:
    with pytest.raises(ValueError, match="tenant must be"):
        ScopedStore(store, tenant)
