"""Against a real OpenID provider: the whole code flow through its pages, and its bearer tokens."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from pangolin.app import create_app
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.services.operations.bootstrap import initialise
from pangolin.settings import Settings
from pangolin.store.api import ABSENT, Put
from pangolin.store.kinds import ROLE, TOKEN
from tests.hashing import cheap
from tests.headers import bearer
from tests.login.oidc.world import DONE, ME, exchange, query_of, runtime_of, take_cookies, users
from tests.servers.keys import SECRET_KEYS
from tests.servers.openid import AUDIENCE, CLIENT, SECRET, OpenID, openid

pytestmark = pytest.mark.integration

CALLBACK = "http://localhost/oauth/callback/real"
ACTION = re.compile(r'action="([^"]+)"')
PROMPT = re.compile(r'name="prompt" value="([^"]+)"')
MOST_PAGES = 10


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenID]:
    """The provider."""
    with openid(CALLBACK) as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path, provider: OpenID) -> Settings:
    """Settings of servers that know it."""
    path = tmp_path / "providers.toml"
    path.write_text(f"""
[[provider]]
name = "real"
issuer = "{provider.issuer}"
allow_http = true
client_id = "{CLIENT}"
client_secret = "{SECRET}"
audiences = ["{CLIENT}", "{AUDIENCE}"]
tenant = "default"
scopes = ["openid", "profile", "email", "groups"]
roles = {{ devs = "developer" }}
create_users = true
""")
    return Settings(
        data_dir=str(tmp_path / "data"),
        store_url=f"sqlite:///{tmp_path / 'records.db'}",
        secret_keys=SECRET_KEYS,
        identity_providers=str(path),
        oauth_redirect_uris=(DONE,),
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The first server; its tenant has a role."""
    made = create_app(cheap(settings))
    initialise(runtime_of(made))
    role = {"tenant": DEFAULT_TENANT, "id": "r1", "name": "developer"}
    runtime_of(made).store.apply(Put(ROLE, role, ABSENT))
    yield made
    runtime_of(made).store.close()


def leave(client: FlaskClient) -> str:
    """Begin a login."""
    answer = client.get("/oauth/authorize/real", query_string={"redirect_uri": DONE})
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def through_the_pages(url: str, login: str) -> str:
    """Log in and consent as a person does; return the callback that the browser is sent to."""
    with requests.Session() as browser:
        answer = browser.get(url, allow_redirects=False, timeout=10)
        for _ in range(MOST_PAGES):
            if answer.is_redirect:
                target = requests.compat.urljoin(answer.url, answer.headers["Location"])
                if target.startswith(CALLBACK):
                    return target
                answer = browser.get(target, allow_redirects=False, timeout=10)
                continue
            answer.raise_for_status()
            answer = _submit(browser, answer, login)
    raise AssertionError("the provider did not send the browser back")


def _submit(browser: requests.Session, page: requests.Response, login: str) -> requests.Response:
    action, prompt = ACTION.search(page.text), PROMPT.search(page.text)
    assert action is not None
    form = {"login": login, "password": "any"}
    form |= {"prompt": prompt[1]} if prompt else {}
    target = requests.compat.urljoin(page.url, action[1])
    return browser.post(target, data=form, allow_redirects=False, timeout=10)


def come_back(client: FlaskClient, callback: str) -> str:
    """Answer the callback; return the one-time code."""
    parts = urlsplit(callback)
    answer = client.get(f"{parts.path}?{parts.query}")
    assert answer.status_code == 302, answer.text
    return query_of(answer.headers["Location"])["code"]


def test_a_person_signs_in_and_another_server_answers_the_callback(
    app: Flask, settings: Settings
) -> None:
    second = create_app(cheap(settings))
    first, other = app.test_client(), second.test_client()
    callback = through_the_pages(leave(first), "ann")
    take_cookies(first, other, "/oauth/callback/real")
    answer = exchange(first, come_back(other, callback))
    assert answer.json is not None
    me = other.get(ME, headers=bearer(answer.json["token"])).json
    assert me is not None
    assert (me["username"], me["email"], me["role"]) == ("ann", "ann@example.org", "tenant-user")
    (token,) = runtime_of(app).store.scan(TOKEN)
    assert token.doc["roles"] == ["r1"]
    runtime_of(second).store.close()


def test_a_person_who_comes_again_is_the_same_user(app: Flask) -> None:
    client = app.test_client()
    for _ in range(2):
        code = come_back(client, through_the_pages(leave(client), "bea"))
        assert exchange(client, code).status_code == 200
    assert [doc["name"] for doc in users(runtime_of(app))] == ["bea"]


def test_a_callback_is_good_once(app: Flask) -> None:
    client = app.test_client()
    callback = through_the_pages(leave(client), "ann")
    come_back(client, callback)
    parts = urlsplit(callback)
    assert client.get(f"{parts.path}?{parts.query}").status_code == 400


def test_a_bearer_token_is_accepted_and_another_is_not(app: Flask, provider: OpenID) -> None:
    client, token = app.test_client(), provider.robot_token()
    assert client.get(ME, headers=bearer(token)).status_code == 200
    assert client.get(ME, headers=bearer(f"{token[:-8]}AAAAAAAA")).status_code == 401


def test_keys_that_the_provider_rotates_are_followed(app: Flask, provider: OpenID) -> None:
    client, old = app.test_client(), provider.robot_token()
    assert client.get(ME, headers=bearer(old)).status_code == 200
    provider.rotate()
    fresh = provider.robot_token()
    # An unknown key is looked for every 30 s at most, and is unknown until then.
    assert client.get(ME, headers=bearer(fresh)).status_code == 401
    time.sleep(31)
    for token in (provider.robot_token(), fresh, old):
        assert client.get(ME, headers=bearer(token)).status_code == 200
    code = come_back(client, through_the_pages(leave(client), "ann"))
    assert exchange(client, code).status_code == 200
