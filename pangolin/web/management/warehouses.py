"""Warehouses."""

from typing import Any

from flask.views import MethodView
from marshmallow import RAISE, Schema, fields

from pangolin.services import warehouses
from pangolin.store.api import Doc
from pangolin.web.blueprint import Blueprint
from pangolin.web.management.deleting import Deleting
from pangolin.web.management.documents import Flag, Text, TextMap, changing, failures
from pangolin.web.management.paging import LINK, Paging, Rows, listed
from pangolin.web.scope import current_scope

blp = Blueprint(
    "warehouses",
    __name__,
    url_prefix="/api/v1/warehouses",
    description="Places in object storage, with their credentials.",
)


def _object(*required: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    members = {name: {"type": "string"} for name in (*required, *optional)}
    return {
        "type": "object",
        "properties": members,
        "required": list(required),
        "additionalProperties": False,
    }


def _tagged(tag: str, members: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {tag: members},
        "required": [tag],
        "additionalProperties": False,
    }


STRATEGY = {
    "description": "How clients get credentials; the secrets in it are write-only.",
    "oneOf": [
        {"type": "string", "enum": ["None"]},
        _tagged("AwsSts", _object("role_arn", optional=("external_id",))),
        _tagged("AwsStatic", _object("access_key_id", "secret_access_key")),
        _tagged("AzureSas", _object("account_name", "account_key")),
        _tagged("GcpDownscoped", _object("service_account_email", "private_key")),
    ],
}


class Warehouse(Schema):
    """A warehouse; secrets show as `***` and their last four characters."""

    id = Text(required=True)
    name = Text(required=True)
    tenant_id = Text(required=True)
    use_sts = Flag(required=True)
    storage_config = TextMap(required=True)
    vending_strategy = fields.Raw(required=True, allow_none=True, metadata=STRATEGY)


class NewWarehouse(Schema):
    """A warehouse to create; options are accepted in every known spelling."""

    name = Text(required=True)
    use_sts = Flag(allow_none=True)
    storage_config = TextMap(nullable=True, allow_none=True)
    vending_strategy = fields.Raw(allow_none=True, metadata=STRATEGY)


class WarehouseChange(Schema):
    """What to change; a null option is removed, others stay."""

    name = Text(allow_none=True)
    use_sts = Flag(allow_none=True)
    storage_config = TextMap(nullable=True, allow_none=True)
    vending_strategy = fields.Raw(allow_none=True, metadata=STRATEGY)


@blp.route("")
class Warehouses(MethodView):
    """The tenant's warehouses."""

    @failures(blp)
    @blp.arguments(Paging, location="query", unknown=RAISE)
    @blp.response(200, Warehouse(many=True), headers=LINK)
    def get(self, asked: Doc) -> tuple[Rows, dict[str, str]]:
        """List warehouses in name order."""
        scope = current_scope()
        return listed(lambda **page: warehouses.page(scope, **page), asked)

    @changing(blp)
    @blp.arguments(NewWarehouse)
    @blp.response(201, Warehouse)
    def post(self, given: Doc) -> Doc:
        """Create a warehouse."""
        return warehouses.create(current_scope(), given)


@blp.route("/<name>")
class OneWarehouse(MethodView):
    """One warehouse."""

    @failures(blp)
    @blp.response(200, Warehouse)
    def get(self, name: str) -> Doc:
        """Read a warehouse."""
        return warehouses.get(current_scope(), name)

    @changing(blp)
    @blp.arguments(WarehouseChange)
    @blp.response(200, Warehouse)
    def put(self, given: Doc, name: str) -> Doc:
        """Change a warehouse; a rename keeps its catalogs."""
        return warehouses.update(current_scope(), name, given)

    @changing(blp, query=Deleting)
    @blp.arguments(Deleting, location="query", unknown=RAISE)
    @blp.response(204)
    def delete(self, asked: Doc, name: str) -> None:
        """Delete a warehouse, with `force` together with its catalogs."""
        warehouses.delete(current_scope(), name, force=asked["force"])
