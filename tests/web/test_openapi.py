"""The OpenAPI documents: complete, valid, and shown without the internet."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

APIS = ["/v1", "/api/v1"]
# What is no part of either API: the documents themselves.
OUTSIDE = re.compile(r"/(api/)?v1/(openapi\.json|docs.*)")


def documents(client: FlaskClient) -> list[dict[str, Any]]:
    return [client.get(f"{prefix}/openapi.json").get_json() for prefix in APIS]


@pytest.mark.parametrize("prefix", APIS)
def test_a_document_is_valid_openapi(client: FlaskClient, prefix: str) -> None:
    validate(client.get(f"{prefix}/openapi.json").get_json())


def test_every_route_is_in_one_of_the_documents(app: Flask, client: FlaskClient) -> None:
    documented = {
        (method.upper(), path)
        for document in documents(client)
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }
    served = {
        (method, re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not OUTSIDE.fullmatch(rule.rule)
    }
    assert served - documented == set()


def test_every_operation_is_described_and_documents_its_errors(client: FlaskClient) -> None:
    for document in documents(client):
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if method != "parameters":
                    assert operation.get("summary"), (method, path)
                    assert "default" in operation["responses"], (method, path)


def test_operations_take_a_credential_unless_they_are_open(client: FlaskClient) -> None:
    for document in documents(client):
        assert document["security"] == [{"bearer": []}, {"basic": []}]
    paths = documents(client)[1]["paths"]
    assert paths["/api/v1/users/login"]["post"]["security"] == []
    assert paths["/health/live"]["get"]["security"] == []


@pytest.mark.parametrize("prefix", APIS)
def test_the_page_loads_nothing_from_elsewhere(client: FlaskClient, prefix: str) -> None:
    page = client.get(f"{prefix}/docs")
    assert page.mimetype == "text/html"
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    for found in re.findall(r'(?:href|src)="([^"]+)"', page.get_data(as_text=True)):
        assert client.get(f"{prefix}/{found}").status_code == 200


def test_nothing_but_the_page_parts_is_served_from_the_package(client: FlaskClient) -> None:
    assert client.get("/v1/docs/..%2F__init__.py").status_code == 404
    assert client.get("/v1/docs/index.html").status_code == 404
