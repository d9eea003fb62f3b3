"""The reference of endpoints, from the two OpenAPI documents."""

from collections.abc import Iterator
from typing import Any

from docs.generators.markdown import document, table, words
from pangolin.app import create_app
from pangolin.settings import Settings
from pangolin.web.openapi import document_of

INTRO = """
The complete description of requests and answers is the OpenAPI document of each API: served at
`/v1/openapi.json` and `/api/v1/openapi.json`, browsable at `/v1/docs` and `/api/v1/docs`, printed
by `pangolin openapi`. This page lists all endpoints.

Every endpoint needs HTTP Basic, a bearer token or an API key (`X-API-Key`), except those marked
*open*. The header `X-Pangolin-Tenant` (a tenant's id or name) selects the tenant that root acts in;
without it, this is the default tenant. Failures are listed in [Errors](errors.md).
"""
ICEBERG = """
The paths are also served below `/iceberg`, and as `/v1/{catalog}/v1/…` for clients whose base URI
names the catalog. `{prefix}` is `catalog` or `catalog@ref`. The levels of `{namespace}` are joined
by `%1F`, each percent-encoded. Lists are paged only when `pageSize` or `pageToken` is sent.
"""
MANAGEMENT = """
Lists are bare arrays. They take `limit` and `page_token`, and an answer that is followed by more
has a `Link` header with `rel="next"`; `offset` exists for older clients and reads what it skips.
An unknown member of a body is refused; the message names it.
"""
APIS = {"ICEBERG": ("Iceberg REST", ICEBERG), "MANAGEMENT": ("Management", MANAGEMENT)}
METHODS = ("get", "head", "post", "put", "patch", "delete")
Operation = dict[str, Any]


def operations(name: str) -> Iterator[tuple[str, str, Operation]]:
    """Iterate over (method, path, operation) of one API; plugins' own endpoints are left out."""
    app = create_app(Settings(store_url="memory:"))
    for path, found in document_of(app, name)["paths"].items():
        for method in METHODS:
            if method in found and not path.startswith("/api/v1/x/"):
                yield method.upper(), path, found[method]


def page() -> str:
    """Write the page."""
    parts = [INTRO]
    for name, (title, intro) in APIS.items():
        rows = [_row(*each) for each in operations(name)]
        parts += [f"## {title}", intro, table(("endpoint", "does", "answers"), rows)]
    return document("Endpoints", *parts)


def _row(method: str, path: str, operation: Operation) -> tuple[str, str, str]:
    about = operation["summary"] + (" *Open.*" if operation.get("security") == [] else "")
    asked = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
    if asked:
        about += f" Takes {words(asked)}."
    good = sorted(status for status in operation["responses"] if status < "400")
    return f"`{method} {path}`", about, ", ".join(good)
