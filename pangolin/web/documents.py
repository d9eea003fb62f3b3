"""The two OpenAPI documents, and a page of each that works without the internet."""

import mimetypes
from pathlib import Path
from typing import Any

import flask_smorest
from flask import Flask, Response
from swagger_ui_bundle import swagger_ui_path

from pangolin import __version__
from pangolin.web.answers import json_answer
from pangolin.web.errors import ErrorSchema
from pangolin.web.routing import NamespaceConverter

SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
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
    for scheme, fields in SECURITY.items():
        api.spec.components.security_scheme(scheme, fields)
    api.register_converter(NamespaceConverter, _namespace_schema)
    _serve(app, api, name, title, prefix)
    return api


def document_of(app: Flask, name: str) -> dict[str, Any]:
    """Give the OpenAPI document of the API called `name`."""
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
