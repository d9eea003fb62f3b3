"""DuckDB with the extensions that its wheels bring, so that nothing is fetched."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb

from tests.end_to_end.lake import REGION, Lake

EXTENSIONS = ("avro", "httpfs", "iceberg")


class Duck:
    """A connection with the catalog attached as `lake`, unless that is left to the caller."""

    def __init__(self, lake: Lake, directory: Path, *, attached: bool = True) -> None:
        places = {"home_directory": str(directory), "extension_directory": str(directory)}
        self._duck = duckdb.connect(config={**places, "autoinstall_known_extensions": False})
        for name in EXTENSIONS:
            package = importlib.import_module(f"duckdb_extension_{name}")
            (binary,) = Path(str(package.__file__)).parent.rglob("*.duckdb_extension")
            self.run(f"LOAD '{binary}'")
        self._lake = lake
        if lake.storage.properties:
            self.run(_secret(lake.storage.properties))
        if attached:
            self.attach("lake")

    def attach(self, alias: str, ref: str = "", *, endpoint: str = "", options: str = "") -> None:
        """Attach the catalog, at a ref if one is named, under an alias.

        Without `none` DuckDB takes the credentials the server vends, and no others.
        """
        warehouse = f"{self._lake.name}@{ref}" if ref else self._lake.name
        server = self._lake.server
        self.run(
            f"ATTACH '{warehouse}' AS {alias} (TYPE ICEBERG, TOKEN '{server.token()}', "
            f"ENDPOINT '{endpoint or server.url}', ACCESS_DELEGATION_MODE 'none'{options})"
        )

    def run(self, *statements: str) -> None:
        """Run statements one after the other."""
        for statement in statements:
            self._duck.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query and return its rows."""
        return self._duck.execute(query).fetchall()

    def close(self) -> None:
        """Close the connection."""
        self._duck.close()


@contextmanager
def connected(lake: Lake, directory: Path) -> Iterator[Duck]:
    """Connect until the block ends."""
    duck = Duck(lake, directory)
    try:
        yield duck
    finally:
        duck.close()


def _secret(properties: dict[str, str]) -> str:
    """Return DuckDB the keys itself, as credentials are not vended."""
    return (
        f"CREATE SECRET (TYPE s3, KEY_ID '{properties['s3.access-key-id']}', "
        f"SECRET '{properties['s3.secret-access-key']}', REGION '{REGION}', "
        f"ENDPOINT '{urlsplit(properties['s3.endpoint']).netloc}', "
        "URL_STYLE 'path', USE_SSL false)"
    )
