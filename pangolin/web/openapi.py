"""The two OpenAPI documents, what they share, and a page for each that needs no internet."""

import mimetypes
from pathlib import Path
from typing import Any

import flask_smorest
from flask import Flask, Response
from marshmallow import Schema, fields
from swagger_ui_bundle import swagger_ui_path

from pangolin import __version__
from pangolin.web.http.json_response import json_answer
from pangolin.web.http.raw_path import NamespaceConverter

SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
}
COMMON = (400, 401, 403, 413, 429, 500, 503)
MEANING = {
    400: "The request is malformed or breaks a rule; the message names the field.",
    401: "No credential, or a bad one.",
    403: "The principal may not do this.",
    404: "Something the request names does not exist.",
    406: "The server does not offer this.",
    409: "The name is taken, or the state of the resource does not allow it; the message says why.",
    413: "The body is larger than PANGOLIN_MAX_BODY_BYTES.",
    415: "The body is not declared to be JSON, or is compressed.",
    422: "The Idempotency-Key was used for another request.",
    429: "Too many attempts from this address or account; Retry-After says when to try again.",
    500: "The server failed, or the outcome of a change is unknown.",
    503: "A dependency of the server is unavailable; nothing was changed.",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A UUID: the request is applied once, and a repetition gets the same answer.",
    "schema": {"type": "string", "format": "uuid"},
}
ASSETS = frozenset({"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"})
# No inline script, so that the page works under a strict content security policy.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon-32x32.png">
</head>
<body>
<div id="page"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START = "SwaggerUIBundle({ url: 'openapi.json', dom_id: '#page', deepLinking: true });\n"
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"


class ErrorBody(Schema):
    """The members of an error (Iceberg REST, ErrorModel)."""

    message = fields.String(required=True, metadata={"description": "What went wrong."})
    type = fields.String(
        required=True,
        metadata={"description": "The failure, such as NoSuchTableException."},
    )
    code = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    details = fields.Dict(metadata={"description": "Further details, if there are any."})


class ErrorSchema(Schema):
    """An error answer (Iceberg REST, IcebergErrorResponse)."""

    error = fields.Nested(ErrorBody, required=True)


class Api(flask_smorest.Api):
    """One OpenAPI document and the blueprints it describes."""

    ERROR_SCHEMA = ErrorSchema


def make_api(app: Flask, name: str, title: str, prefix: str) -> Api:
    """Add an API whose document is served at `<prefix>/openapi.json` and shown at `<prefix>/docs`.

    `name` is unique in the application.
    """
    api = Api(
        app,
        config_prefix=name,
        spec_kwargs={
            "title": title,
            "version": __version__,
            "openapi_version": "3.0.3",
            "security": [{scheme: []} for scheme in SECURITY],
        },
    )
    for scheme, described in SECURITY.items():
        api.spec.components.security_scheme(scheme, described)
    api.register_converter(NamespaceConverter, _namespace_schema)
    _serve(app, api, name, title, prefix)
    return api


def document_of(app: Flask, name: str) -> dict[str, Any]:
    """Return the OpenAPI document of the API called `name`."""
    apis = app.extensions["flask-smorest"]["apis"]
    document: dict[str, Any] = apis[f"{name}_"]["ext_obj"].spec.to_dict()
    return document


def _namespace_schema(_converter: NamespaceConverter) -> dict[str, Any]:
    return {"type": "string", "description": "Levels joined by %1F, each percent-encoded."}


def _serve(app: Flask, api: Api, name: str, title: str, prefix: str) -> None:
    def document() -> Response:
        return json_answer(api.spec.to_dict())

    def page() -> Response:
        answer = Response(PAGE.format(title=title), mimetype="text/html")
        answer.headers["Content-Security-Policy"] = POLICY
        return answer

    app.add_url_rule(f"{prefix}/openapi.json", f"{name}-document", document)
    app.add_url_rule(f"{prefix}/docs", f"{name}-page", page)
    app.add_url_rule(f"{prefix}/docs/start.js", f"{name}-start", _start)
    for asset in ASSETS:
        endpoint = f"{name}-{asset.replace('.', '-')}"
        app.add_url_rule(f"{prefix}/docs/{asset}", endpoint, _asset, defaults={"name": asset})


def _start() -> Response:
    return Response(START, mimetype="text/javascript")


def _asset(name: str) -> Response:
    kind = mimetypes.guess_type(name)[0]
    answer = Response((Path(swagger_ui_path) / name).read_bytes(), mimetype=kind)
    answer.cache_control.max_age = 86400
    return answer
