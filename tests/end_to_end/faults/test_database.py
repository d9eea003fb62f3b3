"""A database that cannot be written: reads go on, writes are refused, and health says why."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.concurrency.serving import Farm
from tests.end_to_end.concurrency.wire import CATALOG, Connection
from tests.shell.live import PASSWORD

pytestmark = [pytest.mark.integration, pytest.mark.sqlite]
NAMESPACES = f"/v1/{CATALOG}/namespaces"


@pytest.fixture
def read_only(server: Farm) -> Iterator[Path]:
    """The database, which nobody has opened since it became read-only."""
    database = server.data / "pangolin.db"
    database.chmod(0o444)
    yield database
    database.chmod(0o644)


@pytest.fixture
def basic(server: Farm) -> Iterator[Connection]:
    """A connection that needs no session, since opening one is a write."""
    given = b64encode(f"root:{PASSWORD}".encode()).decode()
    connection = Connection(server.url, f"Basic {given}")
    yield connection
    connection.close()


def test_a_read_only_database_refuses_writes_for_a_while(
    read_only: Path, basic: Connection
) -> None:
    refused = basic.ask("POST", NAMESPACES, {"namespace": ["new"]})
    assert refused.status == 503, refused
    assert int(refused.headers["Retry-After"]) >= 1
    assert basic.ask("GET", NAMESPACES).body["namespaces"] == [["default"]]


def test_readiness_names_a_read_only_database(read_only: Path, basic: Connection) -> None:
    ready = basic.ask("GET", "/health/ready")
    assert ready.status == 503
    assert (ready.body["status"], ready.body["store"]) == ("unready", "unreachable")
    assert "store" in ready.body["error"]


def test_a_database_that_may_be_written_again_is(read_only: Path, basic: Connection) -> None:
    assert basic.ask("POST", NAMESPACES, {"namespace": ["new"]}).status == 503
    # SQLite gives its log the mode that the file has at the time.
    for path in read_only.parent.glob("pangolin.db*"):
        path.chmod(0o644)
    answers = [basic.ask("POST", NAMESPACES, {"namespace": [f"n{number}"]}) for number in range(30)]
    assert [answer.status for answer in answers] == [200] * 30
    assert basic.ask("GET", "/health/ready").status == 200
