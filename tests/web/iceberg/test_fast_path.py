"""The short way of a load answers as the long one does, and is taken only where it may be."""

from collections.abc import Iterator

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pangolin.errors import Unavailable
from pangolin.services.context.runtime import Runtime

TABLES = "/v1/lake/namespaces/a%1Fb%2Fc/tables"
TABLE = f"{TABLES}/t%25"
# The long way reads the mode in any letter case; the short way does not try.
LONG, SHORT = "?snapshots=ALL", "?snapshots=all"


@pytest.fixture
def through_flask(app: Flask) -> list[str]:
    """The queries of the requests that Flask has seen."""
    seen: list[str] = []
    app.before_request(lambda: seen.append(request.query_string.decode()))
    return seen


@pytest.fixture
def bearer(through_flask: list[str], client: FlaskClient, catalog: str) -> Iterator[FlaskClient]:
    """A client with a session, and a table it may load."""
    given = {"username": "root", "password": "correct horse"}
    token = client.post("/api/v1/users/login", json=given).get_json()["token"]
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    for levels in (["a"], ["a", "b/c"]):
        client.post("/v1/lake/namespaces", json={"namespace": levels})
    schema = {"type": "struct", "schema-id": 0, "fields": []}
    made = client.post(TABLES, json={"name": "t%", "schema": schema})
    assert made.status_code == 200, made.text
    through_flask.clear()
    yield client


Shown = tuple[str, dict[str, str], bytes]


def shown(answer: TestResponse) -> Shown:
    return answer.status, dict(answer.headers), answer.data


def both(client: FlaskClient, path: str, **headers: str) -> tuple[Shown, Shown]:
    sent = {"X-Request-Id": "same", **headers}
    short = client.get(path + SHORT, headers=sent)
    long = client.get(path + LONG, headers=sent)
    return shown(short), shown(long)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"If-None-Match": "*"},
        {"If-None-Match": 'W/"nothing"'},
        {"X-Pangolin-Tenant": "default"},
        {"X-Pangolin-Tenant": "nobody"},
        {"Authorization": "Bearer pgs_wrong"},
        {"Authorization": "Basic wrong"},
        {"Authorization": "Unheard of"},
        {"Idempotency-Key": "not a uuid"},
    ],
)
@pytest.mark.parametrize("path", [TABLE, f"{TABLES}/none", TABLE.replace("lake", "sea")])
def test_both_ways_answer_alike(bearer: FlaskClient, headers: dict[str, str], path: str) -> None:
    short, long = both(bearer, path, **headers)
    assert short == long


def test_a_load_does_not_pass_flask(bearer: FlaskClient, through_flask: list[str]) -> None:
    tag = bearer.get(TABLE).headers["ETag"]
    assert bearer.get(f"{TABLE}?snapshots=refs").status_code == 200
    assert bearer.get(TABLE, headers={"If-None-Match": tag}).status_code == 304
    assert through_flask == []


@pytest.mark.parametrize("name", ["Origin", "Idempotency-Key"])
def test_an_unusual_load_passes_flask(
    bearer: FlaskClient, through_flask: list[str], name: str
) -> None:
    bearer.get(TABLE, headers={name: "f47ac10b-58cc-4372-a567-0e02b2c3d479"})
    assert len(through_flask) == 1


def test_a_closed_session_loads_no_more(bearer: FlaskClient) -> None:
    assert bearer.get(TABLE).status_code == 200
    assert bearer.post("/api/v1/users/logout").status_code == 204
    assert bearer.get(TABLE).status_code == 401


def test_a_store_that_is_away_is_not_asked_again(
    bearer: FlaskClient, through_flask: list[str], runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bearer.get(TABLE).status_code == 200

    def away(wanted: object) -> None:
        raise Unavailable("the store is away")

    monkeypatch.setattr(runtime.store, "get_many", away)
    short, long = both(bearer, TABLE)
    assert short == long
    assert short[0] == "503 SERVICE UNAVAILABLE"
    assert through_flask == [LONG[1:]]


def test_a_surprise_is_answered_by_flask(
    bearer: FlaskClient, through_flask: list[str], runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bearer.get(TABLE).status_code == 200

    def surprise(wanted: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(runtime.store, "get_many", surprise)
    answer = bearer.get(TABLE)
    assert (answer.status_code, len(through_flask)) == (500, 1)
    assert answer.get_json()["error"]["type"] == "InternalServerError"


def test_a_warm_load_shows_the_last_commit(bearer: FlaskClient) -> None:
    before = bearer.get(TABLE)
    again = bearer.get(TABLE)
    refs = bearer.get(f"{TABLE}?snapshots=refs")
    assert (before.data, before.headers["ETag"]) == (again.data, again.headers["ETag"])
    assert refs.headers["ETag"] != before.headers["ETag"]
    update = {"action": "set-properties", "updates": {"k": "v"}}
    bearer.post(TABLE, json={"requirements": [], "updates": [update]})
    assert bearer.get(TABLE).get_json()["metadata"]["properties"]["k"] == "v"
