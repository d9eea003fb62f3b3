"""Serving without authentication stays on this machine."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from pangolin.app import create_app
from pangolin.errors import BadRequest
from pangolin.services.operations.bootstrap import initialise
from pangolin.settings import Settings
from pangolin.web.http.loopback import is_loopback

HERE = ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LOCALHOST", "::ffff:127.0.0.1"]
ELSEWHERE = ["0.0.0.0", "::", "10.0.0.1", "example.org", "localhost.example.org", "", None]


@pytest.fixture
def open_client(settings: Settings) -> FlaskClient:
    """A client of a server without authentication."""
    app = create_app(replace(settings, no_auth=True))
    initialise(app.extensions["pangolin"].runtime)
    return app.test_client()


@pytest.mark.parametrize("host", HERE)
def test_a_loopback_host_is_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_any_other_host_is_not_loopback(host: str | None) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2"])
def test_the_application_refuses_no_auth_off_loopback(settings: Settings, host: str) -> None:
    with pytest.raises(BadRequest, match="PANGOLIN_NO_AUTH"):
        create_app(replace(settings, no_auth=True, host=host))


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080"])
def test_a_request_from_here_needs_no_credential(open_client: FlaskClient, host: str) -> None:
    answer = open_client.get("/api/v1/users/me", headers={"Host": host})
    assert answer.get_json()["username"] == "anonymous"


def test_a_credential_that_is_presented_is_still_checked(open_client: FlaskClient) -> None:
    answer = open_client.get("/api/v1/users/me", headers={"Authorization": "Bearer pgs_wrong"})
    assert answer.status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "[bad", "10.0.0.1"])
def test_another_name_of_this_machine_is_refused(open_client: FlaskClient, host: str) -> None:
    overrides = {"HTTP_HOST": host}
    answer = open_client.get("/api/v1/users/me", environ_overrides=overrides)
    assert answer.status_code == 403


def test_a_remote_address_is_refused(open_client: FlaskClient) -> None:
    overrides = {"REMOTE_ADDR": "10.1.2.3"}
    answer = open_client.get("/api/v1/users/me", environ_overrides=overrides)
    assert answer.status_code == 403


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-Ip"])
def test_a_proxied_request_is_refused(open_client: FlaskClient, name: str) -> None:
    assert open_client.get("/api/v1/users/me", headers={name: "127.0.0.1"}).status_code == 403


def test_a_page_of_another_origin_is_refused(open_client: FlaskClient) -> None:
    theirs = {"Origin": "https://evil.example"}
    own = {"Origin": "http://localhost"}
    assert open_client.get("/api/v1/users/me", headers=theirs).status_code == 403
    assert open_client.get("/api/v1/users/me", headers=own).status_code == 200
