"""The audit log: who did what, and who was denied."""

from typing import Any

from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate

from pangolin.services.audit import query
from pangolin.services.audit.records import RESULTS
from pangolin.services.context.json import Json
from pangolin.web.context import current_context
from pangolin.web.management.fields import Text
from pangolin.web.management.openapi import Blueprint
from pangolin.web.management.paging import LINK, Paging, Rows, listed

blp = Blueprint(
    "audit",
    __name__,
    url_prefix="/api/v1/audit",
    description="Who did what, and who was denied; for tenant admins and root.",
)
USUAL, MOST = 100, 1000


class Everywhere(Schema):
    """Whose records."""

    all = fields.Boolean(
        load_default=False, metadata={"description": "Root only: those of every tenant."}
    )


class Filters(Everywhere):
    """Which records; all given filters must match."""

    user_id = Text(metadata={"description": "Who did it, by id."})
    action = Text(metadata={"description": "What was done, such as `create_table`."})
    resource_type = Text(metadata={"description": "To what type of thing, such as `table`."})
    resource_id = Text(
        metadata={"description": "To what, by id; reads all that the other filters match."}
    )
    resource_name = Text(metadata={"description": "To what, such as `lake.sales.orders`."})
    start_time = fields.AwareDateTime(
        format="iso", metadata={"description": "Not before this time (RFC 3339)."}
    )
    end_time = fields.AwareDateTime(
        format="iso", metadata={"description": "Not after this time (RFC 3339)."}
    )
    result = Text(validate=validate.OneOf(RESULTS), metadata={"description": "The outcome."})


class Asked(Paging, Filters):
    """Which records, and which page of them."""

    limit = fields.Integer(
        validate=validate.Range(min=1, max=MOST),
        metadata={"description": f"Maximum rows on a page; {USUAL} by default."},
    )


class AuditLogEntry(Schema):
    """An action that was done or denied; fields that do not apply are left out or null."""

    id = Text(required=True, metadata={"description": "A UUIDv7: ids sort by time."})
    tenant_id = Text(required=True)
    user_id = Text(allow_none=True, dump_default=None)
    username = Text(required=True)
    principal_type = Text(required=True, metadata={"enum": ["user", "service"]})
    role = Text(metadata={"description": "The role of the principal at that time."})
    actor = Text(metadata={"description": "The actor, if it used an exchanged token."})
    action = Text(required=True)
    resource_type = Text(required=True)
    resource_id = Text(allow_none=True, dump_default=None)
    resource_name = Text(required=True)
    ref = Text(metadata={"description": "The branch or tag."})
    timestamp = Text(required=True, metadata={"format": "date-time"})
    ip_address = Text(allow_none=True, dump_default=None)
    user_agent = Text(allow_none=True, dump_default=None)
    request_id = Text()
    result = Text(required=True, metadata={"enum": list(RESULTS)})
    error_message = Text(allow_none=True, dump_default=None)
    before = Text(metadata={"description": "The state before: a metadata file, or a keyed digest."})
    after = Text(metadata={"description": "The state after: a metadata file, or a keyed digest."})
    metadata = fields.Dict(allow_none=True, dump_default=None)


class Count(Schema):
    """How many there are."""

    count = fields.Integer(required=True)


@blp.route("")
class Audit(MethodView):
    """The log."""

    @blp.failures()
    @blp.arguments(Asked, location="query", unknown=RAISE)
    @blp.response(200, AuditLogEntry(many=True), headers=LINK)
    def get(self, asked: Json) -> tuple[Rows, dict[str, str]]:
        """List records, newest first."""
        ctx, everywhere = current_context(), asked["all"]
        usual = min(USUAL, ctx.settings.max_page_size)

        def fetch(**page: Any) -> tuple[Rows, str | None]:
            return query.page(ctx, asked, everywhere=everywhere, **page)

        return listed(fetch, {"limit": usual} | asked)


@blp.route("/count")
class AuditCount(MethodView):
    """The size of the log."""

    @blp.failures()
    @blp.arguments(Filters, location="query", unknown=RAISE)
    @blp.response(200, Count)
    def get(self, asked: Json) -> Json:
        """Count records."""
        return {
            "count": query.count(current_context(), asked, everywhere=asked["all"]),
        }


@blp.route("/<record_id>")
class OneRecord(MethodView):
    """One record."""

    @blp.failures()
    @blp.arguments(Everywhere, location="query", unknown=RAISE)
    @blp.response(200, AuditLogEntry)
    def get(self, asked: Json, record_id: str) -> Json:
        """Read a record."""
        return query.get(current_context(), record_id, everywhere=asked["all"])
