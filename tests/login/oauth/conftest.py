"""A service user with an API key, and a short way to ask for tokens."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pangolin.services.context.runtime import Runtime
from tests.login.oauth.clients import Ask, Service, make_service


@pytest.fixture
def service(runtime: Runtime) -> Service:
    """A service user of the tenant ACME."""
    return make_service(runtime, "etl")


@pytest.fixture
def anybody(app: Flask) -> FlaskClient:
    """A client that brings no credential of its own."""
    return app.test_client()


@pytest.fixture
def ask(anybody: FlaskClient) -> Ask:
    """Ask for a token with the parameters that a test names; `path` is where."""

    def ask(
        path: str = "/v1/oauth/tokens", authorization: str = "", **sent: str | None
    ) -> TestResponse:
        headers = {"Authorization": authorization} if authorization else {}
        form = {"grant_type": "client_credentials"} | sent
        given = {name: value for name, value in form.items() if value is not None}
        return anybody.post(path, data=given, headers=headers)

    return ask
