"""What is in the database, what is refused, and what the messages are."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pangolin_mongodb import writes
from pangolin_mongodb.deployment import refuse_unfit
from pangolin_mongodb.store import open_mongodb
from pymongo import MongoClient
from pymongo.database import Database

from pangolin.plugin import ANY, BadRequest, Index, Kind, Put, Settings, Store
from tests.servers.mongodb import start_mongodb

TABLE = Kind(
    "asset",
    ("tenant", "name"),
    {"id": Index(("tenant", "id"), unique=True), "size": Index(("tenant", "size"))},
    frozenset({"size"}),
)
PLAIN = Kind("asset", ("tenant", "name"))


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Iterator[Store]:
    made = open_store()
    yield made
    made.close()


@pytest.fixture
def database(database_url: str) -> Iterator[Database[dict[str, Any]]]:
    """The test's database, past the store."""
    with MongoClient[dict[str, Any]](database_url) as client:
        yield client.get_default_database()


def read_back(store: Store, **fields: Any) -> Any:
    doc = {"tenant": "acme", "name": "orders", **fields}
    store.apply(Put(TABLE, doc, ANY))
    found = store.get(TABLE, ("acme", "orders"))
    assert found is not None
    assert found.doc == doc
    return found.doc


def test_key_and_index_fields_are_fields_and_the_record_is_embedded(
    store: Store, database: Database[dict[str, Any]]
) -> None:
    store.setup([TABLE])
    read_back(store, id="1", owner={"name": "ann"})
    found = database.asset.find_one({"doc.owner.name": "ann"}, {"_id": 0, "version": 0})
    doc = {"tenant": "acme", "name": "orders", "id": "1", "owner": {"name": "ann"}}
    assert found == {"tenant": "acme", "name": "orders", "id": "1", "doc": doc}


@pytest.mark.parametrize(
    "value",
    [{"$ref": "x", "$id": 1}, {"a\0b": 1}, {"n": 2**64 - 1}, {"deep": None}, "x" * 70_000],
    ids=["dollar", "NUL", "large number", "deep", "long"],
)
def test_what_mongodb_would_not_give_back_is_kept_as_text(
    store: Store, database: Database[dict[str, Any]], value: Any
) -> None:
    store.setup([TABLE])
    if value == {"deep": None}:
        for _ in range(120):
            value = {"in": [value]}
    read_back(store, value=value)
    found = database.asset.find_one({})
    assert found is not None
    assert isinstance(found["doc"], str)


def test_integers_come_back_as_plain_integers(store: Store) -> None:
    store.setup([TABLE])
    assert type(read_back(store, size=2**40, list=[2**50])["list"][0]) is int
    record = store.get(TABLE, ("acme", "orders"))
    assert record is not None
    assert type(record.version) is int
    store.apply(Put(TABLE, record.doc, record.version))


def test_a_record_above_sixteen_mebibytes_is_a_bad_request(store: Store) -> None:
    store.setup([TABLE])
    with pytest.raises(BadRequest, match="larger than"):
        store.apply(Put(TABLE, {"tenant": "acme", "name": "big", "text": "x" * 2**24}))
    read_back(store, text="x" * (15 * 2**20))


def test_a_standalone_server_is_refused_with_the_remedy(tmp_path: Path) -> None:
    server = start_mongodb(tmp_path, "--standalone")
    store = open_mongodb(f"{server.url}alone", Settings(request_timeout=5.0))
    with pytest.raises(BadRequest, match=r"standalone.*--replSet.*rs\.initiate\(\)"):
        store.setup([TABLE])
    store.close()
    server.stop()


def test_a_server_that_is_too_old_is_refused() -> None:
    with pytest.raises(BadRequest, match=r"too old; 6\.0"):
        refuse_unfit({"setName": "rs0", "maxWireVersion": 13})
    refuse_unfit({"setName": "rs0", "maxWireVersion": 17})


def test_a_router_of_a_sharded_cluster_is_accepted() -> None:
    refuse_unfit({"msg": "isdbgrid", "maxWireVersion": 25})


def test_duplicates_that_a_unique_index_cannot_take_are_named(store: Store) -> None:
    store.setup([PLAIN])
    for name in ("a", "b", "c"):
        store.apply(Put(PLAIN, {"tenant": "acme", "name": name, "id": "same"}))
    with pytest.raises(
        BadRequest, match=r"asset .* tenant, id, .*\['acme', 'same'\] \(3 records\)"
    ):
        store.setup([TABLE])


def test_another_key_is_refused(store: Store) -> None:
    store.setup([TABLE])
    with pytest.raises(BadRequest, match="was made by another version"):
        store.setup([Kind("asset", ("tenant", "id"))])


def test_an_index_that_changed_is_built_anew_and_one_that_went_is_dropped(
    store: Store, database: Database[dict[str, Any]]
) -> None:
    store.setup([TABLE])
    store.setup([Kind("asset", ("tenant", "name"), {"id": Index(("tenant", "id"))})])
    found = database.asset.index_information()
    assert set(found) == {"_id_", "by_key", "by_id"}
    assert "unique" not in found["by_id"]


def test_indexes_of_the_operator_stay(store: Store, database: Database[dict[str, Any]]) -> None:
    store.setup([TABLE])
    database.asset.create_index([("doc.owner", 1)], name="mine")
    store.setup([TABLE])
    assert "mine" in database.asset.index_information()


def test_inspection_names_missing_indexes(store: Store, database: Database[dict[str, Any]]) -> None:
    store.setup([TABLE])
    parts = {found.part: found for found in store.inspect([TABLE])}
    assert "replica set" in parts["replication"].value
    assert not parts["clock"].problem
    assert "indexes of asset" not in parts
    database.asset.drop_index("by_size")
    parts = {found.part: found for found in store.inspect([TABLE])}
    assert parts["indexes of asset"].problem == "missing: by_size"


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://",
        "mongodb:///pangolin",
        "mongodb://ann:se/cret@host/pangolin",
        "mongodb://ann:se@cret@host:x/pangolin",
        "mongodb://ann:secret@host/pangolin.asset",
        "mongodb://ann:secret@host/pangolin?w=majority&tls=perhaps",
    ],
)
def test_a_bad_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(BadRequest, match="store_url must") as caught:
        open_mongodb(url, Settings())
    assert "cret" not in str(caught.value)


def test_opening_asks_no_network() -> None:
    open_mongodb("mongodb+srv://ann:secret@cluster.invalid/pangolin?w=1", Settings())
    open_mongodb("mongodb://one.invalid,two.invalid/?replicaSet=rs0", Settings())


def test_options_of_the_url_reach_the_driver(database_url: str) -> None:
    store = open_mongodb(f"{database_url}?maxPoolSize=3&readPreference=secondary&w=1", Settings())
    connection = store._connections.here()  # type: ignore[attr-defined]
    assert connection.client.options.pool_options.max_pool_size == 3
    assert connection.database.write_concern.document == {"w": "majority"}
    assert connection.database.read_preference.mongos_mode == "primary"
    store.close()


def test_servers_before_version_eight_are_written_collection_by_collection(
    store: Store, monkeypatch: pytest.MonkeyPatch, database: Database[dict[str, Any]]
) -> None:
    monkeypatch.setattr(writes, "ONE_COMMAND_WIRE", 1000)
    other = Kind("other", ("name",))
    store.setup([TABLE, other])
    store.apply(Put(TABLE, {"tenant": "acme", "name": "a"}), Put(other, {"name": "b"}))
    assert database.asset.count_documents({}) == database.other.count_documents({}) == 1
