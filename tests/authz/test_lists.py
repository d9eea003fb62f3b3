"""Lists show what may be seen and nothing else, in full pages, and read no more than that."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pangolin.errors import NoSuchNamespace
from pangolin.services.assets import assets
from pangolin.services.authz.access import Denied
from pangolin.services.branches import refs
from pangolin.services.catalogs import catalogs, client_config, contents, namespaces
from pangolin.services.context.context import Context
from pangolin.services.tables import tables
from pangolin.store.api import Put
from pangolin.store.kinds import ASSET
from tests.counting import CountingStore
from tests.worlds.lake import IN_LAKE, TENANT_WIDE, Lake, asset, lake_on, names, refused, space

MANY = 10_000
Fetch = Callable[[int | None, str | None], tuple[list[str], str | None]]


def fill(lake: Lake, count: int) -> list[str]:
    """Put assets into `a`, without their files; return their ids in name order."""
    first = lake.asset("a", "first")
    (row,) = lake.root.store.scan(ASSET, (first,), index="id")
    ids = [f"{number:08}-0000-4000-8000-000000000000" for number in range(count)]
    docs = [
        row.doc | {"name": f"t{number:06}", "id": ids[number], "type": "table"}
        for number in range(count)
    ]
    for at in range(0, count, 1000):
        lake.root.store.apply(*(Put(ASSET, doc) for doc in docs[at : at + 1000]))
    return ids


def pages(fetch: Fetch, limit: int) -> Iterator[list[str]]:
    after = None
    while True:
        rows, after = fetch(limit, after)
        yield rows
        if after is None:
            return


def lister(ctx: Context) -> Fetch:
    return lambda limit, after: tables.list_names(ctx, "lake", ["a"], limit=limit, after=after)


def test_pages_of_a_list_are_full_and_their_tokens_lead_to_the_rest(lake: Lake) -> None:
    ids = fill(lake, 100)
    ann = lake.person("ann")
    for id_ in ids[5::10]:
        lake.grant("ann", asset(id_), "read")
    wanted = [f"t{number:06}" for number in range(5, 100, 10)]
    assert list(pages(lister(ann), 4)) == [wanted[:4], wanted[4:8], wanted[8:]]
    assert list(pages(lister(ann), 10)) == [wanted]
    assert lister(ann)(None, None) == (wanted, None)
    found = pages(
        lambda limit, after: (
            (page := assets.page(ann, "lake", ["a"], limit=limit or 100, after=after))
            and (names(page[0]), page[1])
        ),
        5,
    )
    assert list(found) == [wanted[:5], wanted[5:]]


def test_a_list_of_few_among_many_reads_only_those_few(tmp_path: Path) -> None:
    store = CountingStore()
    lake = lake_on(tmp_path, store)
    ids = fill(lake, MANY)
    ann = lake.person("ann")
    for id_ in ids[:: MANY // 50]:
        lake.grant("ann", asset(id_), "read")
    everything = trips(store, lambda: lister(lake.root)(None, None))
    cold = trips(store, lambda: lister(ann)(None, None))
    warm = trips(store, lambda: lister(ann)(None, None))
    assert len(lister(ann)(None, None)[0]) == 50
    # The stamp (which a request reads with something else), the place, and the assets.
    assert warm == ["get_many", "get_many", "get_many"]
    assert len(everything) > MANY / 1000
    assert len(cold) < 50 + 20


def test_a_tag_on_many_assets_is_read_in_few_pages(tmp_path: Path) -> None:
    store = CountingStore()
    lake = lake_on(tmp_path, store)
    ids = fill(lake, 2000)
    ann = lake.person("ann")
    lake.tag(ids, "pii")
    lake.grant("ann", {"type": "tag", "tag_name": "pii"}, "read")
    cold = trips(store, lambda: lister(ann)(None, None))
    assert len(lister(ann)(None, None)[0]) == 2000
    assert len(cold) < 30


def trips(store: CountingStore, act: Callable[[], object]) -> list[str]:
    store.trips.clear()
    act()
    return list(store.trips)


def test_only_the_namespaces_that_lead_to_something_are_shown(lake: Lake) -> None:
    lake.spaces("c", "c.d", "c.d.e", "c.x")
    ann = lake.person("ann")
    lake.grant("ann", space("c", "d"), "read")
    lake.grant("ann", asset(lake.asset("a.b", "t")), "read")
    assert children(ann) == [["a"], ["c"]]
    assert children(ann, "a") == [["a", "b"]]
    assert children(ann, "c") == [["c", "d"]]
    assert children(ann, "c", "d") == [["c", "d", "e"]]
    tree = contents.tree(ann, "lake")["root"]
    assert [node["name"] for node in tree] == ["a", "c"]
    assert [node["name"] for node in tree[1]["children"]] == ["d"]
    assert [node["name"] for node in tree[1]["children"][0]["children"]] == ["e"]
    assert namespaces.load(ann, "lake", ["c"])["namespace"] == ["c"]
    refused(lambda: namespaces.load(ann, "lake", ["ab"]), Denied)
    refused(lambda: children(ann, "ab"), Denied)


def children(ctx: Context, *parent: str) -> list[list[str]]:
    return namespaces.list_children(ctx, "lake", parent)[0]


def test_catalogs_are_listed_that_hold_something_granted(lake: Lake) -> None:
    pond = lake.catalog("pond")
    lake.catalog("sea")
    ann = lake.person("ann")
    assert catalogs.page(ann) == ([], None)
    lake.grant("ann", space("a"), "read")
    lake.grant("ann", IN_LAKE | {"catalog_id": pond, "ref": "dev"}, "create")
    rows, more = catalogs.page(ann, limit=1)
    assert (names(rows), more) == (["lake"], "lake")
    assert names(catalogs.page(ann, limit=1, after=more)[0]) == ["pond"]
    assert names(catalogs.page(ann)[0]) == ["lake", "pond"]
    assert catalogs.get(ann, "pond")["name"] == "pond"
    refused(lambda: catalogs.get(ann, "sea"), Denied)
    bob = lake.person("bob")
    lake.grant("bob", TENANT_WIDE, "list")
    assert names(catalogs.page(bob)[0]) == ["lake", "pond", "sea"]


@pytest.mark.parametrize("name", ["a", "missing"])
def test_where_nothing_is_granted_what_exists_is_refused_like_what_does_not(
    lake: Lake, name: str
) -> None:
    ann = lake.person("ann")
    lake.grant("ann", asset(lake.asset("ab", "t")), "read")
    lake.asset("a", "t")
    refs.create_branch(lake.root, "lake", "dev")
    calls: list[Callable[[], object]] = [
        lambda: tables.list_names(ann, "lake", [name]),
        lambda: tables.load(ann, "lake", [name], "t"),
        lambda: tables.load(ann, "lake", [name], "t@dev"),
        lambda: tables.load(ann, "lake", [name], "t@nope"),
        lambda: namespaces.load(ann, "lake", [f"{name}@dev"]),
        lambda: namespaces.load(ann, "lake@nope", [name]),
        lambda: namespaces.drop(ann, "nope", [f"{name}@dev"]),
        lambda: tables.load(ann, "nope", [name], "t@dev"),
    ]
    said = [refused(call, Denied).replace(f".{name}", ".NAME") for call in calls]
    assert said == [
        "ann may not list namespace lake.NAME",
        *["ann may not read table lake.NAME.t"] * 3,
        *["ann may not read namespace lake.NAME"] * 2,
        "ann may not delete namespace nope.NAME",
        "ann may not read table nope.NAME.t",
    ]


def test_a_grant_on_one_ref_shows_that_ref_only(lake: Lake) -> None:
    refs.create_branch(lake.root, "lake", "dev")
    lake.asset("a", "t")
    lake.asset("a", "u", "lake@dev")
    ann = lake.person("ann")
    lake.grant("ann", IN_LAKE | {"ref": "dev"}, "read")
    assert names(assets.page(ann, "lake@dev", ["a"])[0]) == ["u"]
    refused(lambda: assets.page(ann, "lake", ["a"]), Denied)
    refused(lambda: children(ann), Denied)
    refused(lambda: contents.tree(ann, "lake"), Denied)
    assert namespaces.list_children(ann, "lake@dev")[0] == [["a"], ["ab"]]
    assert client_config.config(ann, "lake@dev", ())["overrides"] == {"prefix": "lake@dev"}


def test_a_grant_on_an_asset_shows_it_under_its_new_name(lake: Lake) -> None:
    ann = lake.person("ann")
    ids = fill(lake, 2)
    lake.grant("ann", asset(ids[0]), "read")
    assert lister(ann)(None, None)[0] == ["t000000"]
    tables.rename(lake.root, "lake", (["a"], "t000000"), (["ab"], "moved"))
    refused(lambda: lister(ann)(None, None), Denied)
    assert tables.list_names(ann, "lake", ["ab"])[0] == ["moved"]


def test_whoever_may_see_a_parent_is_told_what_is_missing(lake: Lake) -> None:
    ann = lake.person("ann")
    lake.grant("ann", IN_LAKE, "list")
    refused(lambda: tables.list_names(ann, "lake", ["nope"]), NoSuchNamespace)
