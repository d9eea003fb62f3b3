"""Generated requests against both documents: no 5xx, and no answer the documents do not have."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pangolin.app import create_app
from pangolin.settings import Settings
from tests.samples import SCHEMA, view_version
from tests.worlds.management import Call

DOCUMENTS = ("/api/v1/openapi.json", "/v1/openapi.json")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = [6, pytest.param(24, marks=pytest.mark.integration)]
VERSION = view_version("default")


def load(document: str, app: Flask) -> Any:
    """Read a document without its catch-all answers, which would hide one that is not named."""
    schema = schemathesis.openapi.from_wsgi(document, app)
    for methods in schema.raw_schema["paths"].values():
        for operation in methods.values():
            if isinstance(operation, dict):
                operation["responses"].pop("default", None)
    return schema


def operations() -> Iterator[Any]:
    """List every endpoint of both documents, each of which is loaded once; nothing is opened."""
    app = create_app(Settings(store_url="memory:", root_password="unused"))
    for document in DOCUMENTS:
        for result in load(document, app).get_all_operations():
            assert isinstance(result, Ok), result
            operation = result.ok()
            name = f"{document.removesuffix('openapi.json')}-{operation.path}-{operation.method}"
            yield pytest.param(operation, id=name)


@pytest.fixture
def known(call: Call, client: FlaskClient, catalog: str) -> dict[str, str]:
    """Fill the server, and say what the parameters of a path may be to find something."""
    made = call("POST", "/tenants", {"name": "acme"})
    tenant = made.get_json()["id"]
    view = {"name": "v", "schema": SCHEMA, "view-version": VERSION, "properties": {}}
    pointer = {"name": "m", "kind": "ML_MODEL", "location": "s3://b/m"}
    asset = call("POST", "/catalogs/lake/namespaces/default/assets", pointer).get_json()["id"]
    below = "/v1/lake/namespaces/default"
    answers = [
        call("POST", "/branches", {"name": "dev", "catalog": catalog}),
        call("POST", "/tags", {"name": "t1", "catalog": catalog}),
        client.post(f"{below}/tables", json={"name": "t", "schema": SCHEMA}),
        client.post(f"{below}/views", json=view),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200]
    user = {"username": "ann", "email": "ann@example.com", "role": "tenant-user"}
    service = call("POST", "/service-users", {"name": "etl", "role": "tenant-user"}).get_json()
    role = call("POST", "/roles", {"name": "readers"}).get_json()["id"]
    names = {"/catalogs/": catalog, "/warehouses/": "w", "/branches/": "dev", "/tags/": "t1"}
    return names | {
        "tenant": tenant,
        "prefix": catalog,
        "catalog": catalog,
        "namespace": "default",
        "table": "t",
        "view": "v",
        "asset_id": asset,
        "user": call("POST", "/users", user).get_json()["id"],
        "user_id": service["id"],
        "role_id": role,
        "member_id": role,
        "permission_id": "nobody",
        "service": service["id"],
        "key": service["key_id"],
        "jti": "nobody",
        "provider": "nobody",
        "record_id": call("GET", "/audit").get_json()[0]["id"],
    }


# What a generated body may say instead, so that some of them are accepted.
BODY = {
    "catalog": "lake",
    "catalog_type": "Local",
    "commit_id": "dev",
    "federated_config": None,
    "from_branch": "main",
    "from_ref": None,
    "name": "fresh",
    "storage_location": None,
    "warehouse": "w",
    "warehouse_name": "w",
}


def aim(case: Any, known: dict[str, str]) -> None:
    """Make a generated request name what is there."""
    for parameter in case.path_parameters or {}:
        if parameter == "name":
            start = next((start for start in known if start in case.path and start[0] == "/"), "")
            case.path_parameters[parameter] = "m" if "/assets/" in case.path else known[start]
        else:
            case.path_parameters[parameter] = known[parameter]
    if "catalog" in (case.query or {}):
        case.query["catalog"] = known["catalog"]
    if isinstance(case.body, dict):
        case.body |= {key: BODY[key] for key in case.body.keys() & BODY.keys()}


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("operation", list(operations()))
def test_generated_requests_get_documented_answers(
    app: Flask, client: FlaskClient, known: dict[str, str], operation: Any, examples: int
) -> None:
    headers = {"Authorization": client.environ_base["HTTP_AUTHORIZATION"]}
    valid, invalid = (
        operation.as_strategy(generation_mode=mode)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    )

    @given(case=valid | invalid if negatable(operation) else valid, aimed=st.booleans())
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def check(case: Any, aimed: bool) -> None:
        if aimed:
            aim(case, known)
        case.call_and_validate(headers=headers, checks=CHECKS, app=app)

    check()


def negatable(operation: Any) -> bool:
    """Return whether there is anything in a request that could be wrong."""
    return bool(operation.body or operation.query or operation.path_parameters)
