"""Service users with API keys, and what their clients look for in answers."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import Flask
from werkzeug.test import TestResponse

from pangolin.interfaces.authentication import AuthRequest, Principal
from pangolin.services.authn import api_keys, security_stamps
from pangolin.services.context.runtime import Runtime
from pangolin.store.api import ANY, Delete, Put
from pangolin.store.documents import TenantDoc
from pangolin.store.identity_documents import PrincipalDoc
from pangolin.store.kinds import API_KEY, PRINCIPAL, TENANT
from pangolin.web.context import Server
from tests.samples import ACME

FORM = "application/x-www-form-urlencoded"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
Ask = Callable[..., TestResponse]


@dataclass(frozen=True, slots=True)
class Service:
    """A service user: its record's id and name, and one of its keys."""

    runtime: Runtime
    id: str
    name: str
    key: str
    key_id: str
    tenant: str = ACME

    def change(self, **more: object) -> None:
        """Change the record as the management API does."""
        record = self.runtime.store.get(PRINCIPAL, (self.tenant, self.id))
        assert record is not None
        raised = security_stamps.invalidate(self.tenant, self.id)
        self.runtime.store.apply(Put(PRINCIPAL, record.doc | more, record.version), raised)

    def revoke_key(self) -> None:
        """Remove the key as the management API does."""
        raised = security_stamps.invalidate(self.tenant, self.id)
        self.runtime.store.apply(Delete(API_KEY, (self.tenant, self.key_id)), raised)


def make_service(
    runtime: Runtime, name: str, tenant: str = ACME, *, key_ends: int | None = None, **more: object
) -> Service:
    """Make a service user with one key."""
    bare: PrincipalDoc = {
        "tenant": tenant,
        "id": str(uuid.uuid4()),
        "type": "service",
        "name": name,
        "role": "tenant-user",
        "active": True,
        "created_at_ms": runtime.clock(),
    }
    doc = cast(PrincipalDoc, bare | more)
    home: TenantDoc = {"tenant": tenant, "name": f"t-{tenant[-4:]}", "properties": {}}
    place = Put(TENANT, home, ANY)
    made = api_keys.make(runtime, doc, created_by="root", expires_at_ms=key_ends)
    runtime.store.apply(place, Put(PRINCIPAL, doc), Put(API_KEY, made.record))
    return Service(runtime, str(doc["id"]), name, made.text, made.record["id"], tenant)


def token_of(answer: TestResponse) -> str:
    """Check that a token was issued, and give it."""
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["access_token"])


def error_of(answer: TestResponse, status: int) -> str:
    """Check that an answer is an error of OAuth2 with this status, and return its code."""
    assert answer.status_code == status, answer.text
    body = answer.get_json()
    assert set(body) == {"error", "error_description"}
    assert answer.headers["Cache-Control"] == "no-store"
    return str(body["error"])


def principal_of(app: Flask, token: str) -> Principal:
    """Return the principal that a bearer token stands for; raises `Unauthorized`."""
    server: Server = app.extensions["pangolin"]
    asked = AuthRequest(f"Bearer {token}", None, "127.0.0.1", loopback=True)
    found = server.registry.authenticate(asked, server.services)
    assert found is not None
    return found
