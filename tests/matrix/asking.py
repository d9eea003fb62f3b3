"""Building the request of a row, and listing the routes there are."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from flask import Flask
from werkzeug.test import TestResponse

from pangolin.app import create_app
from pangolin.settings import Settings
from tests.matrix.rows import Row
from tests.matrix.world import World

PARAMETER = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")
# Pages and their parts say nothing of anybody's data.
DOCUMENTS = re.compile(r"/(api/)?v1/(docs(/.*)?|openapi\.json)")


def routes() -> list[str]:
    """List every method and rule of an application, documents left out."""
    app = create_app(Settings(store_url="memory:", root_password="unused"))
    return sorted(_routes(app))


def _routes(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        if DOCUMENTS.fullmatch(rule.rule):
            continue
        # Flask answers HEAD wherever it answers GET; some views have a HEAD of their own.
        view = getattr(app.view_functions[rule.endpoint], "view_class", None)
        automatic = {"OPTIONS"} if hasattr(view, "head") else {"OPTIONS", "HEAD"}
        for method in (rule.methods or set()) - automatic:
            yield f"{method} {rule.rule}"


def ask(world: World, route: str, row: Row, column: str) -> int:
    """Send a row's request as one sort of principal; return the status."""
    return ask_for(world, route, row, column).status_code


def ask_for(world: World, route: str, row: Row, column: str) -> TestResponse:
    """Send a row's request as one sort of principal."""
    return ask_with(world, route, row, column, lambda value: value)


def ask_with(
    world: World, route: str, row: Row, column: str, change: Callable[[Any], Any]
) -> TestResponse:
    """Send a row's request once `change` has been made to its names, its body and its query."""
    method, _, rule = route.partition(" ")
    given = {key: _filled(world, text) for key, text in (row.names or {}).items()}
    names = change(world.names | given)
    path = PARAMETER.sub(lambda found: quote(names[found[1]], safe=""), rule)
    query = urlencode(change(dict(parse_qsl(row.query))))
    more: dict[str, Any] = {}
    if row.body is not None:
        more["json"] = change(_filled(world, row.body))
    if row.form is not None:
        more["data"] = change(_filled(world, row.form))
    return world.client(column).open(f"{path}?{query}", method=method, **more)


def _filled(world: World, value: Any) -> Any:
    """Put what the world has made into a request's `{words}`."""
    if isinstance(value, dict):
        return {key: _filled(world, each) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(world, each) for each in value]
    if isinstance(value, str) and value.startswith("{"):
        word, _, rest = value[1:].partition("}")
        return (world.root if word == "root" else world.more[word]) + rest
    return value
