"""The OpenAPI documents say all that the server does."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

DOCUMENTS = {"/api/v1/openapi.json": "/api/v1/", "/v1/openapi.json": "/v1/"}
# The documents themselves, and the pages that show them.
BESIDE = re.compile(r"(/api)?/v1/(openapi\.json|docs.*)")
EVERYWHERE = {"400", "401", "403", "413", "500", "503"}


def document(client: FlaskClient, path: str) -> dict[str, Any]:
    return dict(client.get(path).get_json())


@pytest.mark.parametrize(("path", "start"), DOCUMENTS.items())
def test_every_route_is_documented(app: Flask, client: FlaskClient, path: str, start: str) -> None:
    documented = {
        (re.sub(r"{\w+}", "{}", route), method.upper())
        for route, methods in document(client, path)["paths"].items()
        for method in methods
        if method != "parameters"
    }
    routed = {
        (re.sub(r"<[^>]+>", "{}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(start) and not BESIDE.fullmatch(rule.rule)
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}
    }
    assert routed - documented == set()


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_operation_says_what_it_does_and_how_it_fails(client: FlaskClient, path: str) -> None:
    for route, methods in document(client, path)["paths"].items():
        for method, operation in methods.items():
            if method == "parameters" or operation.get("security") == []:
                continue
            assert operation.get("summary"), (method, route)
            assert set(operation["responses"]) >= EVERYWHERE, (method, route)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_error_has_a_schema(client: FlaskClient, path: str) -> None:
    for route, methods in document(client, path)["paths"].items():
        for method, operation in methods.items():
            if method == "parameters":
                continue
            for status, answer in operation["responses"].items():
                if status[0] in "45":
                    assert "schema" in answer["content"]["application/json"], (method, route)


def test_deletions_document_force(client: FlaskClient) -> None:
    paths = document(client, "/api/v1/openapi.json")["paths"]
    for route in ("tenants/{tenant}", "warehouses/{name}", "catalogs/{name}"):
        parameters = paths[f"/api/v1/{route}"]["delete"]["parameters"]
        assert "force" in {parameter["name"] for parameter in parameters}
