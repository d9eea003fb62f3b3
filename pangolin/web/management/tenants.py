"""Tenants."""

from flask.views import MethodView
from marshmallow import RAISE, Schema

from pangolin.services.context.json import Json
from pangolin.services.tenants import tenants
from pangolin.web.context import current_context
from pangolin.web.management.fields import Deleting, Text, TextMap
from pangolin.web.management.openapi import Blueprint
from pangolin.web.management.paging import LINK, Paging, Rows, listed

blp = Blueprint(
    "tenants",
    __name__,
    url_prefix="/api/v1/tenants",
    description="Owners of everything else; root only.",
)


class Tenant(Schema):
    """A tenant."""

    id = Text(required=True)
    name = Text(required=True)
    properties = TextMap(required=True)


class NewTenant(Schema):
    """A tenant to create."""

    name = Text(required=True)
    properties = TextMap(allow_none=True)


class TenantChange(Schema):
    """What to change; `properties` are replaced as a whole."""

    name = Text(allow_none=True)
    properties = TextMap(allow_none=True)


@blp.route("")
class Tenants(MethodView):
    """All tenants."""

    @blp.failures()
    @blp.arguments(Paging, location="query", unknown=RAISE)
    @blp.response(200, Tenant(many=True), headers=LINK)
    def get(self, asked: Json) -> tuple[Rows, dict[str, str]]:
        """List tenants in name order."""
        ctx = current_context()
        return listed(lambda **page: tenants.page(ctx, **page), asked)

    @blp.failures(409, 415)
    @blp.arguments(NewTenant)
    @blp.response(201, Tenant)
    def post(self, given: Json) -> Json:
        """Create a tenant."""
        return tenants.create(current_context(), given)


@blp.route("/<tenant>")
class OneTenant(MethodView):
    """One tenant, by id."""

    @blp.failures()
    @blp.response(200, Tenant)
    def get(self, tenant: str) -> Json:
        """Read a tenant."""
        return tenants.get(current_context(), tenant)

    @blp.failures(409, 415)
    @blp.arguments(TenantChange)
    @blp.response(200, Tenant)
    def put(self, given: Json, tenant: str) -> Json:
        """Rename a tenant or replace its properties."""
        return tenants.update(current_context(), tenant, given)

    @blp.failures(409)
    @blp.arguments(Deleting, location="query", unknown=RAISE)
    @blp.response(204)
    def delete(self, asked: Json, tenant: str) -> None:
        """Delete a tenant, with `force` together with its warehouses and catalogs."""
        tenants.delete(current_context(), tenant, force=asked["force"])
