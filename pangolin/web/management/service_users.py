"""Service users and their API keys."""

from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate

from pangolin.interfaces.authentication import ROLES
from pangolin.services.accounts import api_keys, service_users
from pangolin.services.context.json import Json
from pangolin.web.context import current_context
from pangolin.web.management.fields import Flag, Text
from pangolin.web.management.openapi import Blueprint
from pangolin.web.management.paging import LINK, Paging, Rows, listed

blp = Blueprint(
    "service-users",
    __name__,
    url_prefix="/api/v1/service-users",
    description="Engines and scripts, which sign in with API keys.",
)
ROLE = {"description": "tenant-user or tenant-admin, not above the caller's own."}


def _days(text: str) -> fields.Integer:
    return fields.Integer(
        strict=True,
        allow_none=True,
        validate=validate.Range(min=1, max=3650),
        metadata={"description": text},
    )


class ServiceUser(Schema):
    """A service user; its keys are shown only when they are created."""

    id = Text(required=True)
    name = Text(required=True)
    description = Text(required=True, allow_none=True)
    tenant_id = Text(required=True, data_key="tenant-id")
    role = Text(required=True)
    created_at = Text(required=True, data_key="created-at")
    created_by = Text(required=True, data_key="created-by")
    last_used = Text(required=True, data_key="last-used", allow_none=True)
    expires_at = Text(required=True, data_key="expires-at", allow_none=True)
    active = Flag(required=True)


class NewServiceUser(Schema):
    """A service user to create."""

    name = Text(required=True)
    description = Text(allow_none=True)
    role = Text(required=True, validate=validate.OneOf(ROLES), metadata=ROLE)
    expires_in_days = _days("When it expires, with all its keys; absent: never.")


class ServiceUserChange(Schema):
    """What to change."""

    name = Text(allow_none=True)
    description = Text(allow_none=True)
    active = Flag(allow_none=True)
    expires_in_days = _days("When it expires, counted from now.")


class ApiKeyResponse(Schema):
    """A service user with a newly created key; `api_key` is shown only this once."""

    id = Text(required=True)
    name = Text(required=True)
    description = Text(required=True, allow_none=True)
    tenant_id = Text(required=True)
    role = Text(required=True)
    api_key = Text(required=True)
    key_id = Text(required=True)
    created_at = Text(required=True)
    created_by = Text(required=True)
    expires_at = Text(required=True, allow_none=True)
    active = Flag(required=True)


class NewKey(Schema):
    """A key to create."""

    expires_in_days = _days("When the key expires; absent: with its owner.")


class Rotation(NewKey):
    """A key to create in place of the others."""

    keep_old_for_hours = fields.Integer(
        strict=True,
        allow_none=True,
        validate=validate.Range(min=0, max=8760),
        metadata={"description": "How long the others keep working; absent: they stop at once."},
    )


class ApiKey(Schema):
    """A key as it is stored, without anything that grants access."""

    id = Text(required=True)
    created_at = Text(required=True, data_key="created-at")
    created_by = Text(required=True, data_key="created-by")
    expires_at = Text(required=True, data_key="expires-at", allow_none=True)
    last_used = Text(required=True, data_key="last-used", allow_none=True)


class Done(Schema):
    """What was done."""

    status = Text(required=True)


@blp.route("")
class ServiceUsers(MethodView):
    """The tenant's service users."""

    @blp.failures()
    @blp.arguments(Paging, location="query", unknown=RAISE)
    @blp.response(200, ServiceUser(many=True), headers=LINK)
    def get(self, asked: Json) -> tuple[Rows, dict[str, str]]:
        """List service users in name order."""
        ctx = current_context()
        return listed(lambda **page: service_users.page(ctx, **page), asked)

    @blp.failures(409, 415)
    @blp.arguments(NewServiceUser)
    @blp.response(201, ApiKeyResponse)
    def post(self, given: Json) -> Json:
        """Create a service user with its first key."""
        return service_users.create(current_context(), given)


@blp.route("/<service>")
class OneServiceUser(MethodView):
    """One service user, by id."""

    @blp.failures()
    @blp.response(200, ServiceUser)
    def get(self, service: str) -> Json:
        """Read a service user."""
        return service_users.get(current_context(), service)

    @blp.failures(409, 415)
    @blp.arguments(ServiceUserChange)
    @blp.response(200, Done)
    def put(self, given: Json, service: str) -> Json:
        """Change a service user; `active` false refuses its keys and ends its tokens."""
        service_users.update(current_context(), service, given)
        return {"status": "updated"}

    @blp.failures(409)
    @blp.response(200, Done)
    def delete(self, service: str) -> Json:
        """Delete a service user with its keys, tokens and grants."""
        service_users.delete(current_context(), service)
        return {"status": "deleted"}


@blp.route("/<service>/rotate", methods=["POST"])
@blp.failures(409, 415)
@blp.arguments(Rotation, required=False)
@blp.response(200, ApiKeyResponse)
def rotate(given: Json, service: str) -> Json:
    """Create a new key in place of the others."""
    return api_keys.rotate(current_context(), service, given)


@blp.route("/<service>/keys")
class Keys(MethodView):
    """The keys of a service user."""

    @blp.failures()
    @blp.response(200, ApiKey(many=True))
    def get(self, service: str) -> Rows:
        """List the keys, oldest first."""
        return api_keys.page(current_context(), service)

    @blp.failures(409, 415)
    @blp.arguments(NewKey, required=False)
    @blp.response(201, ApiKeyResponse)
    def post(self, given: Json, service: str) -> Json:
        """Create another key; the others keep working."""
        return api_keys.add(current_context(), service, given)


@blp.route("/<service>/keys/<key>", methods=["DELETE"])
@blp.failures()
@blp.response(204)
def revoke(service: str, key: str) -> None:
    """Revoke a key."""
    api_keys.revoke(current_context(), service, key)
