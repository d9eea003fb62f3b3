"""Permissions: grants of actions on a scope, and checks whether an action is allowed."""

from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate

from pangolin.services.authz import checks as permission_checks
from pangolin.services.authz.actions import ACTIONS
from pangolin.services.context.json import Json
from pangolin.services.grants import grants
from pangolin.web.context import current_context
from pangolin.web.management.fields import Text
from pangolin.web.management.grant_schemas import ActionList, NamespacePath, PermissionScope
from pangolin.web.management.openapi import Blueprint
from pangolin.web.management.paging import LINK, Paging, Rows, listed

blp = Blueprint(
    "permissions",
    __name__,
    url_prefix="/api/v1/permissions",
    description="Grants: who may do what where.",
)


class Permission(Schema):
    """A grant to a principal (`user-id`) or to a role (`role-id`)."""

    id = Text(required=True)
    user_id = Text(data_key="user-id")
    role_id = Text(data_key="role-id")
    tenant_id = Text(data_key="tenant-id", required=True)
    scope = fields.Nested(PermissionScope, required=True)
    actions = ActionList()
    granted_by = Text(data_key="granted-by", required=True)
    granted_at = Text(data_key="granted-at", required=True)


class NewPermission(Schema):
    """A grant to create, to either a user or service user, or a role."""

    user_id = Text(data_key="user-id", allow_none=True)
    role_id = Text(data_key="role-id", allow_none=True)
    scope = fields.Nested(PermissionScope, required=True)
    actions = ActionList()


class Whose(Paging):
    """Whose grants to list: those of a principal, or of a role."""

    user = fields.String(metadata={"description": "The id of a user or service user."})
    role = fields.String(metadata={"description": "The id of a role."})


class Asked(Schema):
    """A resource by its names; which of them it needs depends on its type."""

    type = Text(required=True, validate=validate.OneOf(permission_checks.TYPES))
    catalog = Text(allow_none=True)
    ref = Text(allow_none=True)
    namespace = NamespacePath(allow_none=True)
    name = Text(allow_none=True)


class Check(Schema):
    """A question whether an action is allowed."""

    action = Text(required=True, validate=validate.OneOf(ACTIONS))
    resource = fields.Nested(Asked, required=True)


class Checks(Schema):
    """Up to 1,000 questions, about oneself or (for admins) a principal."""

    principal_id = Text(data_key="principal-id", allow_none=True)
    checks = fields.List(fields.Nested(Check), required=True)


class Result(Schema):
    """An answer and its reason."""

    allowed = fields.Boolean(required=True)
    reason = Text(required=True)
    grant_id = Text(data_key="grant-id", required=True, allow_none=True)


class Results(Schema):
    """The answers, in the order of the questions."""

    results = fields.List(fields.Nested(Result), required=True)


@blp.route("")
class Permissions(MethodView):
    """The tenant's grants."""

    @blp.failures()
    @blp.arguments(Whose, location="query", unknown=RAISE)
    @blp.response(200, Permission(many=True), headers=LINK)
    def get(self, asked: Json) -> tuple[Rows, dict[str, str]]:
        """List grants; non-admins see their own and those of their own roles."""
        ctx, user, role = current_context(), asked.get("user"), asked.get("role")
        return listed(lambda **page: grants.page(ctx, user, role, **page), asked)

    @blp.changing()
    @blp.arguments(NewPermission)
    @blp.response(201, Permission)
    def post(self, given: Json) -> Json:
        """Grant actions on a scope; non-admins can grant only actions that they hold themselves."""
        return grants.create(current_context(), given)


@blp.route("/<permission_id>")
class OnePermission(MethodView):
    """One grant."""

    @blp.changing()
    @blp.response(204)
    def delete(self, permission_id: str) -> None:
        """Revoke a grant."""
        grants.revoke(current_context(), permission_id)


@blp.route("/check", methods=["POST"])
@blp.failures(415)
@blp.arguments(Checks)
@blp.response(200, Results)
def check(given: Json) -> Json:
    """Return whether each of up to 1,000 actions is allowed, and why."""
    asked, whose = given["checks"], given.get("principal_id")
    return {"results": permission_checks.check(current_context(), asked, whose)}
