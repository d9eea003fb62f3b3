"""Login, health and metrics."""

import os
from datetime import UTC, datetime
from typing import Any

import prometheus_client
from flask import Response, request
from marshmallow import Schema, ValidationError, fields, validates_schema
from prometheus_client import multiprocess

from pangolin.errors import BadRequest
from pangolin.services import health, identity
from pangolin.store.api import Doc
from pangolin.web.answers import json_answer
from pangolin.web.blueprint import Blueprint
from pangolin.web.management.documents import failures
from pangolin.web.scope import current_scope, current_server, find_tenant

users = Blueprint("users", __name__, url_prefix="/api/v1/users", description="Logging in and out.")
system = Blueprint("system", __name__, description="Health and metrics.")


class LoginRequest(Schema):
    """Who logs in; a user of a tenant names it, root does not."""

    username = fields.String(required=True)
    password = fields.String(required=True, load_only=True)
    tenant_id = fields.String(data_key="tenant-id", allow_none=True, load_default=None)
    tenant_id_snake = fields.String(data_key="tenant_id", allow_none=True, load_default=None)

    @validates_schema
    def one_spelling(self, data: Doc, **_: Any) -> None:
        """Refuse two different tenants."""
        if data.get("tenant_id") and data.get("tenant_id_snake"):
            raise ValidationError("tenant-id and tenant_id are the same field; send one")


class UserInfo(Schema):
    """A user as others see it."""

    id = fields.String(required=True)
    username = fields.String(required=True)
    email = fields.String(allow_none=True)
    tenant_id = fields.String(data_key="tenant-id", allow_none=True)
    role = fields.String(required=True)
    oauth_provider = fields.String(data_key="oauth-provider", allow_none=True)
    created_at = fields.String(data_key="created-at", allow_none=True)
    last_login = fields.String(data_key="last-login", allow_none=True)


class LoginAnswer(Schema):
    """An opened session; the token goes into `Authorization: Bearer`."""

    token = fields.String(required=True)
    user = fields.Nested(UserInfo, required=True)
    expires_at = fields.String(data_key="expires-at", required=True)


class Liveness(Schema):
    """The process answers."""

    status = fields.String(required=True)


class Readiness(Schema):
    """Whether the server can do its work, and what is in the way."""

    status = fields.String(required=True)
    store = fields.String(required=True)
    error = fields.String()


def rfc3339(ms: int | None) -> str | None:
    """Format epoch milliseconds."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")


def user_info(user: Doc) -> Doc:
    """Show a user's record without its secrets."""
    return {
        "id": user["id"],
        "username": user["username"],
        "email": user.get("email"),
        "tenant_id": user.get("tenant"),
        "role": user["role"],
        "oauth_provider": user.get("provider"),
        "created_at": rfc3339(user.get("created_at_ms")),
        "last_login": rfc3339(user.get("last_login_ms")),
    }


@users.route("/login", methods=["POST"])
@failures(users, 415)
@users.arguments(LoginRequest)
@users.response(200, LoginAnswer)
@users.doc(security=[])
def login(fields: Doc) -> Doc:
    """Open a session with a user name and a password."""
    runtime = current_server().runtime
    named = fields["tenant_id"] or fields["tenant_id_snake"]
    tenant = find_tenant(runtime, named) if named else None
    opened = identity.login(runtime, fields["username"], fields["password"], tenant)
    return {
        "token": opened.token,
        "user": user_info(opened.user),
        "expires_at": rfc3339(opened.expires_at_ms),
    }


@users.route("/logout", methods=["POST"])
@failures(users)
@users.response(204)
def logout() -> None:
    """Close the session whose token is presented."""
    scope = current_scope()
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise BadRequest("Authorization must carry the bearer token of the session to close")
    identity.logout(scope, token.strip())


@users.route("/me")
@failures(users)
@users.response(200, UserInfo)
def me() -> Doc:
    """Describe the user who asks."""
    return user_info(identity.me(current_scope()))


@system.route("/health/live")
@system.response(200, Liveness)
@system.doc(security=[])
def live() -> Doc:
    """Say that the process answers; touches nothing."""
    return {"status": "alive"}


@system.route("/health/ready")
@system.response(200, Readiness)
@system.alt_response(503, schema=Readiness)
@system.doc(security=[])
def ready() -> Response:
    """Say whether the store and the object stores can be reached."""
    parts = health.readiness(current_server().runtime)
    down = [part for part in parts if part.problem]
    body = {
        "status": "unready" if down else "ready",
        "store": "unreachable" if parts[0].problem else "ok",
    }
    if down:
        body["error"] = "; ".join(f"{part.name} is down" for part in down)
    return json_answer(body, 503 if down else 200)


@system.route("/metrics")
@system.response(200, content_type="text/plain")
@system.doc(security=[])
def metrics() -> Response:
    """Give the metrics of all workers in the Prometheus text format."""
    registry = prometheus_client.REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = prometheus_client.CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    text = prometheus_client.generate_latest(registry)
    return Response(text, content_type=prometheus_client.CONTENT_TYPE_LATEST)
