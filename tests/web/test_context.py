"""Who may ask, in which tenant, and what a request carries."""

import uuid
from base64 import b64encode
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pangolin.app import create_app
from pangolin.interfaces.authentication import AuthRequest, Principal
from pangolin.plugin import hookimpl
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.services.operations.bootstrap import initialise
from pangolin.settings import Settings
from pangolin.store.api import Put
from pangolin.store.kinds import TENANT
from pangolin.web.context import current_context
from tests.samples import ACME


def show() -> dict[str, Any]:
    ctx = current_context()
    return {
        "principal": ctx.principal.name,
        "tenant": ctx.tenant,
        "key": ctx.idempotency.token if ctx.idempotency else None,
        "digest": ctx.idempotency.digest if ctx.idempotency else None,
        "left": ctx.deadline_ms - ctx.now(),
    }


class Badge:
    """A plugin that knows users of one tenant by a header of its own."""

    name = "badge"

    @hookimpl
    def pangolin_authenticate(self, request: AuthRequest) -> Principal | None:
        if request.api_key != "badge":
            return None
        return Principal("u1", "ann", "tenant-user", ACME)


@pytest.fixture
def app(settings: Settings) -> Flask:
    """An application with a view of the scope, a second tenant and a user in it."""
    made = create_app(settings, plugins=[Badge()])
    made.add_url_rule("/show", "show", show, methods=["GET", "POST"])
    runtime: Runtime = made.extensions["pangolin"].runtime
    initialise(runtime)
    runtime.store.apply(Put(TENANT, {"tenant": ACME, "name": "acme", "properties": {}}))
    return made


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """A client without credentials."""
    return app.test_client()


def test_a_request_without_credentials_is_401(stranger: FlaskClient) -> None:
    answer = stranger.get("/show")
    assert answer.status_code == 401
    assert "Basic" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer of.no.plugin",
        "Bearer pgs_unknown",
        "Bearer pgl_unknown",
        "Basic !!!",
        "Basic " + b64encode(b"nocolon").decode(),
        "Basic " + b64encode(b"root:wrong").decode(),
        "Basic " + b64encode(b"nobody:wrong").decode(),
        "Basic " + b64encode(b"\xff:\xfe").decode(),
        "Digest x",
        "",
    ],
)
def test_a_bad_credential_is_401(stranger: FlaskClient, header: str) -> None:
    assert stranger.get("/show", headers={"Authorization": header}).status_code == 401


def test_root_is_in_the_default_tenant(client: FlaskClient) -> None:
    assert client.get("/show").get_json()["tenant"] == DEFAULT_TENANT


@pytest.mark.parametrize("name", [ACME, ACME.upper(), "acme"])
def test_root_may_choose_a_tenant_by_id_or_name(client: FlaskClient, name: str) -> None:
    answer = client.get("/show", headers={"X-Pangolin-Tenant": name})
    assert answer.get_json()["tenant"] == ACME


def test_an_unknown_tenant_is_404(client: FlaskClient) -> None:
    answer = client.get("/show", headers={"X-Pangolin-Tenant": "nowhere"})
    assert answer.status_code == 404
    assert answer.get_json()["error"]["type"] == "NoSuchTenantException"


@pytest.mark.parametrize(("name", "status"), [(None, 200), (ACME, 200), ("acme", 200)])
def test_a_user_is_in_the_own_tenant(stranger: FlaskClient, name: str, status: int) -> None:
    headers = {"X-API-Key": "badge"} | ({"X-Pangolin-Tenant": name} if name else {})
    answer = stranger.get("/show", headers=headers)
    assert (answer.status_code, answer.get_json()["tenant"]) == (status, ACME)


@pytest.mark.parametrize("name", [DEFAULT_TENANT, "default", "nowhere"])
def test_a_user_may_not_name_another_tenant(stranger: FlaskClient, name: str) -> None:
    headers = {"X-API-Key": "badge", "X-Pangolin-Tenant": name}
    assert stranger.get("/show", headers=headers).status_code == 403


def test_the_deadline_is_the_request_timeout_ahead(client: FlaskClient) -> None:
    assert 55_000 < client.get("/show").get_json()["left"] <= 60_000


@pytest.mark.parametrize("key", ["", "x", "0" * 32, "{" + "0" * 32 + "}", "z" * 36])
def test_a_malformed_idempotency_key_is_400(client: FlaskClient, key: str) -> None:
    answer = client.post("/show", headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.get_json()["error"]["message"]


def test_an_idempotency_digest_covers_path_query_and_body(client: FlaskClient) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}

    def digest(path: str, body: bytes) -> str:
        return str(client.post(path, data=body, headers=headers).get_json()["digest"])

    first = digest("/show", b"a")
    assert digest("/show", b"a") == first
    assert len({first, digest("/show", b"b"), digest("/show?x=1", b"a")}) == 3


@pytest.mark.parametrize("given", ["abc.DEF_1-2", "x" * 128])
def test_a_plain_request_id_is_kept(client: FlaskClient, given: str) -> None:
    assert client.get("/nope", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "a;b"])
def test_any_other_request_id_is_replaced(client: FlaskClient, given: str) -> None:
    found = client.get("/nope", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert found != given
    assert len(found) == 32
