"""A live server for clients: several workers over one data directory, made ready for use."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.end_to_end.concurrency.serving import Farm
from tests.end_to_end.concurrency.wire import Answer
from tests.servers.live import PASSWORD
from tests.servers.ports import free_port


@dataclass
class Server(Farm):
    """A running server that clients connect to as root, and whose catalogs a test makes."""

    @property
    def files(self) -> Path:
        """The directory below which warehouses of local files may be."""
        return self.directory / "files"

    @property
    def password(self) -> str:
        """Root's password."""
        return PASSWORD

    def restart(self) -> None:
        """Stop it, however that goes, and start it again on its data."""
        self.stop()
        self.start()

    def token(self) -> str:
        """Log root in; return a bearer token."""
        given = {"username": "root", "password": PASSWORD}
        return str(self.ask("POST", "/api/v1/users/login", given).body["token"])

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Send one request as root on a connection of its own."""
        connection = self.connect()
        try:
            return connection.ask(method, path, body)
        finally:
            connection.close()

    def make(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Create a thing of the management API, as `warehouses`; return the answer."""
        answer = self.ask("POST", f"/api/v1/{kind}", fields)
        assert answer.status in (200, 201), answer
        return dict(answer.body)

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """Read a thing of the management API."""
        answer = self.ask("GET", f"/api/v1/{kind}/{quote(name, safe='')}")
        assert answer.status == 200, answer
        return dict(answer.body)


def start_server(
    directory: Path,
    *,
    workers: int = 2,
    threads: int = 4,
    env: Mapping[str, str] | None = None,
) -> Server:
    """Start a server with its data below a directory, and wait until it is ready."""
    environ = {
        "PANGOLIN_THREADS": str(threads),
        "PANGOLIN_FILE_ROOTS": str(directory / "files"),
    }
    server = Server(directory, free_port(), workers, environ | dict(env or {}))
    server.start()
    ready = server.ask("GET", "/health/ready")
    if ready.status != 200:
        server.stop()
        raise AssertionError(f"{ready}\n{server.log}")
    return server
