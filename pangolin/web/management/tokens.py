"""Tokens: issued, listed and revoked."""

from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate

from pangolin.services.accounts import token_admin, token_issue
from pangolin.services.authn.signing_keys import MAX_TOKEN_HOURS
from pangolin.services.context.json import Json
from pangolin.web.context import current_context
from pangolin.web.management.fields import Flag, Text
from pangolin.web.management.openapi import Blueprint
from pangolin.web.management.paging import LINK, Paging, Rows, listed

blp = Blueprint(
    "tokens", __name__, url_prefix="/api/v1", description="Tokens and their revocation."
)
MOST_ROLES = 20


class NewToken(Schema):
    """A token to issue: for a user of the tenant, or else for the caller."""

    tenant_id = Text(required=True, metadata={"description": "The tenant, by id or name."})
    username = Text(allow_none=True)
    roles = fields.List(
        Text(),
        allow_none=True,
        validate=validate.Length(max=MOST_ROLES),
        metadata={"description": "The first is the token's role, not above the user's own."},
    )
    expires_in_hours = fields.Integer(
        strict=True, allow_none=True, validate=validate.Range(min=1, max=MAX_TOKEN_HOURS)
    )


class GivenToken(Schema):
    """A token, shown only this once."""

    token = Text(required=True)
    expires_at = Text(required=True)
    tenant_id = Text(required=True, allow_none=True)


class TokenInfo(Schema):
    """What is stored about a token."""

    id = Text(required=True)
    tenant_id = Text(required=True, allow_none=True)
    user_id = Text(required=True)
    username = Text(required=True)
    use = Text(required=True, metadata={"description": "How it was issued, such as login."})
    created_at = Text(required=True)
    expires_at = Text(required=True)
    is_valid = Flag(required=True)


class Reason(Schema):
    """The reason, for the audit log."""

    reason = Text(allow_none=True, validate=validate.Length(max=1000))


class Message(Schema):
    """What was done."""

    message = Text(required=True)


class Cleaned(Message):
    """What was removed."""

    count = fields.Integer(required=True)


@blp.route("/tokens", methods=["POST"])
@blp.failures(409, 415)
@blp.arguments(NewToken)
@blp.response(200, GivenToken)
def mint(given: Json) -> Json:
    """Issue a token; for admins."""
    return token_issue.mint(current_context(), given)


@blp.route("/tokens/rotate", methods=["POST"])
@blp.failures()
@blp.response(200, GivenToken)
def rotate() -> Json:
    """Replace the presented token by a new one with the same rights."""
    return token_issue.rotate(current_context())


@blp.route("/tokens/<jti>", methods=["DELETE"])
@blp.failures()
@blp.response(204)
def delete(jti: str) -> None:
    """Revoke a token by its id; for admins."""
    token_admin.revoke(current_context(), jti)


@blp.route("/auth/revoke", methods=["POST"])
@blp.failures(415)
@blp.arguments(Reason, required=False)
@blp.response(200, Message)
def revoke_own(given: Json) -> Json:
    """Revoke the presented token."""
    token_admin.revoke_own(current_context(), given.get("reason"))
    return {"message": "the token was revoked"}


@blp.route("/auth/revoke/<jti>", methods=["POST"])
@blp.failures(415)
@blp.arguments(Reason, required=False)
@blp.response(200, Message)
def revoke(given: Json, jti: str) -> Json:
    """Revoke a token by its id, with a reason; for admins."""
    token_admin.revoke(current_context(), jti, given.get("reason"))
    return {"message": "the token was revoked"}


@blp.route("/auth/cleanup-tokens", methods=["POST"])
@blp.failures()
@blp.response(200, Cleaned)
def clean_up() -> Json:
    """Remove the tenant's expired tokens; for admins."""
    count = token_admin.clean_up(current_context())
    return {"message": f"{count} expired tokens were removed", "count": count}


@blp.route("/users/me/tokens")
@blp.failures()
@blp.arguments(Paging, location="query", unknown=RAISE)
@blp.response(200, TokenInfo(many=True), headers=LINK)
def own(asked: Json) -> tuple[Rows, dict[str, str]]:
    """List the caller's own tokens."""
    ctx = current_context()
    return listed(lambda **page: token_admin.own(ctx, **page), asked)


@blp.route("/users/<user>/tokens")
class TokensOfUser(MethodView):
    """The tokens of a user or service user."""

    @blp.failures()
    @blp.arguments(Paging, location="query", unknown=RAISE)
    @blp.response(200, TokenInfo(many=True), headers=LINK)
    def get(self, asked: Json, user: str) -> tuple[Rows, dict[str, str]]:
        """List tokens: the caller's own, or for admins those of anyone in the tenant."""
        ctx = current_context()
        return listed(lambda **page: token_admin.page(ctx, user, **page), asked)

    @blp.failures(409)
    @blp.response(204)
    def delete(self, user: str) -> None:
        """Revoke all tokens: the caller's own, or for admins those of anyone in the tenant."""
        token_admin.revoke_all(current_context(), user)
