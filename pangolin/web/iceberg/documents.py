"""How the Iceberg endpoints are documented: one error schema, one decorator, shared parameters."""

from collections.abc import Callable
from typing import Any, TypeVar

from marshmallow import Schema, fields

from pangolin.web.blueprint import Blueprint

F = TypeVar("F", bound=Callable[..., Any])

COMMON = (400, 401, 403, 413, 415, 429, 500, 503)
MEANING = {
    400: "The request is malformed or breaks a rule; the message names the field.",
    401: "No credential, or a bad one.",
    403: "The principal may not do this.",
    404: "Something the request names does not exist.",
    406: "The server does not offer this.",
    409: "The state of the catalog stands in the way.",
    413: "The body is larger than PANGOLIN_MAX_BODY_BYTES.",
    415: "The body is not JSON.",
    422: "The request contradicts itself, or its Idempotency-Key came with another request.",
    429: "Too many attempts of this address or account; Retry-After says when to try again.",
    500: "The server failed, or the outcome of a commit is unknown.",
    503: "A part the server needs is away; nothing was changed.",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A UUID: the request is done once, and answered alike when sent again.",
    "schema": {"type": "string", "format": "uuid"},
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "ETags the client has; the answer is 304 if one is still right.",
    "schema": {"type": "string"},
}


class ErrorModel(Schema):
    """The error of a failed request."""

    message = fields.String(required=True)
    type = fields.String(required=True)
    code = fields.Integer(required=True)


class IcebergErrorResponse(Schema):
    """What every failed request is answered with."""

    error = fields.Nested(ErrorModel, required=True)


def failures(blueprint: Blueprint, *statuses: int) -> Callable[[F], F]:
    """Document an endpoint's error answers: the common ones and those named."""

    def decorate(view: F) -> F:
        for status in sorted({*COMMON, *statuses}):
            view = blueprint.alt_response(
                status, schema=IcebergErrorResponse, description=MEANING[status]
            )(view)
        return view

    return decorate


def takes(blueprint: Blueprint, schema: type[Schema], *parameters: dict[str, Any]) -> Any:
    """Document a JSON body that the service itself validates, and header parameters."""
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    return blueprint.doc(requestBody=body, parameters=list(parameters))


def _query(name: str, text: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


PAGING = (
    _query("pageToken", "The token of a page; empty for the first.", type="string"),
    _query("pageSize", "Most entries of a page.", type="integer", minimum=1),
)
PARENT = _query("parent", "A namespace: levels joined by U+001F.", type="string")
SNAPSHOTS = _query("snapshots", "Which snapshots to answer.", type="string", enum=["all", "refs"])
PURGE = _query("purgeRequested", "Whether to delete the files as well.", type="boolean")
DELEGATION = {
    "name": "X-Iceberg-Access-Delegation",
    "in": "header",
    "required": False,
    "description": (
        "How the client takes access to storage: `vended-credentials`, `remote-signing` or both, "
        "separated by a comma. What it may do decides what it gets."
    ),
    "schema": {"type": "string"},
}
