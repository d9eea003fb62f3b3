"""Views of the Iceberg API."""

from typing import Any

from flask import Response
from flask.views import MethodView

from pangolin.services import commits, creation, tables
from pangolin.services.relations import VIEWS
from pangolin.web.iceberg import answering, reading
from pangolin.web.iceberg.openapi import PAGING, Blueprint
from pangolin.web.iceberg.schemas import (
    CommitViewRequest,
    CreateViewRequest,
    ListTablesResponse,
    LoadViewResult,
    RegisterViewRequest,
    RenameTableRequest,
)
from pangolin.web.openapi import IDEMPOTENCY_KEY
from pangolin.web.scope import current_scope

Levels = tuple[str, ...]
PATH = "/<prefix>/namespaces/<namespace:namespace>"


def blueprint() -> Blueprint:
    """Build the blueprint."""
    blp = Blueprint("iceberg_views", __name__, url_prefix="/v1", description="Views")
    blp.route(f"{PATH}/views")(_collection(blp))
    blp.route(f"{PATH}/views/<view>")(_item(blp))
    _register(blp)
    _rename(blp)
    return blp


def _collection(blp: Blueprint) -> type[MethodView]:
    class Views(MethodView):
        @blp.failures(404)
        @blp.doc(parameters=list(PAGING))
        @blp.response(200, ListTablesResponse)
        def get(self, prefix: str, namespace: Levels) -> Response:
            """List a namespace's views."""
            scope = current_scope()
            page = reading.paging(scope.settings.max_page_size)
            names, more = tables.list_names(
                scope, prefix, namespace, VIEWS, after=page.after, limit=page.limit
            )
            return answering.identifiers(namespace, names, reading.token(more))

        @blp.failures(404, 409, 422)
        @blp.takes(CreateViewRequest, IDEMPOTENCY_KEY)
        @blp.response(200, LoadViewResult)
        def post(self, prefix: str, namespace: Levels) -> Response:
            """Create a view."""
            request = reading.body()
            answer = creation.create(current_scope(), prefix, namespace, request, VIEWS)
            return answering.untagged(answer)

    return Views


def _item(blp: Blueprint) -> type[MethodView]:
    class View(MethodView):
        @blp.failures(404)
        @blp.response(200, LoadViewResult)
        def get(self, prefix: str, namespace: Levels, view: str) -> Response:
            """Load a view."""
            return answering.untagged(tables.load(current_scope(), prefix, namespace, view, VIEWS))

        @blp.failures(404)
        @blp.response(204)
        def head(self, prefix: str, namespace: Levels, view: str) -> Response:
            """Say whether a view exists."""
            tables.exists(current_scope(), prefix, namespace, view, VIEWS)
            return answering.nothing()

        @blp.failures(404, 409, 422)
        @blp.takes(CommitViewRequest, IDEMPOTENCY_KEY)
        @blp.response(200, LoadViewResult)
        def post(self, prefix: str, namespace: Levels, view: str) -> Response:
            """Replace a view, or change its properties, if its requirements hold."""
            wire = reading.commit_body(namespace, view)
            answer = commits.commit(
                current_scope(),
                prefix,
                namespace,
                view,
                wire["requirements"],
                wire["updates"],
                VIEWS,
            )
            return answering.untagged(answer)

        @blp.failures(404, 409, 422)
        @blp.doc(parameters=[IDEMPOTENCY_KEY])
        @blp.response(204)
        def delete(self, prefix: str, namespace: Levels, view: str) -> Response:
            """Drop a view and its metadata file."""
            tables.drop(current_scope(), prefix, namespace, view, VIEWS, purge=True)
            return answering.nothing()

    return View


def _register(blp: Blueprint) -> None:
    @blp.route(f"{PATH}/register-view", methods=["POST"])
    @blp.failures(404, 409, 422)
    @blp.doc(parameters=[IDEMPOTENCY_KEY])
    @blp.arguments(RegisterViewRequest)
    @blp.response(200, LoadViewResult)
    def register_view(given: dict[str, Any], prefix: str, namespace: Levels) -> Response:
        """Adopt a metadata file that exists as a view."""
        answer = creation.register(
            current_scope(),
            prefix,
            namespace,
            given["name"],
            given["metadata_location"],
            relation=VIEWS,
        )
        return answering.untagged(answer)


def _rename(blp: Blueprint) -> None:
    @blp.route("/<prefix>/views/rename", methods=["POST"])
    @blp.failures(404, 406, 409, 422)
    @blp.doc(parameters=[IDEMPOTENCY_KEY])
    @blp.arguments(RenameTableRequest)
    @blp.response(204)
    def rename_view(given: dict[str, Any], prefix: str) -> Response:
        """Rename a view, also into another namespace."""
        source, destination = given["source"], given["destination"]
        tables.rename(
            current_scope(),
            prefix,
            (source["namespace"], source["name"]),
            (destination["namespace"], destination["name"]),
            VIEWS,
        )
        return answering.nothing()
