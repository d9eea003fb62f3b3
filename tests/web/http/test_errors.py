"""Every failure is one shape, whichever part of the server raised it."""

import logging
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pangolin import errors as domain
from pangolin.store.api import Conflict, Put
from pangolin.store.kinds import TENANT
from pangolin.web.http.errors import flatten


@pytest.fixture
def failing(app: Flask) -> FlaskClient:
    """The application with routes that fail in every way."""

    def add(path: str, error: Exception) -> None:
        def fail() -> Any:
            raise error

        app.add_url_rule(path, path, fail)

    add("/domain", domain.NoSuchTable("Table does not exist: a.b"))
    add("/details", domain.InUse("in use", details={"tables": 2}))
    add("/away", domain.Unavailable("the database is away", retry_after=7))
    add("/conflict", Conflict(Put(TENANT, {}), "it exists"))
    add("/surprise", ZeroDivisionError("secret detail"))
    return app.test_client()


def test_a_domain_error_keeps_status_type_and_message(failing: FlaskClient) -> None:
    answer = failing.get("/domain")
    assert answer.status_code == 404
    assert answer.get_json() == {
        "error": {
            "message": "Table does not exist: a.b",
            "type": "NoSuchTableException",
            "code": 404,
        }
    }


def test_details_and_headers_go_out(failing: FlaskClient) -> None:
    assert failing.get("/details").get_json()["error"]["details"] == {"tables": 2}
    assert failing.get("/away").headers["Retry-After"] == "7"


def test_a_store_conflict_that_escapes_is_409(failing: FlaskClient) -> None:
    assert failing.get("/conflict").status_code == 409


def test_a_surprise_shows_an_id_that_the_log_has_and_no_traceback(
    failing: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = failing.get("/surprise")
    message = answer.get_json()["error"]["message"]
    assert answer.status_code == 500
    assert "secret detail" not in message
    assert message.rsplit(" ", 1)[1] in caplog.text
    assert "ZeroDivisionError: secret detail" in caplog.text


def test_a_method_that_is_not_there_is_405_with_allow(client: FlaskClient) -> None:
    answer = client.post("/health/live")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.get_json()["error"]["type"] == "MethodNotAllowedException"


def test_a_missing_field_is_400_naming_it(client: FlaskClient) -> None:
    answer = client.post("/api/v1/users/login", json={"username": "x"})
    assert answer.status_code == 400
    assert answer.get_json()["error"]["message"].startswith("password: ")


def test_an_unknown_field_is_400_naming_it(client: FlaskClient) -> None:
    body = {"username": "x", "password": "y", "colour": "red"}
    answer = client.post("/api/v1/users/login", json=body)
    assert answer.status_code == 400
    assert "colour" in answer.get_json()["error"]["message"]


def test_broken_json_is_400(client: FlaskClient) -> None:
    answer = client.post(
        "/api/v1/users/login", data="{", headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, 400)


def test_another_media_type_is_415(client: FlaskClient) -> None:
    answer = client.post("/api/v1/users/login", data="a=b", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert "application/json" in answer.get_json()["error"]["message"]


def test_a_body_above_the_limit_is_413_even_if_no_one_reads_it(app: Flask) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 10
    answer = app.test_client().get("/health/live", data=b"x" * 11)
    assert answer.status_code == 413


def test_nested_messages_name_their_path() -> None:
    messages = {"json": {"a": {"b": {0: ["too long"]}}, "_schema": ["odd"]}}
    assert flatten(messages) == "a.b.0: too long; odd"
