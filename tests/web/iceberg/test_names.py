"""Names with odd characters go through paths, bodies and lists unharmed."""

from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from tests.samples import SCHEMA
from tests.web.iceberg.conftest import Call

NAMES = ["a.b", "a/b", "a b", "50%", "it's", 'say "hi"', "é😀", "a%2Fb", "x=y&z", "..", "#?;:,"]


@pytest.mark.parametrize("name", NAMES)
def test_a_table_name_round_trips(call: Call, name: str) -> None:
    call("POST", "/lake/namespaces", {"namespace": ["db"]})
    body = {"name": name, "schema": SCHEMA}
    assert call("POST", "/lake/namespaces/db/tables", body).status_code == 200
    path = f"/lake/namespaces/db/tables/{quote(name, safe='')}"
    assert call("HEAD", path).status_code == 204
    listed = call("GET", "/lake/namespaces/db/tables").get_json()["identifiers"]
    assert listed == [{"namespace": ["db"], "name": name}]
    assert call("DELETE", path + "?purgeRequested=true").status_code == 204


@pytest.mark.parametrize("name", NAMES)
def test_a_nested_namespace_round_trips(call: Call, name: str) -> None:
    for levels in ([name], [name, name]):
        answer = call("POST", "/lake/namespaces", {"namespace": levels})
        assert answer.get_json()["namespace"] == levels
    path = quote("\x1f".join((name, name)), safe="")
    assert call("GET", f"/lake/namespaces/{path}").get_json()["namespace"] == [name, name]
    parent = quote(quote(name, safe=""), safe="")
    listed = call("GET", f"/lake/namespaces?parent={parent}").get_json()["namespaces"]
    assert listed == [[name, name]]


def test_a_plus_in_a_path_is_a_blank_and_an_escaped_plus_is_a_plus(call: Call) -> None:
    call("POST", "/lake/namespaces", {"namespace": ["a b"]})
    call("POST", "/lake/namespaces", {"namespace": ["a+b"]})
    assert call("GET", "/lake/namespaces/a+b").get_json()["namespace"] == ["a b"]
    assert call("GET", "/lake/namespaces/a%2Bb").get_json()["namespace"] == ["a+b"]


@pytest.mark.parametrize("name", ["", "a\x00b", "a\x1fb", "\x7f", "x" * 513])
def test_an_illegal_name_is_400_and_named(call: Call, name: str) -> None:
    call("POST", "/lake/namespaces", {"namespace": ["db"]})
    answer = call("POST", "/lake/namespaces/db/tables", {"name": name, "schema": SCHEMA})
    assert answer.status_code == 400
    assert "name" in answer.get_json()["error"]["message"]
    assert call("POST", "/lake/namespaces", {"namespace": ["ok", name]}).status_code == 400


def test_an_unknown_parent_is_404(call: Call) -> None:
    answer = call("GET", "/lake/namespaces?parent=nope")
    assert answer.get_json()["error"]["type"] == "NoSuchNamespaceException"


def test_a_nested_namespace_needs_its_parent(call: Call) -> None:
    answer = call("POST", "/lake/namespaces", {"namespace": ["a", "b"]})
    assert (answer.status_code, answer.get_json()["error"]["message"]) == (
        404,
        "Namespace does not exist: a",
    )


def test_json_nested_too_deep_is_400(client: FlaskClient, catalog: str) -> None:
    body = b'{"namespace":' + b"[" * 200_000
    for path in ("/v1/lake/namespaces", "/v1/lake/transactions/commit", "/api/v1/catalogs"):
        answer = client.post(path, data=body, content_type="application/json")
        assert answer.status_code == 400, path
