"""Warehouses."""

from typing import Any

from flask.views import MethodView
from marshmallow import RAISE, Schema, fields
from marshmallow.validate import OneOf

from pangolin.services.storage.vending_strategies import SHAPES
from pangolin.services.warehouses import preparation, warehouses
from pangolin.store.api import Doc
from pangolin.web.context import current_context
from pangolin.web.management.fields import Deleting, Flag, Text, TextMap
from pangolin.web.management.openapi import Blueprint
from pangolin.web.management.paging import LINK, Paging, Rows, listed

blp = Blueprint(
    "warehouses",
    __name__,
    url_prefix="/api/v1/warehouses",
    description="Places in object storage, with their credentials.",
)


def _object(*required: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    members = {name: {"type": "string"} for name in (*required, *optional)}
    shape = {"type": "object", "properties": members, "additionalProperties": False}
    # OpenAPI 3.0 has no empty list of what is required.
    return shape | ({"required": list(required)} if required else {})


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
        *(
            _tagged(name, _object(*shape.required, optional=shape.optional))
            for name, shape in SHAPES.items()
        ),
    ],
}


class WarehouseCheck(Schema):
    """One thing that was tried on a warehouse, and what to do if it failed."""

    name = Text(required=True)
    result = Text(required=True, validate=OneOf(("passed", "failed", "unknown", "skipped")))
    detail = Text(required=True)
    remedy = Text(required=True)


class Warehouse(Schema):
    """A warehouse; secrets show as `***` and their last four characters."""

    id = Text(required=True)
    name = Text(required=True)
    tenant_id = Text(required=True)
    use_sts = Flag(required=True)
    storage_config = TextMap(required=True)
    vending_strategy = fields.Raw(required=True, allow_none=True, metadata=STRATEGY)
    checked_at = Text(required=True, allow_none=True)
    checks = fields.List(fields.Nested(WarehouseCheck), required=True)


class TriedWarehouse(Schema):
    """What came of trying a warehouse; it is valid if no check failed."""

    valid = Flag(required=True)
    checked_at = Text(required=True)
    checks = fields.List(fields.Nested(WarehouseCheck), required=True)


class PreparedWarehouse(Schema):
    """What to set up at the cloud, by documents to paste; the external id is confidential."""

    id = Text(required=True)
    name = Text(required=True)
    external_id = Text(required=True, allow_none=True)
    documents = fields.Dict(keys=Text(), values=fields.Raw(), required=True)


class NewWarehouse(Schema):
    """A warehouse to create; options are accepted in every known spelling."""

    id = Text(metadata={"description": "One that `prepare` gave; made by the server if left out."})
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

    @blp.failures()
    @blp.arguments(Paging, location="query", unknown=RAISE)
    @blp.response(200, Warehouse(many=True), headers=LINK)
    def get(self, asked: Doc) -> tuple[Rows, dict[str, str]]:
        """List warehouses in name order."""
        ctx = current_context()
        return listed(lambda **page: warehouses.page(ctx, **page), asked)

    @blp.changing()
    @blp.arguments(NewWarehouse)
    @blp.response(201, Warehouse)
    def post(self, given: Doc) -> Doc:
        """Create a warehouse."""
        return warehouses.create(current_context(), given)


@blp.route("/validate")
class Validation(MethodView):
    """Whether a warehouse would work."""

    @blp.failures(409, 415)
    @blp.arguments(NewWarehouse)
    @blp.response(200, TriedWarehouse)
    def post(self, given: Doc) -> Doc:
        """Try a warehouse by live calls, and save nothing."""
        return preparation.validate(current_context(), given)


@blp.route("/prepare")
class Preparation(MethodView):
    """What a warehouse needs at its cloud."""

    @blp.failures(409, 415)
    @blp.arguments(NewWarehouse)
    @blp.response(200, PreparedWarehouse)
    def post(self, given: Doc) -> Doc:
        """Give the external id and the policies to set up; create the warehouse with the `id`."""
        return preparation.prepare(current_context(), given)


@blp.route("/<name>/check")
class Checking(MethodView):
    """Whether a warehouse works."""

    @blp.changing()
    @blp.response(200, TriedWarehouse)
    def post(self, name: str) -> Doc:
        """Try a warehouse again by live calls, and keep what comes of it."""
        return preparation.check(current_context(), name)


@blp.route("/<name>")
class OneWarehouse(MethodView):
    """One warehouse."""

    @blp.failures()
    @blp.response(200, Warehouse)
    def get(self, name: str) -> Doc:
        """Read a warehouse."""
        return warehouses.get(current_context(), name)

    @blp.changing()
    @blp.arguments(WarehouseChange)
    @blp.response(200, Warehouse)
    def put(self, given: Doc, name: str) -> Doc:
        """Change a warehouse; a rename keeps its catalogs."""
        return warehouses.update(current_context(), name, given)

    @blp.changing(query=Deleting)
    @blp.arguments(Deleting, location="query", unknown=RAISE)
    @blp.response(204)
    def delete(self, asked: Doc, name: str) -> None:
        """Delete a warehouse, with `force` together with its catalogs."""
        warehouses.delete(current_context(), name, force=asked["force"])
