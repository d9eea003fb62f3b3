"""Engines sign in with `credential=id:secret`, and are refused once the key is revoked."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import OAuthError, UnauthorizedError

from tests.end_to_end.duck import Duck, connected
from tests.end_to_end.lake import Lake
from tests.end_to_end.samples import ARROW, ids, people

# PyIceberg would rather be told where tokens come from; most of its users do not tell.
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.filterwarnings("ignore:Deprecated in 0.8.0:DeprecationWarning"),
]
STORAGES = ("file",)


@dataclass(frozen=True, slots=True)
class Engine:
    """A service user of the lake's tenant, and its key."""

    lake: Lake
    id: str
    name: str
    key: str

    @property
    def credential(self) -> str:
        """The credential as clients are configured with it."""
        return f"{self.id}:{self.key}"

    def catalog(self, **properties: Any) -> RestCatalog:
        """Connect PyIceberg."""
        given = {"uri": self.lake.server.url, "warehouse": self.lake.name} | properties
        return RestCatalog("x", **given)

    def revoke(self) -> None:
        """Make a new key in place of the one there is."""
        path = f"/api/v1/service-users/{self.id}/rotate"
        assert self.lake.server.ask("POST", path).status == 200


@pytest.fixture
def engine(lake: Lake, name: str) -> Engine:
    """A service user that may do everything in its tenant."""
    made = lake.server.make("service-users", name=f"etl-{name}", role="tenant-admin")
    return Engine(lake, made["id"], made["name"], made["api_key"])


def test_pyiceberg_signs_in_and_writes(engine: Engine, name: str) -> None:
    catalog = engine.catalog(credential=engine.credential)
    catalog.create_namespace(name)
    catalog.create_table(f"{name}.t", ARROW).append(people(1, 2))
    assert ids(engine.lake.catalog().load_table(f"{name}.t")) == [1, 2]


@pytest.mark.parametrize("base", ["/iceberg", "/v1/{}", "/iceberg/v1/{}/"])
def test_pyiceberg_signs_in_at_every_form_of_the_base_uri(engine: Engine, base: str) -> None:
    uri = engine.lake.server.url + base.format(engine.lake.name)
    catalog = engine.catalog(uri=uri, credential=engine.credential, scope="PRINCIPAL_ROLE:ALL")
    assert ("default",) in catalog.list_namespaces()


def test_pyiceberg_signs_in_with_a_name_or_with_the_key_alone(engine: Engine) -> None:
    for credential in (f"{engine.name}:{engine.key}", engine.key):
        assert engine.catalog(credential=credential).list_namespaces()


def test_pyiceberg_signs_in_with_basic(engine: Engine) -> None:
    url = f"{engine.lake.server.url}/v1/oauth/tokens"
    given = {"client_id": engine.id, "client_secret": engine.key, "token_url": url}
    catalog = engine.catalog(auth={"type": "oauth2", "oauth2": given | {"scope": "catalog"}})
    assert ("default",) in catalog.list_namespaces()


@pytest.mark.parametrize("credential", ["nobody:{key}", "{id}:wrong", "wrong"])
def test_pyiceberg_understands_the_refusal(engine: Engine, credential: str) -> None:
    given = credential.format(id=engine.id, key=engine.key)
    with pytest.raises(OAuthError, match="invalid_client"):
        engine.catalog(credential=given)


def test_a_revoked_key_stops_a_connected_client(engine: Engine) -> None:
    catalog = engine.catalog(credential=engine.credential)
    assert catalog.list_namespaces()
    engine.revoke()
    with pytest.raises((UnauthorizedError, OAuthError)):
        catalog.list_namespaces()
    with pytest.raises(OAuthError):
        engine.catalog(credential=engine.credential)


@pytest.fixture
def visitor(engine: Engine, tmp_path: Path) -> Iterator[Duck]:
    """DuckDB with nothing but the credential in its secret."""
    with connected(engine.lake, tmp_path) as duck:
        duck.run(
            f"CREATE SECRET engine (TYPE iceberg, CLIENT_ID '{engine.id}', "
            f"CLIENT_SECRET '{engine.key}', "
            f"OAUTH2_SERVER_URI '{engine.lake.server.url}/v1/oauth/tokens')"
        )
        yield duck


def attach(duck: Duck, lake: Lake, alias: str, options: str) -> None:
    duck.run(
        f"ATTACH '{lake.name}' AS {alias} (TYPE ICEBERG, ENDPOINT '{lake.server.url}', "
        f"ACCESS_DELEGATION_MODE 'none', {options})"
    )


def test_duckdb_signs_in_with_a_secret(engine: Engine, visitor: Duck, name: str) -> None:
    attach(visitor, engine.lake, "own", "SECRET engine")
    visitor.run(
        f"CREATE SCHEMA own.{name}",
        f"CREATE TABLE own.{name}.t (id BIGINT)",
        f"INSERT INTO own.{name}.t VALUES (1), (2)",
    )
    assert visitor.rows(f"SELECT sum(id) FROM own.{name}.t") == [(3,)]


def test_duckdb_signs_in_with_options(engine: Engine, visitor: Duck) -> None:
    given = f"CLIENT_ID '{engine.id}', CLIENT_SECRET '{engine.key}'"
    attach(visitor, engine.lake, "own", given)
    assert visitor.rows("SELECT 1 FROM duckdb_schemas() WHERE database_name = 'own' LIMIT 1")


def test_duckdb_is_refused_with_a_wrong_secret(engine: Engine, visitor: Duck) -> None:
    with pytest.raises(Exception, match=r"invalid_client|401|unknown, expired or was revoked"):
        attach(visitor, engine.lake, "own", f"CLIENT_ID '{engine.id}', CLIENT_SECRET 'wrong'")
