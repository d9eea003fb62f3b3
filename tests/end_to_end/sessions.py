"""A lake on S3 whose clients have no keys but those that the server vends to them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from pyarrow import fs
from pyiceberg.catalog.rest import RestCatalog

from tests.end_to_end.concurrency.wire import Answer, Connection
from tests.end_to_end.duck import Duck
from tests.end_to_end.lake import REGION, Lake, Storage
from tests.end_to_end.server import Server
from tests.servers.seaweed import Seaweed

PASSWORD = "a long enough password"
ASK = {"X-Iceberg-Access-Delegation": "vended-credentials"}


@dataclass(frozen=True, slots=True)
class Vending:
    """A lake that vends, and the store below it as its owner sees it."""

    lake: Lake
    store: Seaweed

    @property
    def server(self) -> Server:
        """The server."""
        return self.lake.server

    def person(self, *actions: str) -> str:
        """Make somebody who may do these actions in the lake; return a token."""
        name = f"p-{uuid4().hex[:8]}"
        user = {"username": name, "email": f"{name}@example.org", "role": "tenant-user"}
        made = self.server.make("users", password=PASSWORD, **user)
        catalog = self.server.get("catalogs", self.lake.name)
        where = {"type": "catalog", "catalog_id": catalog["id"]}
        grant = {"user-id": made["id"], "scope": where, "actions": list(actions)}
        self.server.make("permissions", **grant)
        given = {"username": name, "password": PASSWORD, "tenant-id": made["tenant-id"]}
        return str(self.server.ask("POST", "/api/v1/users/login", given).body["token"])

    @contextmanager
    def catalog(self, token: str, **properties: str) -> Iterator[RestCatalog]:
        """Connect PyIceberg as anyone who has a token."""
        given = {"uri": self.server.url, "warehouse": self.lake.name, "token": token}
        connected = RestCatalog(self.lake.name, **given, **properties)
        yield connected
        connected.close()

    @contextmanager
    def duck(self, token: str, directory: Path) -> Iterator[Duck]:
        """Connect DuckDB as anyone who has a token; it takes what is vended."""
        duck = Duck(self.lake, directory, attached=False)
        duck.run(
            f"ATTACH '{self.lake.name}' AS lake (TYPE ICEBERG, TOKEN '{token}', "
            f"ENDPOINT '{self.server.url}')"
        )
        yield duck
        duck.close()

    def files(self, place: str) -> list[str]:
        """List what is below a place as the store's owner sees it, by path within it."""
        owner = fs.S3FileSystem(
            access_key=self.store.access_key,
            secret_key=self.store.secret_key,
            endpoint_override=self.store.endpoint,
            region=REGION,
        )
        found = owner.get_file_info(fs.FileSelector(place, recursive=True))
        return [info.path.removeprefix(f"{place}/") for info in found if info.is_file]

    def ask(self, token: str, method: str, path: str, body: Any = None) -> Answer:
        """Send a request as anyone who has a token, which takes credentials."""
        connection = Connection(self.server.url, f"Bearer {token}")
        try:
            return connection.ask(method, path, body, **ASK)
        finally:
            connection.close()


def on_sessions(
    server: Server, seaweed: Seaweed, options: Mapping[str, str] | None = None, **strategy: object
) -> Vending:
    """Make a lake that vends sessions of the store's role, or by another strategy.

    `options` go over those of the warehouse; an empty one is left out.
    """
    name = f"vend-{uuid4().hex[:8]}"
    place = {"type": "s3", "s3.bucket": seaweed.bucket, "s3.prefix": name}
    keys = {
        "s3.endpoint": seaweed.endpoint,
        "s3.access-key-id": seaweed.access_key,
        "s3.secret-access-key": seaweed.secret_key,
        "s3.region": REGION,
        "s3.role-arn": seaweed.role_arn,
    }
    how = {"use_sts": True} | strategy
    config = {key: value for key, value in (place | keys | dict(options or {})).items() if value}
    server.make("warehouses", name=f"{name}-wh", storage_config=config, **how)
    server.make("catalogs", name=name, warehouse_name=f"{name}-wh")
    return Vending(Lake(server, name, Storage("s3", place)), seaweed)


def opened(config: dict[str, str]) -> fs.S3FileSystem:
    """Open the store with a credential as it was vended."""
    return fs.S3FileSystem(
        access_key=config["s3.access-key-id"],
        secret_key=config["s3.secret-access-key"],
        session_token=config["s3.session-token"],
        endpoint_override=config["s3.endpoint"],
        region=config["s3.region"],
    )
