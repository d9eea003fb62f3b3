"""Tables of the Iceberg API."""

from typing import Any

from flask import Response
from flask.views import MethodView

from pangolin.services.tables import metrics_reports, tables
from pangolin.services.versioned.addressing import Levels
from pangolin.services.versioned.relations import TABLES
from pangolin.web.context import current_context
from pangolin.web.iceberg import parameters, responses
from pangolin.web.iceberg.openapi import (
    DELEGATION,
    IF_NONE_MATCH,
    PAGING,
    PURGE,
    SNAPSHOTS,
    Blueprint,
)
from pangolin.web.iceberg.relations import PATH, Relations
from pangolin.web.iceberg.schemas import (
    CommitTableRequest,
    CreateTableRequest,
    ListTablesResponse,
    LoadTableResult,
    MetricsReport,
    RegisterTableRequest,
    RenameTableRequest,
)
from pangolin.web.openapi import IDEMPOTENCY_KEY

blp = Blueprint("iceberg_tables", __name__, url_prefix="/v1", description="Tables")
shared = Relations(TABLES)


@blp.route(f"{PATH}/tables")
class Tables(MethodView):
    """A namespace's tables."""

    @blp.failures(404)
    @blp.doc(parameters=list(PAGING))
    @blp.response(200, ListTablesResponse)
    def get(self, prefix: str, namespace: Levels) -> Response:
        """List a namespace's tables."""
        return shared.names(prefix, namespace)

    @blp.failures(404, 409, 422)
    @blp.takes(CreateTableRequest, IDEMPOTENCY_KEY, DELEGATION)
    @blp.response(200, LoadTableResult)
    def post(self, prefix: str, namespace: Levels) -> Response:
        """Create a table, or stage one that a later commit creates."""
        return responses.loaded(shared.create(prefix, namespace, parameters.delegation()))


@blp.route(f"{PATH}/tables/<table>")
class Table(MethodView):
    """One table."""

    @blp.failures(404)
    @blp.doc(parameters=[SNAPSHOTS, IF_NONE_MATCH, DELEGATION])
    @blp.alt_response(304, description="The client has the current representation.")
    @blp.response(200, LoadTableResult)
    def get(self, prefix: str, namespace: Levels, table: str) -> Response:
        """Load a table."""
        answer = tables.load(
            current_context(),
            prefix,
            namespace,
            table,
            snapshots=parameters.snapshots(),
            known=parameters.etags(),
            delegation=parameters.delegation(),
        )
        return responses.loaded(answer)

    @blp.failures(404)
    @blp.response(204)
    def head(self, prefix: str, namespace: Levels, table: str) -> Response:
        """Return whether a table exists."""
        return shared.exists(prefix, namespace, table)

    @blp.failures(404, 409, 422)
    @blp.takes(CommitTableRequest, IDEMPOTENCY_KEY)
    @blp.response(200, LoadTableResult)
    def post(self, prefix: str, namespace: Levels, table: str) -> Response:
        """Commit updates to a table if its requirements hold."""
        return responses.loaded(shared.commit(prefix, namespace, table))

    @blp.failures(404, 409, 422)
    @blp.doc(parameters=[PURGE, IDEMPOTENCY_KEY])
    @blp.response(204)
    def delete(self, prefix: str, namespace: Levels, table: str) -> Response:
        """Drop a table, and its files if requested."""
        return shared.drop(prefix, namespace, table, purge=parameters.flag("purgeRequested"))


@blp.route(f"{PATH}/register", methods=["POST"])
@blp.failures(404, 409, 422)
@blp.doc(parameters=[IDEMPOTENCY_KEY, DELEGATION])
@blp.arguments(RegisterTableRequest)
@blp.response(200, LoadTableResult)
def register(given: dict[str, Any], prefix: str, namespace: Levels) -> Response:
    """Register an existing metadata file as a table."""
    return responses.loaded(shared.register(prefix, namespace, given, parameters.delegation()))


@blp.route(f"{PATH}/tables/<table>/unregister", methods=["POST"])
@blp.failures(404, 409, 422)
@blp.doc(parameters=[IDEMPOTENCY_KEY])
@blp.response(200, LoadTableResult)
def unregister(prefix: str, namespace: Levels, table: str) -> Response:
    """Remove a table from the catalog; no file is deleted."""
    return responses.untagged(tables.unregister(current_context(), prefix, namespace, table))


@blp.route(f"{PATH}/tables/<table>/metrics", methods=["POST"])
@blp.failures(404)
@blp.takes(MetricsReport)
@blp.response(204)
def report_metrics(prefix: str, namespace: Levels, table: str) -> Response:
    """Accept a scan or commit report."""
    metrics_reports.accept(current_context(), prefix, namespace, table, parameters.body())
    return responses.nothing()


@blp.route("/<prefix>/tables/rename", methods=["POST"])
@blp.failures(404, 406, 409, 422)
@blp.doc(parameters=[IDEMPOTENCY_KEY])
@blp.arguments(RenameTableRequest)
@blp.response(204)
def rename(given: dict[str, Any], prefix: str) -> Response:
    """Rename a table, possibly into another namespace."""
    return shared.rename(prefix, given)
