"""Users: accounts, and signing in and out."""

from flask.views import MethodView
from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from pangolin.interfaces.authentication import ROLES
from pangolin.services.accounts import users
from pangolin.services.authn import principals
from pangolin.services.context.json import Json
from pangolin.services.context.times import rfc3339
from pangolin.services.login import password_login
from pangolin.services.login.password_login import Attempt
from pangolin.store.kinds import ROOT_HOME
from pangolin.web.context import current_client, current_context, current_server
from pangolin.web.management.fields import Flag, Text
from pangolin.web.management.openapi import Blueprint
from pangolin.web.management.paging import LINK, Paging, Rows, listed

blp = Blueprint(
    "users", __name__, url_prefix="/api/v1/users", description="People, and how they sign in."
)
ROLE = {
    "description": f"One of {', '.join(ROLES)}; there is one root user, created at first start."
}
PASSWORD = {"description": "Write-only; its length is at least PANGOLIN_PASSWORD_LENGTH."}


class LoginRequest(Schema):
    """Who logs in; a user of a tenant names the tenant, root does not."""

    username = Text(required=True)
    password = Text(required=True, load_only=True)
    tenant_id = Text(data_key="tenant-id", allow_none=True, load_default=None)
    tenant_id_snake = Text(data_key="tenant_id", allow_none=True, load_default=None)

    @validates_schema
    def one_spelling(self, data: Json, **_: object) -> None:
        """Refuse two different tenants."""
        if data.get("tenant_id") and data.get("tenant_id_snake"):
            raise ValidationError("tenant-id and tenant_id are the same field; send one")


class UserInfo(Schema):
    """A user as others see it."""

    id = Text(required=True)
    username = Text(required=True)
    email = Text(required=True, allow_none=True)
    tenant_id = Text(required=True, data_key="tenant-id", allow_none=True)
    role = Text(required=True)
    active = Flag(required=True)
    oauth_provider = Text(required=True, data_key="oauth-provider", allow_none=True)
    created_at = Text(required=True, data_key="created-at", allow_none=True)
    last_login = Text(required=True, data_key="last-login", allow_none=True)


class LoginAnswer(Schema):
    """A sign-in; the token goes into `Authorization: Bearer`."""

    token = Text(required=True)
    user = fields.Nested(UserInfo, required=True)
    expires_at = Text(data_key="expires-at", required=True)


class NewUser(Schema):
    """A user to create; without a password only an identity provider lets the user in."""

    username = Text(required=True)
    email = Text(required=True)
    password = Text(allow_none=True, load_only=True, metadata=PASSWORD)
    tenant_id = Text(allow_none=True, metadata={"description": "Another tenant; root only."})
    role = Text(required=True, validate=validate.OneOf(ROLES), metadata=ROLE)


class UserChange(Schema):
    """What to change; only admins change `active` and `role`, and only of others."""

    email = Text(allow_none=True)
    password = Text(allow_none=True, load_only=True, metadata=PASSWORD)
    active = Flag(allow_none=True)
    role = Text(allow_none=True, validate=validate.OneOf(ROLES), metadata=ROLE)


class UserQuery(Paging):
    """Which users."""

    role = Text(validate=validate.OneOf(ROLES), metadata={"description": "Only of this role."})


@blp.route("/login", methods=["POST"])
@blp.failures(415, 429)
@blp.arguments(LoginRequest)
@blp.response(200, LoginAnswer)
@blp.doc(security=[])
def login(given: Json) -> Json:
    """Sign in with a user name and a password."""
    runtime = current_server().runtime
    named = given["tenant_id"] or given["tenant_id_snake"]
    home = principals.home_named(runtime, named) if named else ROOT_HOME
    name, password = given["username"], given["password"]
    attempt = Attempt(home, name, password, current_client())
    done = password_login.login(runtime, attempt)
    end = rfc3339(done.issued.expires_at_ms)
    return {"token": done.issued.token, "user": users.to_json(done.user), "expires_at": end}


@blp.route("/logout", methods=["POST"])
@blp.failures()
@blp.response(204)
def logout() -> None:
    """Revoke the presented token."""
    password_login.logout(current_context())


@blp.route("/me")
@blp.failures()
@blp.response(200, UserInfo)
def me() -> Json:
    """Return the caller."""
    return users.to_json(password_login.me(current_context()))


@blp.route("")
class Users(MethodView):
    """The tenant's users."""

    @blp.failures()
    @blp.arguments(UserQuery, location="query", unknown=RAISE)
    @blp.response(200, UserInfo(many=True), headers=LINK)
    def get(self, asked: Json) -> tuple[Rows, dict[str, str]]:
        """List users in name order; for admins."""
        ctx, role = current_context(), asked.get("role")
        return listed(lambda **page: users.page(ctx, role, **page), asked)

    @blp.failures(409, 415)
    @blp.arguments(NewUser)
    @blp.response(201, UserInfo)
    def post(self, given: Json) -> Json:
        """Create a user; for admins."""
        return users.create(current_context(), given)


@blp.route("/<user>")
class OneUser(MethodView):
    """One user, by id."""

    @blp.failures()
    @blp.response(200, UserInfo)
    def get(self, user: str) -> Json:
        """Read a user: oneself, or for admins anyone in the tenant."""
        return users.get(current_context(), user)

    @blp.failures(409, 415)
    @blp.arguments(UserChange)
    @blp.response(200, UserInfo)
    def put(self, given: Json, user: str) -> Json:
        """Change a user; a changed password and `active` false revoke the user's tokens."""
        return users.update(current_context(), user, given)

    @blp.failures(409)
    @blp.response(204)
    def delete(self, user: str) -> None:
        """Delete a user with their tokens and grants; for admins, and not oneself."""
        users.delete(current_context(), user)
