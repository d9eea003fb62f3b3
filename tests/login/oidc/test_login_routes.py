"""Signing in through a browser: to the provider, back to any server, and a token for the code."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from pangolin.app import create_app
from pangolin.errors import BadRequest
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.settings import Settings
from pangolin.store.api import ABSENT, ANY, Put
from pangolin.store.kinds import LOGIN_STEP, PRINCIPAL, ROLE, TOKEN
from tests.headers import bearer
from tests.login.oidc.world import (
    ALSO,
    DONE,
    ME,
    Browser,
    audited,
    exchange,
    query_of,
    runtime_of,
    take_cookies,
    users,
)
from tests.servers.issuer import Issuer
from tests.servers.loopback import Said


def test_a_person_signs_in_and_gets_a_token_of_ours(app: Flask, browser: Browser) -> None:
    answer = exchange(browser.client, browser.sign_in())
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["token_type"] == "Bearer"
    me = app.test_client().get(ME, headers=bearer(answer.json["token"]))
    assert me.json is not None
    assert (me.json["username"], me.json["role"]) == ("ann", "tenant-user")
    assert me.json["tenant-id"] == DEFAULT_TENANT


def test_any_server_takes_the_browser_back(app: Flask, second: Flask) -> None:
    first, other = app.test_client(), second.test_client()
    url = Browser(first).leave()
    take_cookies(first, other, "/oauth/callback/corp")
    answer = Browser(other).come_back(url)
    assert answer.status_code == 302
    token = exchange(first, query_of(answer.headers["Location"])["code"]).json
    assert token is not None
    assert other.get(ME, headers=bearer(token["token"])).status_code == 200


def test_the_browser_ends_where_it_asked_to(browser: Browser) -> None:
    answer = browser.come_back(browser.leave(ALSO, state="a b&c"))
    assert answer.headers["Location"].startswith(f"{ALSO}&code=")
    assert query_of(answer.headers["Location"])["state"] == "a b&c"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "foreign",
    [
        "https://evil.example/done",
        f"{DONE}/",
        f"{DONE}?x=1",
        f"{DONE}#x",
        f"{DONE}.evil.example",
        DONE.upper(),
        DONE.replace("https", "http"),
        DONE.replace("console", "evil@console"),
        f"{DONE}%2F..",
        f"{DONE}/../other",
        f"{DONE} ",
        f"{DONE}\r\nX-Evil: 1",
        "//console.example.org/done",
        "\\\\console.example.org/done",
        "javascript:alert(1)",
        "/done",
        "",
    ],
)
def test_a_foreign_url_is_never_redirected_to(
    browser: Browser, issuer: Issuer, foreign: str
) -> None:
    answer = browser.client.get("/oauth/authorize/corp", query_string={"redirect_uri": foreign})
    assert answer.status_code == 400
    assert "redirect_uri" in answer.text
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("query", ["", "redirect_uri=", f"redirect_uri={DONE}&next=/x"])
def test_a_query_of_something_else_is_refused(browser: Browser, query: str) -> None:
    assert browser.client.get(f"/oauth/authorize/corp?{query}").status_code == 400


def test_the_second_of_two_urls_does_not_slip_through(browser: Browser) -> None:
    query = f"redirect_uri={DONE}&redirect_uri=https://evil.example/"
    answer = browser.client.get(f"/oauth/authorize/corp?{query}")
    back = browser.come_back(answer.headers["Location"])
    assert back.headers["Location"].startswith(f"{DONE}?code=")


def test_a_provider_that_does_not_exist_is_not_found(browser: Browser) -> None:
    for path in ("authorize/nobody?redirect_uri=x", "callback/nobody?state=x&code=y"):
        assert browser.client.get(f"/oauth/{path}").status_code == 404


def test_a_state_is_good_once(browser: Browser) -> None:
    url = browser.leave()
    browser.come_back(url)
    answer = browser.come_back(url)
    assert answer.status_code == 400
    assert "state" in answer.text
    assert "Location" not in answer.headers


@pytest.mark.parametrize("state", ["", "made-up", "x" * 5000, "é", "\x00"])
def test_an_unknown_state_is_refused(browser: Browser, issuer: Issuer, state: str) -> None:
    query = {"state": state, "code": "x"}
    answer = browser.client.get("/oauth/callback/corp", query_string=query)
    assert answer.status_code == 400
    assert "/token" not in issuer.seen


def test_a_state_belongs_to_one_browser(app: Flask, browser: Browser, issuer: Issuer) -> None:
    url = browser.leave()
    assert Browser(app.test_client()).come_back(url).status_code == 400
    assert "/token" not in issuer.seen
    # And it is not used up by anyone who tried.
    assert browser.come_back(url).status_code == 302


def test_a_state_lives_ten_minutes(browser: Browser, app: Flask) -> None:
    url = browser.leave()
    _age(app, 600_001)
    assert browser.come_back(url).status_code == 400


def test_a_state_is_no_code_and_a_code_is_no_state(browser: Browser) -> None:
    state = query_of(browser.leave())["state"]
    assert exchange(browser.client, state).status_code == 400
    code = browser.sign_in()
    answer = browser.client.get(f"/oauth/callback/corp?state={code}&code=x")
    assert answer.status_code == 400


def test_a_one_time_code_is_good_once(browser: Browser) -> None:
    code = browser.sign_in()
    assert exchange(browser.client, code).status_code == 200
    again = exchange(browser.client, code)
    assert again.status_code == 400
    assert "code" in again.text


def test_a_one_time_code_lives_two_minutes(browser: Browser, app: Flask) -> None:
    code = browser.sign_in()
    _age(app, 120_001)
    assert exchange(browser.client, code).status_code == 400


@pytest.mark.parametrize("body", [{}, {"code": 7}, {"code": "x", "more": 1}, {"code": "made-up"}])
def test_a_bad_exchange_is_a_bad_request(browser: Browser, body: dict[str, Any]) -> None:
    assert browser.client.post("/api/v1/oauth/exchange", json=body).status_code == 400


def test_a_user_disabled_in_between_gets_no_token(browser: Browser, app: Flask) -> None:
    code = browser.sign_in()
    (doc,) = users(runtime_of(app))
    runtime_of(app).store.apply(Put(PRINCIPAL, doc | {"active": False}, ANY))
    assert exchange(browser.client, code).status_code == 401


def test_a_wrong_nonce_is_refused(browser: Browser, issuer: Issuer) -> None:
    issuer.id_claims = {"nonce": "another"}
    answer = browser.come_back(browser.leave())
    assert answer.status_code == 401
    assert "nonce" in answer.text
    assert "Basic" not in answer.headers["WWW-Authenticate"]


def test_a_wrong_code_is_refused(browser: Browser) -> None:
    state = query_of(browser.leave())["state"]
    answer = browser.client.get(f"/oauth/callback/corp?state={state}&code=made-up")
    assert answer.status_code == 401


def test_a_provider_that_is_down_is_said(browser: Browser, issuer: Issuer) -> None:
    issuer.answers["/.well-known/openid-configuration"] = Said(500)
    answer = browser.client.get("/oauth/authorize/corp", query_string={"redirect_uri": DONE})
    assert answer.status_code == 503
    assert "corp" in answer.text


def test_a_provider_that_fails_later_is_said(browser: Browser, issuer: Issuer) -> None:
    url = browser.leave()
    issuer.answers["/token"] = Said(500, b"<html>")
    assert browser.come_back(url).status_code == 503


@pytest.mark.parametrize(
    ("error", "passed"), [("access_denied", "access_denied"), ("<script>", "server_error")]
)
def test_a_person_who_turns_back_is_sent_home_with_the_error(
    browser: Browser, app: Flask, error: str, passed: str
) -> None:
    state = query_of(browser.leave(state="mine"))["state"]
    query = {"state": state, "error": error, "error_description": "x"}
    answer = browser.client.get("/oauth/callback/corp", query_string=query)
    assert answer.headers["Location"] == f"{DONE}?error={passed}&state=mine"
    assert audited(runtime_of(app))[-1][:2] == ("login_failed", "failure")


def test_an_error_without_a_state_redirects_nowhere(browser: Browser) -> None:
    answer = browser.client.get("/oauth/callback/corp?error=access_denied")
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_everything_is_audited(browser: Browser, app: Flask) -> None:
    exchange(browser.client, browser.sign_in())
    exchange(browser.client, "made-up")
    assert audited(runtime_of(app))[-3:] == [
        ("create_user", "success", "ann"),
        ("login", "success", "ann"),
        ("login_failed", "failure", ""),
    ]


def test_the_cookie_is_for_the_callback_alone(browser: Browser) -> None:
    answer = browser.client.get("/oauth/authorize/corp", query_string={"redirect_uri": DONE})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("pangolin-login-")
    for part in ("HttpOnly", "SameSite=Lax", "Path=/oauth/callback/corp", "Max-Age=600"):
        assert part in cookie
    assert "Secure" not in cookie


def test_behind_https_the_cookie_is_secure(settings: Settings, app: Flask) -> None:
    public = "https://lake.example.org/pangolin/"
    client = create_app(replace(settings, public_url=public)).test_client()
    answer = client.get("/oauth/authorize/corp", query_string={"redirect_uri": DONE})
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "Path=/pangolin/oauth/callback/corp" in answer.headers["Set-Cookie"]
    asked = query_of(answer.headers["Location"])
    assert asked["redirect_uri"] == "https://lake.example.org/pangolin/oauth/callback/corp"


@pytest.mark.parametrize("host", ["evil.example", "[", "127.0.0.1.evil.example"])
def test_the_host_of_a_request_decides_nothing_but_on_this_machine(
    browser: Browser, host: str
) -> None:
    query = {"redirect_uri": DONE}
    headers = {"Host": host, "X-Forwarded-Host": "lake.example.org"}
    answer = browser.client.get("/oauth/authorize/corp", query_string=query, headers=headers)
    assert answer.status_code in (400, 503)
    assert "Location" not in answer.headers


def test_what_the_store_keeps_of_a_login_is_sealed(browser: Browser, app: Flask) -> None:
    url = browser.leave()
    code = browser.sign_in()
    kept = repr([record.doc for record in runtime_of(app).store.scan(LOGIN_STEP)])
    secrets = [query_of(url)[name] for name in ("state", "nonce")]
    assert not [secret for secret in (*secrets, code, DONE, "corp") if secret in kept]


def test_steps_that_expired_are_removed_on_the_way(browser: Browser, app: Flask) -> None:
    for _ in range(3):
        browser.leave()
    _age(app, 600_001)
    browser.leave()
    assert runtime_of(app).store.count(LOGIN_STEP) == 1


@pytest.mark.parametrize("more", ['create_users = true\nroles = { devs = "developer" }'])
def test_roles_of_groups_are_in_the_token(browser: Browser, app: Flask, issuer: Issuer) -> None:
    store = runtime_of(app).store
    store.apply(Put(ROLE, {"tenant": DEFAULT_TENANT, "id": "r1", "name": "developer"}, ABSENT))
    issuer.info = {"groups": ["others", "devs"]}
    exchange(browser.client, browser.sign_in())
    (token,) = store.scan(TOKEN)
    assert token.doc["roles"] == ["r1"]


def test_providers_are_listed(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/oauth/providers")
    row = {"name": "corp", "label": "Corporate login", "weaker": False}
    assert answer.json == {"providers": [row]}


def test_too_many_attempts_of_one_address_are_refused(settings: Settings, app: Flask) -> None:
    client = create_app(replace(settings, rate_limit=3)).test_client()
    answers = [exchange(client, "made-up").status_code for _ in range(5)]
    assert answers == [400, 400, 400, 429, 429]
    refused = client.get("/oauth/authorize/corp", query_string={"redirect_uri": DONE})
    assert refused.status_code == 429
    assert "Retry-After" in refused.headers


@pytest.mark.parametrize(
    "url",
    [
        "http://console.example.org/",
        "javascript:alert(1)",
        "//console.example.org",
        "https://user@console.example.org/",
        "https://console.example.org/#x",
        "https://",
        "https://console.example.org\\@evil.example",
    ],
)
def test_an_unsafe_url_in_the_settings_is_an_error_at_start(url: str) -> None:
    with pytest.raises(BadRequest, match="PANGOLIN_OAUTH_REDIRECT_URIS"):
        create_app(Settings(store_url="memory:", oauth_redirect_uris=(url,)))
    with pytest.raises(BadRequest, match="PANGOLIN_PUBLIC_URL"):
        create_app(Settings(store_url="memory:", public_url=url))


def _age(app: Flask, ms: int) -> None:
    """Let all steps of logins be older than they are."""
    store = runtime_of(app).store
    for record in list(store.scan(LOGIN_STEP)):
        end = record.doc["expires_at_ms"] - ms
        store.apply(Put(LOGIN_STEP, record.doc | {"expires_at_ms": end}, record.version))


def test_callbacks_come_back_to_the_host_that_was_asked(browser: Browser) -> None:
    asked = query_of(browser.leave())
    assert urlsplit(asked["redirect_uri"]).path == "/oauth/callback/corp"
    assert urlsplit(asked["redirect_uri"]).hostname == "localhost"
