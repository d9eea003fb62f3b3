"""Roles, and who has them."""

from flask.views import MethodView
from marshmallow import RAISE, Schema, fields

from pangolin.services.context.json import Json
from pangolin.services.grants import memberships, roles
from pangolin.web.context import current_context
from pangolin.web.management.fields import Text
from pangolin.web.management.grant_schemas import ActionList, PermissionScope
from pangolin.web.management.openapi import Blueprint
from pangolin.web.management.paging import LINK, Paging, Rows, listed

blp = Blueprint(
    "roles",
    __name__,
    url_prefix="/api/v1",
    description="Named sets of permissions, and who has them.",
)


class RolePermission(Schema):
    """Actions that a role may do on a scope."""

    scope = fields.Nested(PermissionScope, required=True)
    actions = ActionList()


class Role(Schema):
    """A role."""

    id = Text(required=True)
    name = Text(required=True)
    description = Text(required=True, allow_none=True)
    tenant_id = Text(data_key="tenant-id", required=True)
    permissions = fields.List(fields.Nested(RolePermission), required=True)
    created_by = Text(data_key="created-by", required=True)
    created_at = Text(data_key="created-at", required=True)
    updated_at = Text(data_key="updated-at", required=True)


class NewRole(Schema):
    """A role to create in the request's tenant."""

    name = Text(required=True)
    description = Text(allow_none=True)
    tenant_id = Text(data_key="tenant-id", allow_none=True)
    permissions = fields.List(fields.Nested(RolePermission), allow_none=True)


class RoleChange(NewRole):
    """A whole role; without `permissions` it keeps those it has. Times are read-only."""

    id = Text()
    created_by = Text(data_key="created-by")
    created_at = Text(data_key="created-at")
    updated_at = Text(data_key="updated-at")


class Assignment(Schema):
    """The role to assign."""

    role_id = Text(data_key="role-id", required=True)


class Member(Schema):
    """Who has a role: a `user`, a `service` user or a `role`."""

    id = Text(required=True)
    type = Text(required=True)
    name = Text(required=True)
    assigned_by = Text(data_key="assigned-by", required=True)
    assigned_at = Text(data_key="assigned-at", required=True)


@blp.route("/roles")
class Roles(MethodView):
    """The tenant's roles."""

    @blp.failures()
    @blp.arguments(Paging, location="query", unknown=RAISE)
    @blp.response(200, Role(many=True), headers=LINK)
    def get(self, asked: Json) -> tuple[Rows, dict[str, str]]:
        """List roles in name order; non-admins see only their own."""
        ctx = current_context()
        return listed(lambda **page: roles.page(ctx, **page), asked)

    @blp.changing()
    @blp.arguments(NewRole)
    @blp.response(201, Role)
    def post(self, given: Json) -> Json:
        """Create a role, optionally with permissions."""
        return roles.create(current_context(), given)


@blp.route("/roles/<role_id>")
class OneRole(MethodView):
    """One role."""

    @blp.failures()
    @blp.response(200, Role)
    def get(self, role_id: str) -> Json:
        """Read a role."""
        return roles.get(current_context(), role_id)

    @blp.changing()
    @blp.arguments(RoleChange)
    @blp.response(200, Role)
    def put(self, given: Json, role_id: str) -> Json:
        """Replace a role; permissions that differ are granted and revoked at once."""
        return roles.update(current_context(), role_id, given)

    @blp.changing()
    @blp.response(204)
    def delete(self, role_id: str) -> None:
        """Delete a role with its permissions and memberships."""
        roles.delete(current_context(), role_id)


@blp.route("/roles/<role_id>/members")
@blp.failures()
@blp.arguments(Paging, location="query", unknown=RAISE)
@blp.response(200, Member(many=True), headers=LINK)
def members(asked: Json, role_id: str) -> tuple[Rows, dict[str, str]]:
    """List the direct members of a role."""
    ctx = current_context()
    return listed(lambda **page: memberships.members(ctx, role_id, **page), asked)


@blp.route("/users/<user_id>/roles")
class RolesOfUser(MethodView):
    """The roles of a user or service user."""

    @blp.failures()
    @blp.response(200, Role(many=True))
    def get(self, user_id: str) -> Rows:
        """List the roles that a user or service user has directly."""
        return memberships.of_principal(current_context(), user_id)

    @blp.changing()
    @blp.arguments(Assignment)
    @blp.response(201)
    def post(self, given: Json, user_id: str) -> None:
        """Add a user or service user to a role."""
        memberships.assign(current_context(), user_id, given["role_id"])


@blp.route("/users/<user_id>/roles/<role_id>")
class RoleOfUser(MethodView):
    """One role of a user or service user."""

    @blp.changing()
    @blp.response(204)
    def delete(self, user_id: str, role_id: str) -> None:
        """Remove a user or service user from a role."""
        memberships.unassign(current_context(), user_id, role_id)


@blp.route("/roles/<role_id>/roles")
class RolesOfRole(MethodView):
    """The roles that a role has, which its members have with it."""

    @blp.failures()
    @blp.response(200, Role(many=True))
    def get(self, role_id: str) -> Rows:
        """List the roles that a role has directly."""
        return memberships.of_role(current_context(), role_id)

    @blp.changing()
    @blp.arguments(Assignment)
    @blp.response(201)
    def post(self, given: Json, role_id: str) -> None:
        """Add a role to another role; a cycle or more than 8 levels are refused."""
        memberships.nest(current_context(), role_id, given["role_id"])


@blp.route("/roles/<member_id>/roles/<role_id>")
class RoleOfRole(MethodView):
    """One role of a role."""

    @blp.changing()
    @blp.response(204)
    def delete(self, member_id: str, role_id: str) -> None:
        """Remove a role from another role."""
        memberships.unassign(current_context(), member_id, role_id, nested=True)
