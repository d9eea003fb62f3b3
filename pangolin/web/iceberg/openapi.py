"""How the Iceberg endpoints are documented: the protocol's error schema, shared parameters."""

from typing import Any

from marshmallow import Schema, fields

from pangolin.web import blueprint, openapi

IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "ETags that the client has; the answer is 304 if one of them is current.",
    "schema": {"type": "string"},
}


class ErrorModel(Schema):
    """The error of a failed request."""

    message = fields.String(required=True)
    type = fields.String(required=True)
    code = fields.Integer(required=True)


class IcebergErrorResponse(Schema):
    """The body of every error answer."""

    error = fields.Nested(ErrorModel, required=True)


class Blueprint(blueprint.Blueprint):
    """A blueprint of the Iceberg API."""

    ERROR = IcebergErrorResponse
    COMMON = (*openapi.COMMON, 415)
    MEANING = openapi.MEANING | {
        409: "The state of the catalog does not allow it.",
        422: "The request contradicts itself, or its Idempotency-Key was used for another request.",
        500: "The server failed, or the outcome of a commit is unknown.",
    }

    def takes(self, schema: type[Schema], *parameters: dict[str, Any]) -> Any:
        """Document a JSON body that the service itself validates, and header parameters."""
        body = {"required": True, "content": {"application/json": {"schema": schema}}}
        return self.doc(requestBody=body, parameters=list(parameters))


def _query(name: str, text: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


PAGING = (
    _query("pageToken", "The token of a page; empty for the first.", type="string"),
    _query("pageSize", "Maximum number of entries on a page.", type="integer", minimum=1),
)
PARENT = _query("parent", "A namespace: levels joined by U+001F.", type="string")
SNAPSHOTS = _query("snapshots", "Which snapshots to return.", type="string", enum=["all", "refs"])
PURGE = _query("purgeRequested", "Whether to delete the files as well.", type="boolean")
DELEGATION = {
    "name": "X-Iceberg-Access-Delegation",
    "in": "header",
    "required": False,
    "description": (
        "How the client can access storage: `vended-credentials`, `remote-signing` or both, "
        "separated by a comma. What the caller may do decides what is returned."
    ),
    "schema": {"type": "string"},
}
