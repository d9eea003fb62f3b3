"""Tables of the Iceberg API."""

from typing import Any

from flask import Response
from flask.views import MethodView

from pangolin.services import commits, creation, reports, tables
from pangolin.web.iceberg import answering, reading
from pangolin.web.iceberg.openapi import (
    DELEGATION,
    IF_NONE_MATCH,
    PAGING,
    PURGE,
    SNAPSHOTS,
    Blueprint,
)
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
from pangolin.web.scope import current_scope

Levels = tuple[str, ...]
PATH = "/<prefix>/namespaces/<namespace:namespace>"


def blueprint() -> Blueprint:
    """Build the blueprint."""
    blp = Blueprint("iceberg_tables", __name__, url_prefix="/v1", description="Tables")
    blp.route(f"{PATH}/tables")(_collection(blp))
    blp.route(f"{PATH}/tables/<table>")(_item(blp))
    _register(blp)
    _beside(blp)
    _rename(blp)
    return blp


def _collection(blp: Blueprint) -> type[MethodView]:
    class Tables(MethodView):
        @blp.failures(404)
        @blp.doc(parameters=list(PAGING))
        @blp.response(200, ListTablesResponse)
        def get(self, prefix: str, namespace: Levels) -> Response:
            """List a namespace's tables."""
            scope = current_scope()
            page = reading.paging(scope.settings.max_page_size)
            names, more = tables.list_names(
                scope, prefix, namespace, after=page.after, limit=page.limit
            )
            return answering.identifiers(namespace, names, reading.token(more))

        @blp.failures(404, 409, 422)
        @blp.takes(CreateTableRequest, IDEMPOTENCY_KEY, DELEGATION)
        @blp.response(200, LoadTableResult)
        def post(self, prefix: str, namespace: Levels) -> Response:
            """Create a table, or stage one that a later commit creates."""
            request, wanted = reading.body(), reading.delegation()
            answer = creation.create(current_scope(), prefix, namespace, request, delegation=wanted)
            return answering.loaded(answer)

    return Tables


def _item(blp: Blueprint) -> type[MethodView]:
    class Table(MethodView):
        @blp.failures(404)
        @blp.doc(parameters=[SNAPSHOTS, IF_NONE_MATCH, DELEGATION])
        @blp.alt_response(304, description="The client has the present representation.")
        @blp.response(200, LoadTableResult)
        def get(self, prefix: str, namespace: Levels, table: str) -> Response:
            """Load a table."""
            answer = tables.load(
                current_scope(),
                prefix,
                namespace,
                table,
                snapshots=reading.snapshots(),
                known=reading.etags(),
                delegation=reading.delegation(),
            )
            return answering.loaded(answer)

        @blp.failures(404)
        @blp.response(204)
        def head(self, prefix: str, namespace: Levels, table: str) -> Response:
            """Say whether a table exists."""
            tables.exists(current_scope(), prefix, namespace, table)
            return answering.nothing()

        @blp.failures(404, 409, 422)
        @blp.takes(CommitTableRequest, IDEMPOTENCY_KEY)
        @blp.response(200, LoadTableResult)
        def post(self, prefix: str, namespace: Levels, table: str) -> Response:
            """Commit updates to a table if its requirements hold."""
            wire = reading.commit_body(namespace, table)
            answer = commits.commit(
                current_scope(), prefix, namespace, table, wire["requirements"], wire["updates"]
            )
            return answering.loaded(answer)

        @blp.failures(404, 409, 422)
        @blp.doc(parameters=[PURGE, IDEMPOTENCY_KEY])
        @blp.response(204)
        def delete(self, prefix: str, namespace: Levels, table: str) -> Response:
            """Drop a table, and its files if asked."""
            purge = reading.flag("purgeRequested")
            tables.drop(current_scope(), prefix, namespace, table, purge=purge)
            return answering.nothing()

    return Table


def _register(blp: Blueprint) -> None:
    @blp.route(f"{PATH}/register", methods=["POST"])
    @blp.failures(404, 409, 422)
    @blp.doc(parameters=[IDEMPOTENCY_KEY, DELEGATION])
    @blp.arguments(RegisterTableRequest)
    @blp.response(200, LoadTableResult)
    def register(given: dict[str, Any], prefix: str, namespace: Levels) -> Response:
        """Adopt a metadata file that exists as a table."""
        answer = creation.register(
            current_scope(),
            prefix,
            namespace,
            given["name"],
            given["metadata_location"],
            overwrite=bool(given["overwrite"]),
            delegation=reading.delegation(),
        )
        return answering.loaded(answer)


def _beside(blp: Blueprint) -> None:
    @blp.route(f"{PATH}/tables/<table>/unregister", methods=["POST"])
    @blp.failures(404, 409, 422)
    @blp.doc(parameters=[IDEMPOTENCY_KEY])
    @blp.response(200, LoadTableResult)
    def unregister(prefix: str, namespace: Levels, table: str) -> Response:
        """Take a table out of the catalog; no file is deleted."""
        answer = tables.unregister(current_scope(), prefix, namespace, table)
        return answering.untagged(answer)

    @blp.route(f"{PATH}/tables/<table>/metrics", methods=["POST"])
    @blp.failures(404)
    @blp.takes(MetricsReport)
    @blp.response(204)
    def report_metrics(prefix: str, namespace: Levels, table: str) -> Response:
        """Take a scan or commit report."""
        reports.accept(current_scope(), prefix, namespace, table, reading.body())
        return answering.nothing()


def _rename(blp: Blueprint) -> None:
    @blp.route("/<prefix>/tables/rename", methods=["POST"])
    @blp.failures(404, 406, 409, 422)
    @blp.doc(parameters=[IDEMPOTENCY_KEY])
    @blp.arguments(RenameTableRequest)
    @blp.response(204)
    def rename(given: dict[str, Any], prefix: str) -> Response:
        """Rename a table, also into another namespace."""
        source, destination = given["source"], given["destination"]
        tables.rename(
            current_scope(),
            prefix,
            (source["namespace"], source["name"]),
            (destination["namespace"], destination["name"]),
        )
        return answering.nothing()
