"""The endpoints that `GET /v1/config` offers to clients, read off the routes that there are."""

from typing import Final

from flask import Flask
from werkzeug.routing import Rule

PREFIX: Final = "/v1/<prefix>/"
# What a client needs before it has read the list.
UNLISTED: Final = ("config", "oauth/tokens")
# The routes never change once a request is answered.
KNOWN: Final = "pangolin.iceberg_endpoints"


def endpoints_of(app: Flask) -> tuple[str, ...]:
    """Return the endpoints of a catalog as `METHOD /v1/{prefix}/...` (Iceberg REST: Endpoint)."""
    known: tuple[str, ...] | None = app.extensions.get(KNOWN)
    if known is None:
        known = app.extensions[KNOWN] = _listed(app)
    return known


def _listed(app: Flask) -> tuple[str, ...]:
    found = [
        f"{method} {_spelled(rule.rule)}"
        for rule in app.url_map.iter_rules()
        if _is_listed(rule)
        for method in _methods(app, rule)
    ]
    return tuple(found)


def _is_listed(rule: Rule) -> bool:
    return rule.rule.startswith(PREFIX) and rule.rule.removeprefix(PREFIX) not in UNLISTED


def _methods(app: Flask, rule: Rule) -> list[str]:
    # Flask answers HEAD wherever it answers GET; the protocol has it where a view defines it.
    view = getattr(app.view_functions[rule.endpoint], "view_class", None)
    own = {"HEAD"} if hasattr(view, "head") else set()
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"} | own)


def _spelled(rule: str) -> str:
    return rule.replace("<namespace:", "<").replace("<", "{").replace(">", "}")
