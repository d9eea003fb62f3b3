"""Requests with a provider's own token: what they may, and how soon it ends."""

import time

import pytest
from flask import Flask

from pangolin.services.authn import security_stamps
from pangolin.store.api import ABSENT, ANY, Put
from pangolin.store.kinds import PRINCIPAL, TENANT
from tests.login.oidc.world import ME, audited, runtime_of, users
from tests.servers.issuer import Issuer, encoded
from tests.servers.loopback import Said


def ask(app: Flask, token: str, **headers: str) -> tuple[int, str]:
    """Ask who one is; return the status and the text of the answer."""
    sent = {"Authorization": f"Bearer {token}", **headers}
    answer = app.test_client().get(ME, headers=sent)
    return answer.status_code, answer.text


def test_a_token_of_the_provider_is_accepted(app: Flask, issuer: Issuer) -> None:
    status, text = ask(app, issuer.token())
    assert status == 200
    assert '"ann"' in text


def test_the_first_request_of_a_person_is_audited_with_where_it_came_from(
    app: Flask, issuer: Issuer
) -> None:
    ask(app, issuer.token())
    assert audited(runtime_of(app))[-1] == ("create_user", "success", "ann")


@pytest.mark.parametrize("more", [""])
def test_a_person_without_a_user_is_told_what_to_do(app: Flask, issuer: Issuer) -> None:
    status, text = ask(app, issuer.token())
    assert status == 401
    assert "create_users" in text


def test_a_disabled_user_is_refused_on_the_next_request_everywhere(
    app: Flask, second: Flask, issuer: Issuer
) -> None:
    token = issuer.token()
    assert ask(app, token)[0] == ask(second, token)[0] == 200
    (doc,) = users(runtime_of(app))
    doc["active"] = False
    put = Put(PRINCIPAL, doc, ANY)
    runtime_of(app).store.apply(put, security_stamps.invalidate(doc["tenant"], doc["id"]))
    assert ask(second, token)[0] == ask(app, token)[0] == 401


def test_a_token_that_expires_meanwhile_is_refused(app: Flask, issuer: Issuer) -> None:
    # With 30 s of leeway this one has one or two seconds left.
    token = issuer.token(exp=int(time.time()) - 28)
    assert ask(app, token)[0] == 200
    time.sleep(2.1)
    assert ask(app, token)[0] == 401


def test_another_tenant_is_out_of_reach(app: Flask, issuer: Issuer) -> None:
    other = {"tenant": "t2", "name": "two", "properties": {}}
    runtime_of(app).store.apply(Put(TENANT, other, ABSENT))
    claims = {"tid": "t2", "tenant": "two", "role": "root", "tenant_id": "t2"}
    token = issuer.token(**claims)
    assert ask(app, token, **{"X-Pangolin-Tenant": "two"})[0] == 403
    status, text = ask(app, token)
    assert status == 200
    assert '"tenant-user"' in text


def test_hostile_tokens_are_refused_without_a_failure_of_ours(app: Flask, issuer: Issuer) -> None:
    good = issuer.token()
    head, body, signature = good.split(".")
    forged = [
        f"{encoded({'alg': 'none'})}.{body}.",
        f"{head}.{body}.",
        f"{head}.{encoded(issuer.claims(sub='root'))}.{signature}",
        f"{head}.{encoded(b'{')}.{signature}",
        good + "x" * 1_000_000,
        good[:-1],
        f"{good}.{good}",
        issuer.token(aud="another"),
        "é" * 100,
    ]
    assert {ask(app, token)[0] for token in forged} == {401}


def test_a_provider_that_is_down_is_no_way_in(app: Flask, issuer: Issuer) -> None:
    issuer.answers["/keys"] = Said(500)
    status, text = ask(app, issuer.token())
    assert status == 503
    assert "corp" in text
