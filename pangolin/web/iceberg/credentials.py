"""Credentials for tables, and requests to object storage signed for clients."""

from typing import Any

from flask import Response

from pangolin.interfaces.credential_vending import SignRequest
from pangolin.services.tables import credentials as table_credentials
from pangolin.services.tables import remote_signing
from pangolin.services.versioned.addressing import Levels
from pangolin.web.context import current_context
from pangolin.web.iceberg import responses
from pangolin.web.iceberg.openapi import Blueprint
from pangolin.web.iceberg.relations import PATH
from pangolin.web.iceberg.schemas import (
    LoadCredentialsResponse,
    RemoteSignRequest,
    RemoteSignResult,
)

blp = Blueprint("iceberg_credentials", __name__, url_prefix="/v1", description="Credentials")
TABLE = f"{PATH}/tables/<table>"
PLAN = {
    "name": "planId",
    "in": "query",
    "required": False,
    "description": "A plan of the client; plans use the credentials of their table.",
    "schema": {"type": "string"},
}
# Java reuses a signature for a while if it sees exactly this.
CACHEABLE = {True: "private", False: "no-cache"}


@blp.route(f"{TABLE}/credentials")
@blp.failures(404)
@blp.doc(parameters=[PLAN])
@blp.response(200, LoadCredentialsResponse)
def credentials(prefix: str, namespace: Levels, table: str) -> Response:
    """Vend fresh credentials for a table's files."""
    found = table_credentials.of_table(current_context(), prefix, namespace, table)
    return responses.secret({"storage-credentials": list(found)})


@blp.route(f"{TABLE}/sign", methods=["POST"])
@blp.failures(404)
@blp.arguments(RemoteSignRequest)
@blp.response(200, RemoteSignResult)
def sign(given: dict[str, Any], prefix: str, namespace: Levels, table: str) -> Response:
    """Sign a request to object storage that the caller is allowed to make."""
    ctx, request = current_context(), _request(given)
    signed = remote_signing.sign(ctx, prefix, namespace, table, request)
    headers = {name: list(values) for name, values in signed.headers.items()}
    response = responses.json({"uri": signed.uri, "headers": headers})
    response.headers["Cache-Control"] = CACHEABLE[signed.cacheable]
    return response


def _request(given: dict[str, Any]) -> SignRequest:
    headers: dict[str, tuple[str, ...]] = {}
    for name, values in given["headers"].items():
        # Names that differ only in case are one header, and every value must be checked.
        headers[name.lower()] = (*headers.get(name.lower(), ()), *values)
    return SignRequest(given["region"], given["uri"], given["method"], headers, given.get("body"))
