"""A body that cannot be decoded is refused everywhere, and never taken for none."""

import gzip
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pangolin.web.openapi import document_of
from tests.web.iceberg.conftest import Call

JSON = "application/json"
TEXT = '{"updates": {"a": "\u00e9"}}'
UNDECODABLE: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "latin-1": (TEXT.encode("latin-1"), {"Content-Type": JSON}, 400, "not UTF-8"),
    "declared": (
        TEXT.encode("latin-1"),
        {"Content-Type": f"{JSON}; charset=iso-8859-1"},
        400,
        "not UTF-8",
    ),
    "utf-16": (TEXT.encode("utf-16"), {"Content-Type": JSON}, 400, "not UTF-8"),
    "gzip undeclared": (gzip.compress(TEXT.encode()), {"Content-Type": JSON}, 400, "not UTF-8"),
    "gzip": (
        gzip.compress(TEXT.encode()),
        {"Content-Type": JSON, "Content-Encoding": "gzip"},
        415,
        "Content-Encoding 'gzip'",
    ),
    "cut short": (b'{"updates": ', {"Content-Type": JSON}, 400, "not valid JSON"),
    "blank": (b" ", {"Content-Type": JSON}, 400, "not valid JSON"),
    "text": (TEXT.encode(), {"Content-Type": "text/plain"}, 415, "not text/plain"),
    "form": (
        b"a=b",
        {"Content-Type": "application/x-www-form-urlencoded"},
        415,
        "not application/x-www-form-urlencoded",
    ),
    "untyped": (TEXT.encode(), {}, 415, "not untyped"),
}


def operations(app: Flask) -> Iterator[tuple[str, str, bool]]:
    """List method, path and whether its body is required, of all that take JSON."""
    for name in ("ICEBERG", "MANAGEMENT"):
        document = document_of(app, name)
        for path, found in document["paths"].items():
            for method, each in found.items():
                body = each.get("requestBody", {}) if isinstance(each, dict) else {}
                if JSON in body.get("content", {}):
                    yield method.upper(), re.sub(r"\{\w+\}", "x", path), body.get("required", False)


def said(answer: TestResponse, at: tuple[str, str]) -> str:
    assert answer.status_code in (400, 415), (at, answer.status_code, answer.get_data())
    return str(answer.get_json()["error"]["message"])


@pytest.mark.parametrize("kind", UNDECODABLE)
def test_every_endpoint_refuses_it_alike(app: Flask, client: FlaskClient, kind: str) -> None:
    data, headers, status, fault = UNDECODABLE[kind]
    found = list(operations(app))
    assert len(found) > 30
    for method, path, _ in found:
        answer = client.open(path, method=method, data=data, headers=headers)
        assert fault in said(answer, (method, path)), (method, path)
        assert answer.status_code == status, (method, path)


def test_an_endpoint_that_needs_a_body_says_that_it_is_missing(
    app: Flask, client: FlaskClient
) -> None:
    needing = [(method, path) for method, path, required in operations(app) if required]
    for method, path in needing:
        for headers in ({}, {"Content-Type": JSON}, {"Content-Type": "text/plain"}):
            answer = client.open(path, method=method, headers=headers)
            assert "body is missing" in said(answer, (method, path)), (method, path)


def test_an_empty_body_is_none_where_it_is_optional(client: FlaskClient) -> None:
    new = {"name": "engine", "role": "tenant-user"}
    made = client.post("/api/v1/service-users", json=new).get_json()
    path = f"/api/v1/service-users/{made['id']}/rotate"
    assert client.post(path).status_code == 200
    assert client.post(path, data=b"", content_type=JSON).status_code == 200
    assert client.post(path, data=b"\xfc", content_type=JSON).status_code == 400


def test_properties_that_cannot_be_read_change_nothing(call: Call, client: FlaskClient) -> None:
    call("POST", "/lake/namespaces", {"namespace": ["n"]})
    path = "/v1/lake/namespaces/n/properties"
    answer = client.post(path, data=TEXT.encode("latin-1"), content_type=JSON)
    assert said(answer, ("POST", path)) == (
        "the body is not UTF-8: invalid continuation byte at byte 19"
    )
    assert client.post(path, data=TEXT.encode(), content_type=JSON).get_json()["updated"] == ["a"]


def test_a_body_that_is_not_encoded_may_say_so(call: Call, client: FlaskClient) -> None:
    sent = {"Content-Type": JSON, "Content-Encoding": "identity"}
    data = b'{"namespace": ["n"]}'
    assert client.post("/v1/lake/namespaces", data=data, headers=sent).status_code == 200
