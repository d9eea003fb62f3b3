"""PyIceberg finds the catalog by every form of its address and credential."""

from typing import Any

import pytest
from pyiceberg.catalog import load_catalog
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import RESTError, UnauthorizedError

from tests.end_to_end.lake import Lake
from tests.end_to_end.samples import ARROW, ids, people
from tests.end_to_end.server import Server

pytestmark = pytest.mark.end_to_end
STORAGES = ("file",)


def connect(server: Server, **properties: Any) -> RestCatalog:
    return RestCatalog("x", uri=server.url, **properties)


@pytest.mark.parametrize("base", ["", "/", "/iceberg", "/iceberg/", "/v1/{}", "/iceberg/v1/{}"])
def test_every_form_of_the_base_uri_leads_to_the_catalog(lake: Lake, base: str) -> None:
    catalog = lake.catalog(uri=lake.server.url + base.format(lake.name))
    namespace = "ns" + "".join(char if char.isalnum() else "_" for char in base)
    table = catalog.create_table_if_not_exists(f"{_made(catalog, namespace)}.t", ARROW)
    table.append(people(1))
    assert ids(lake.catalog().load_table(f"{namespace}.t")) == [1]


def _made(catalog: RestCatalog, namespace: str) -> str:
    catalog.create_namespace_if_not_exists(namespace)
    return namespace


def test_a_base_uri_that_names_the_catalog_needs_no_warehouse(lake: Lake) -> None:
    uri = f"{lake.server.url}/v1/{lake.name}"
    catalog = RestCatalog("x", uri=uri, token=lake.server.token())
    catalog.create_namespace("without_warehouse")
    assert ("without_warehouse",) in lake.catalog().list_namespaces()


def test_a_client_that_names_no_warehouse_gets_the_default_catalog(server: Server) -> None:
    catalog = connect(server, token=server.token())
    assert catalog.properties["prefix"] == "lakehouse"
    assert ("default",) in catalog.list_namespaces()


def test_load_catalog_finds_the_type_by_the_uri(lake: Lake) -> None:
    found = load_catalog("x", uri=lake.server.url, warehouse=lake.name, token=lake.server.token())
    assert ("default",) in found.list_namespaces()


def test_basic_authentication_is_accepted(lake: Lake) -> None:
    basic = {"username": "root", "password": lake.server.password}
    catalog = connect(lake.server, warehouse=lake.name, auth={"type": "basic", "basic": basic})
    catalog.create_namespace("by_basic")
    assert catalog.namespace_exists("by_basic")


@pytest.mark.parametrize(
    "auth",
    [
        {},
        {"token": "nonsense"},
        {"auth": {"type": "basic", "basic": {"username": "root", "password": "wrong"}}},
    ],
    ids=["none", "bad token", "bad password"],
)
def test_a_missing_or_bad_credential_is_unauthorized(lake: Lake, auth: dict[str, Any]) -> None:
    with pytest.raises(UnauthorizedError):
        connect(lake.server, warehouse=lake.name, **auth)


def test_a_token_works_on_every_worker(lake: Lake) -> None:
    token = lake.server.token()
    for _ in range(12):
        # Each is a connection of its own, so that both workers are met.
        catalog = connect(lake.server, warehouse=lake.name, token=token)
        assert catalog.namespace_exists("default")
        catalog.close()


@pytest.mark.parametrize("warehouse", ["nowhere", "{}@nowhere", "nowhere@main"])
def test_an_unknown_warehouse_is_named_in_the_error(lake: Lake, warehouse: str) -> None:
    wanted = warehouse.format(lake.name)
    with pytest.raises(RESTError, match=f"NoSuchWarehouseException: .*{wanted}"):
        connect(lake.server, warehouse=wanted, token=lake.server.token())


def test_an_x_tenant_header_of_an_unknown_tenant_is_refused(lake: Lake) -> None:
    with pytest.raises(RESTError, match="Tenant does not exist: nobody"):
        lake.catalog(**{"header.X-Pangolin-Tenant": "nobody"})
