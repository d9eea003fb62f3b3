"""What one server wrote is what the other one shows at the very next request."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.concurrency.rivals import rename
from tests.end_to_end.concurrency.wire import (
    CATALOG,
    Connection,
    Head,
    load,
    log_in,
    make_table,
    table_path,
)
from tests.replicas.pair import READERS, Pair
from tests.servers.live import PASSWORD

pytestmark = pytest.mark.integration


@pytest.fixture
def writer(pair: Pair) -> Iterator[Connection]:
    """Root's connection to the first server."""
    made = Connection(pair.first.url, pair.authorization)
    yield made
    made.close()


@pytest.fixture
def readers(pair: Pair) -> Iterator[list[Connection]]:
    """Root's connections to the workers of the second server, which have seen nothing yet."""
    made = [Connection(pair.second.url, pair.authorization) for _ in range(READERS)]
    yield made
    for each in made:
        each.close()


def seen(readers: list[Connection], table: str, prefix: str = CATALOG) -> set[str]:
    """Return what readers see of a table: its UUIDs, or statuses that say there is none."""
    answers = [load(each, table, prefix=prefix) for each in readers]
    return {
        answer.body["metadata"]["table-uuid"] if answer.status == 200 else str(answer.status)
        for answer in answers
    }


def test_a_table_dropped_and_made_again_is_another(
    writer: Connection, readers: list[Connection], name: str
) -> None:
    assert seen(readers, name) == {"404"}
    for _ in range(4):
        made = make_table(writer, name)
        assert seen(readers, name) == {made["table-uuid"]}
        assert writer.ask("DELETE", table_path(name)).status == 204
        assert seen(readers, name) == {"404"}


def test_a_commit_is_seen_at_the_next_request(
    writer: Connection, readers: list[Connection], name: str
) -> None:
    make_table(writer, name)
    for snapshot in range(1, 8):
        commit = Head.of(readers[snapshot % READERS], name).append(snapshot)
        assert writer.ask("POST", table_path(name), commit).status == 200
        assert [Head.of(each, name).snapshot for each in readers] == [snapshot] * READERS


def test_an_etag_of_the_old_table_does_not_match_the_new(
    writer: Connection, readers: list[Connection], name: str
) -> None:
    make_table(writer, name)
    tag = load(readers[0], name).headers["ETag"]
    path = f"{table_path(name)}?snapshots=all"
    again = [each.ask("GET", path, **{"If-None-Match": tag}).status for each in readers]
    assert again == [304] * READERS
    assert writer.ask("POST", table_path(name), Head.of(writer, name).append(1)).status == 200
    after = [each.ask("GET", path, **{"If-None-Match": tag}).status for each in readers]
    assert after == [200] * READERS


def test_a_renamed_table_is_found_by_its_new_name_only(
    writer: Connection, readers: list[Connection], name: str
) -> None:
    made = make_table(writer, name)["table-uuid"]
    assert seen(readers, name) == {made}
    assert rename(name, f"{name}_new")(writer).status == 204
    assert seen(readers, name) == {"404"}
    assert seen(readers, f"{name}_new") == {made}


def test_a_branch_deleted_and_made_again_shows_what_it_was_made_from(
    writer: Connection, readers: list[Connection], name: str
) -> None:
    make_table(writer, name)
    at = f"{CATALOG}@{name}"
    for snapshot in range(1, 5):
        commit = Head.of(writer, name).append(snapshot)
        assert writer.ask("POST", table_path(name), commit).status == 200
        assert seen(readers, name, at) == {"404"}
        body = {"name": name, "catalog": CATALOG, "from_branch": "main"}
        assert writer.ask("POST", "/api/v1/branches", body).status == 201
        for each in readers:
            found = load(each, name, prefix=at).body["metadata"]
            assert found["current-snapshot-id"] == snapshot
        path = f"/api/v1/branches/{name}?catalog={CATALOG}"
        assert writer.ask("DELETE", path).status == 204


def namespaces(readers: list[Connection], catalog: str) -> list[list[str] | int]:
    """Return each reader sees in a catalog: its namespaces, or the status that refuses them."""
    answers = [each.ask("GET", f"/v1/{catalog}/namespaces") for each in readers]
    return [
        [level for (level,) in answer.body["namespaces"]] if answer.status == 200 else answer.status
        for answer in answers
    ]


def test_a_catalog_dropped_and_made_again_is_empty(
    writer: Connection, readers: list[Connection], name: str
) -> None:
    for _ in range(3):
        body = {"name": name, "warehouse_name": "local"}
        assert writer.ask("POST", "/api/v1/catalogs", body).status == 201
        assert namespaces(readers, name) == [["default"]] * READERS
        made = writer.ask("POST", f"/v1/{name}/namespaces", {"namespace": ["ns"]})
        assert made.status == 200
        assert namespaces(readers, name) == [["default", "ns"]] * READERS
        assert writer.ask("DELETE", f"/api/v1/catalogs/{name}?force=true").status == 204
        assert namespaces(readers, name) == [404] * READERS


def test_a_renamed_catalog_is_found_by_its_new_name_only(
    writer: Connection, readers: list[Connection], name: str
) -> None:
    body = {"name": name, "warehouse_name": "local"}
    assert writer.ask("POST", "/api/v1/catalogs", body).status == 201
    assert namespaces(readers, name) == [["default"]] * READERS
    renamed = writer.ask("PUT", f"/api/v1/catalogs/{name}", {"name": f"{name}_new"})
    assert renamed.status == 200, renamed
    assert namespaces(readers, name) == [404] * READERS
    assert namespaces(readers, f"{name}_new") == [["default"]] * READERS


def test_a_new_table_is_in_the_next_list(
    writer: Connection, readers: list[Connection], name: str
) -> None:
    tables = f"/v1/{CATALOG}/namespaces/storm/tables"
    make_table(writer, name)
    for each in readers:
        listed = [row["name"] for row in each.ask("GET", tables).body["identifiers"]]
        assert name in listed


def test_a_token_revoked_on_one_server_is_refused_on_the_other(
    pair: Pair, readers: list[Connection]
) -> None:
    authorization = log_in(pair.first.url, PASSWORD)
    for each in readers:
        each.authorization = authorization
        assert each.ask("GET", "/v1/config").status == 200
    gone = Connection(pair.first.url, authorization)
    assert gone.ask("POST", "/api/v1/users/logout").status == 204
    gone.close()
    assert [each.ask("GET", "/v1/config").status for each in readers] == [401] * READERS
