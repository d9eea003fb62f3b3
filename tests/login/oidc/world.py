"""What the tests of external identities share: people, applications, and a browser."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pangolin.interfaces.authentication import ExternalIdentity
from pangolin.services.authn.principals import mail_fields
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.settings import Settings
from pangolin.store.api import ABSENT, Doc, Put
from pangolin.store.identity_documents import AuditDoc, PrincipalDoc
from pangolin.store.kinds import AUDIT, PRINCIPAL
from tests.hashing import cheap
from tests.servers.issuer import CLIENT, Issuer
from tests.servers.keys import SECRET_KEYS

ME = "/api/v1/users/me"
DONE = "https://console.example.org/done"
ALSO = "http://127.0.0.1:3000/done?tab=1"
ANN = ExternalIdentity(
    provider="corp",
    subject="ann-1",
    tenant="default",
    name="ann",
    email="ann@example.org",
    email_verified=True,
    domains=("example.org",),
)


def settings_for(tmp_path: Path, issuer: Issuer, more: str = "", **given: Any) -> Settings:
    """Return the settings of an application on SQLite that knows one provider."""
    path = tmp_path / "providers.toml"
    path.write_text(f"""
[[provider]]
name = "corp"
label = "Corporate login"
issuer = "{issuer.url}"
allow_http = true
client_id = "{CLIENT}"
tenant = "default"
email_domains = ["example.org"]
{more}
""")
    fixed = Settings(
        data_dir=str(tmp_path / "data"),
        store_url=f"sqlite:///{tmp_path / 'records.db'}",
        secret_keys=SECRET_KEYS,
        file_roots=(str(tmp_path),),
        root_password="correct horse",
        identity_providers=str(path),
        oauth_redirect_uris=(DONE, ALSO),
    )
    return cheap(replace(fixed, **given))


def add_user(runtime: Runtime, name: str, email: str | None = None, **more: Any) -> Doc:
    """Make a user by hand; return its document."""
    doc = {
        "tenant": DEFAULT_TENANT,
        "id": f"id-of-{name}",
        "type": "user",
        "name": name,
        **mail_fields(email),
        "role": "tenant-user",
        "password_hash": None,
        "active": True,
        "created_at_ms": 0,
        "last_login_ms": None,
        **more,
    }
    runtime.store.apply(Put(PRINCIPAL, doc, ABSENT))
    return doc


def users(runtime: Runtime, tenant: str = DEFAULT_TENANT) -> list[PrincipalDoc]:
    """List a tenant's users."""
    return [record.doc for record in runtime.store.scan(PRINCIPAL, (tenant,))]


def audited(runtime: Runtime, tenant: str = DEFAULT_TENANT) -> list[tuple[str, str, str]]:
    """List (action, result, name of who did it) of a tenant's log, in the order of time."""
    docs = sorted((record.doc for record in runtime.store.scan(AUDIT, (tenant,))), key=_when)
    return [(doc["action"], doc["result"], doc.get("username", "")) for doc in docs]


def _when(doc: AuditDoc) -> str:
    return str(doc["id"])


@dataclass(frozen=True)
class Browser:
    """A browser at an application, which may answer for several servers under one name."""

    client: FlaskClient

    def leave(self, redirect_uri: str = DONE, **more: str) -> str:
        """Begin a login; return the URL at the provider."""
        asked = {"redirect_uri": redirect_uri, **more}
        answer = self.client.get("/oauth/authorize/corp", query_string=asked)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def come_back(self, url: str) -> TestResponse:
        """Go to the provider, and where it sends the browser."""
        answer = requests.get(url, allow_redirects=False, timeout=5)
        parts = urlsplit(answer.headers["Location"])
        return self.client.get(f"{parts.path}?{parts.query}")

    def sign_in(self, redirect_uri: str = DONE, **more: str) -> str:
        """Sign in; return the one-time code that comes with the last redirect."""
        answer = self.come_back(self.leave(redirect_uri, **more))
        assert answer.status_code == 302, answer.text
        return query_of(answer.headers["Location"])["code"]


def take_cookies(source: FlaskClient, target: FlaskClient, path: str) -> None:
    """Let another client be the same browser."""
    for name, cookie in _cookies(source).items():
        target.set_cookie(name, cookie, path=path)


def _cookies(client: FlaskClient) -> Mapping[str, str]:
    stored: Any = client._cookies or {}
    return {cookie.key: cookie.value for cookie in stored.values()}


def query_of(url: str) -> dict[str, str]:
    """Return the query of a URL as single values."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def runtime_of(app: Flask) -> Runtime:
    """Return the parts behind an application."""
    found: Runtime = app.extensions["pangolin"].runtime
    return found


def exchange(client: FlaskClient, code: str) -> TestResponse:
    """Exchange a one-time code."""
    return client.post("/api/v1/oauth/exchange", json={"code": code})
