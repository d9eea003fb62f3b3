"""What ends a right on one server ends it on the other one at the very next request."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.end_to_end.concurrency.wire import CATALOG, Connection, log_in, make_table, table_path
from tests.replicas.pair import READERS, Pair
from tests.servers.live import PASSWORD

pytestmark = pytest.mark.integration
PERSONAL = "a long pass phrase 7"


@pytest.fixture
def root(pair: Pair) -> Iterator[Connection]:
    """Root's connection to the first server."""
    made = Connection(pair.first.url, pair.authorization)
    yield made
    made.close()


@pytest.fixture
def readers(pair: Pair) -> Iterator[list[Connection]]:
    """Connections to the workers of the second server, of whom a test says."""
    made = [Connection(pair.second.url, "") for _ in range(READERS)]
    yield made
    for each in made:
        each.close()


def good(root: Connection, method: str, path: str, body: Any = None) -> Any:
    """Send a request that must succeed; return its body."""
    answer = root.ask(method, path, body)
    assert answer.status in (200, 201, 204), answer
    return answer.body


def statuses(readers: list[Connection], path: str, authorization: str) -> set[int]:
    """Ask every worker of the second server."""
    for each in readers:
        each.authorization = authorization
    return {each.ask("GET", path).status for each in readers}


@pytest.fixture
def ann(root: Connection, name: str) -> dict[str, str]:
    """A user who may read the catalog, and who has signed in on the first server."""
    body = {"username": name, "email": f"{name}@example.org", "password": PERSONAL}
    user = good(root, "POST", "/api/v1/users", body | {"role": "tenant-user"})
    catalog = good(root, "GET", f"/api/v1/catalogs/{CATALOG}")["id"]
    scope = {"type": "catalog", "catalog_id": catalog}
    given = {"user-id": user["id"], "scope": scope, "actions": ["read"]}
    grant = good(root, "POST", "/api/v1/permissions", given)
    login = {"username": name, "password": PERSONAL, "tenant-id": user["tenant-id"]}
    token = good(root, "POST", "/api/v1/users/login", login)["token"]
    return {"id": user["id"], "grant": grant["id"], "authorization": f"Bearer {token}"}


@pytest.fixture
def table(root: Connection, name: str) -> str:
    """The path of a table of the test's own."""
    make_table(root, name)
    return table_path(name)


def test_a_removed_grant_counts_at_once(
    root: Connection, readers: list[Connection], ann: dict[str, str], table: str
) -> None:
    assert statuses(readers, table, ann["authorization"]) == {200}
    good(root, "DELETE", f"/api/v1/permissions/{ann['grant']}")
    assert statuses(readers, table, ann["authorization"]) == {403}


def test_a_new_grant_counts_at_once(
    root: Connection, readers: list[Connection], ann: dict[str, str], table: str
) -> None:
    good(root, "DELETE", f"/api/v1/permissions/{ann['grant']}")
    assert statuses(readers, table, ann["authorization"]) == {403}
    given = {"user-id": ann["id"], "scope": {"type": "tenant"}, "actions": ["read"]}
    good(root, "POST", "/api/v1/permissions", given)
    assert statuses(readers, table, ann["authorization"]) == {200}


def test_a_disabled_user_is_out_at_once(
    root: Connection, readers: list[Connection], ann: dict[str, str], table: str
) -> None:
    assert statuses(readers, table, ann["authorization"]) == {200}
    good(root, "PUT", f"/api/v1/users/{ann['id']}", {"active": False})
    assert statuses(readers, table, ann["authorization"]) == {401}


def test_all_tokens_of_a_user_end_at_once(
    root: Connection, readers: list[Connection], ann: dict[str, str], table: str
) -> None:
    assert statuses(readers, table, ann["authorization"]) == {200}
    good(root, "DELETE", f"/api/v1/users/{ann['id']}/tokens")
    assert statuses(readers, table, ann["authorization"]) == {401}


def test_a_rotated_api_key_stops_at_once_and_the_new_one_works(
    root: Connection, readers: list[Connection], name: str, table: str
) -> None:
    body = {"name": name, "role": "tenant-user"}
    made = good(root, "POST", "/api/v1/service-users", body)
    given = {"user-id": made["id"], "scope": {"type": "tenant"}, "actions": ["read"]}
    good(root, "POST", "/api/v1/permissions", given)
    assert statuses(readers, table, f"Bearer {made['api_key']}") == {200}
    fresh = good(root, "POST", f"/api/v1/service-users/{made['id']}/rotate")
    assert statuses(readers, table, f"Bearer {made['api_key']}") == {401}
    assert statuses(readers, table, f"Bearer {fresh['api_key']}") == {200}


def test_a_key_rotation_under_load_loses_no_request(
    pair: Pair, readers: list[Connection], table: str
) -> None:
    seen: list[int] = []
    stop = threading.Event()

    def ask(reader: Connection) -> None:
        while not stop.is_set():
            seen.append(reader.ask("GET", table).status)

    def sign_in(reader: Connection) -> None:
        while not stop.is_set():
            reader.authorization = log_in(pair.first.url, PASSWORD)
            seen.append(reader.ask("GET", table).status)

    statuses(readers, table, pair.authorization)
    work: list[Callable[[Connection], None]] = [ask, ask, ask, sign_in, sign_in, ask]
    threads = [
        threading.Thread(target=each, args=(reader,))
        for each, reader in zip(work, readers, strict=True)
    ]
    for thread in threads:
        thread.start()
    for _ in range(3):
        pair.first.run("keys", "rotate")
    stop.set()
    for thread in threads:
        thread.join(60)
    assert set(seen) == {200}
    assert len(seen) > 50
