"""A database that cannot be written: reads go on, writes are refused, and health says why."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pangolin.cli.sessions import opened_server
from pangolin.services.login import password_login
from pangolin.services.login.password_login import Attempt
from pangolin.settings import Settings
from tests.end_to_end.concurrency.rivals import NAMESPACES
from tests.end_to_end.concurrency.serving import Farm
from tests.end_to_end.concurrency.wire import Connection
from tests.servers.live import PASSWORD

pytestmark = [pytest.mark.integration, pytest.mark.sqlite]


@pytest.fixture
def token(server: Farm) -> str:
    """A token of root's that no worker has seen, or opened the database for."""
    settings = Settings(data_dir=str(server.data), root_password=PASSWORD)
    with opened_server(settings) as opened:
        return password_login.login(opened.runtime, Attempt("", "root", PASSWORD)).issued.token


@pytest.fixture
def read_only(server: Farm, token: str) -> Iterator[Path]:
    """The database, which nobody has opened since it became read-only."""
    database = server.data / "pangolin.db"
    database.chmod(0o444)
    yield database
    database.chmod(0o644)


@pytest.fixture
def signed_in(server: Farm, token: str) -> Iterator[Connection]:
    """A connection with a token from before, since signing in is a write."""
    connection = Connection(server.url, f"Bearer {token}")
    yield connection
    connection.close()


def test_a_read_only_database_refuses_writes_for_a_while(
    read_only: Path, signed_in: Connection
) -> None:
    refused = signed_in.ask("POST", NAMESPACES, {"namespace": ["new"]})
    assert refused.status == 503, refused
    assert int(refused.headers["Retry-After"]) >= 1
    assert signed_in.ask("GET", NAMESPACES).body["namespaces"] == [["default"]]


def test_readiness_names_a_read_only_database(read_only: Path, signed_in: Connection) -> None:
    ready = signed_in.ask("GET", "/health/ready")
    assert ready.status == 503
    assert (ready.body["status"], ready.body["store"]) == ("unready", "unreachable")
    assert "store" in ready.body["error"]


def test_a_database_that_may_be_written_again_is(read_only: Path, signed_in: Connection) -> None:
    assert signed_in.ask("POST", NAMESPACES, {"namespace": ["new"]}).status == 503
    # SQLite gives its log the mode that the file has at the time.
    for path in read_only.parent.glob("pangolin.db*"):
        path.chmod(0o644)
    answers = [
        signed_in.ask("POST", NAMESPACES, {"namespace": [f"n{number}"]}) for number in range(30)
    ]
    assert [answer.status for answer in answers] == [200] * 30
    assert signed_in.ask("GET", "/health/ready").status == 200
