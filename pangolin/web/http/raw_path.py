"""Route on the raw path, so that names may hold `/`, `%2F`, U+001F and anything else.

WSGI's PATH_INFO is decoded before it is split, which loses encoded slashes. The middleware puts
the path back as the client sent it; each converter then decodes its own segment.
"""

import re
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from flask import Flask
from werkzeug.exceptions import BadRequest
from werkzeug.routing import BaseConverter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BASE_CATALOG = "pangolin.base_catalog"
RAW_PATH = "pangolin.raw_path"
STARTED = "pangolin.started"
ICEBERG_WORDS = frozenset(
    {"config", "namespaces", "tables", "views", "transactions", "oauth", "register", "v1"}
)
LEVELS = re.compile("%1F", re.IGNORECASE)
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
ABSOLUTE_FORM = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?]*")
UNTOUCHED = "%/:@!$&'()*+,;=-._~"


@lru_cache(maxsize=4096)
def decode_segment(segment: str) -> str:
    """Percent-decode one path segment; raise 400 for a bad escape or bytes that are not UTF-8."""
    if BAD_ESCAPE.search(segment):
        raise BadRequest(f"the path has a % without two hexadecimal digits after it: {segment}")
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise BadRequest(f"the decoded path is not UTF-8: {segment}") from None


class SegmentConverter(BaseConverter):
    """One path segment, percent-decoded; the default converter."""

    def to_python(self, value: str) -> str:
        return decode_segment(value)

    def to_url(self, value: Any) -> str:
        return quote(str(value), safe="")


class PathConverter(SegmentConverter):
    """Several segments, percent-decoded together."""

    part_isolating = False
    regex = "[^/].*?"
    weight = 200


class NamespaceConverter(BaseConverter):
    """A namespace as a tuple of levels: split on `%1F` first, then decoded."""

    def to_python(self, value: str) -> tuple[str, ...]:
        return tuple(decode_segment(level) for level in LEVELS.split(value))

    def to_url(self, value: Iterable[str]) -> str:
        return "%1F".join(quote(level, safe="") for level in value)


class RawPath:
    """WSGI middleware: restore the raw path, then fold the aliases of the Iceberg API."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        environ[STARTED] = time.monotonic()
        path = raw_path(environ)
        environ[RAW_PATH] = path
        if path.startswith("//"):
            # Werkzeug would fold leading slashes and serve every route under a second name.
            path = f"/%2F{path[2:]}"
        segments = path.split("/")[1:]
        if segments[0] == "iceberg":
            del segments[0]
        if segments and segments[0] == "v1":
            segments = [segment.replace("+", "%20") for segment in segments]
            segments = _fold_base_catalog(segments, environ)
            path = "/" + "/".join(segments)
        environ["PATH_INFO"] = path
        return self._app(environ, start_response)


def raw_path(environ: "WSGIEnvironment") -> str:
    """Return the path below SCRIPT_NAME as it was sent, still encoded, in ASCII."""
    uri = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if not uri:
        return quote(environ.get("PATH_INFO", "").encode("latin-1")) or "/"
    path = ABSOLUTE_FORM.sub("", uri, count=1) if "://" in uri[:12] else uri
    path = quote(path.partition("?")[0].encode("latin-1"), safe=UNTOUCHED)
    mount = quote(environ.get("SCRIPT_NAME", "").encode("latin-1"), safe=UNTOUCHED)
    if mount and (path + "/").startswith(mount + "/"):
        path = path[len(mount) :]
    return path if path.startswith("/") else f"/{path}"


def _fold_base_catalog(segments: list[str], environ: "WSGIEnvironment") -> list[str]:
    """Fold `/v1/{catalog}/v1/...`, which clients whose base URI names the catalog send.

    Some of them repeat the prefix: `/v1/{catalog}/v1/{catalog}/...` is folded too.
    """
    if len(segments) < 4 or segments[2] != "v1":
        return segments
    catalog, rest = segments[1], segments[3:]
    environ[BASE_CATALOG] = unquote_to_bytes(catalog).decode(errors="replace")
    if len(rest) > 1 and rest[0] == catalog and rest[1] in ICEBERG_WORDS:
        rest = rest[1:]
    return ["v1", *rest] if rest[0] in ("config", "oauth") else ["v1", catalog, *rest]


def install(app: Flask) -> None:
    """Make an application route on raw paths; call it before any route is added."""
    converters = {
        "default": SegmentConverter,
        "string": SegmentConverter,
        "path": PathConverter,
        "namespace": NamespaceConverter,
    }
    app.url_map.converters = {**app.url_map.converters, **converters}
    app.url_map.merge_slashes = False
    app.wsgi_app = RawPath(app.wsgi_app)  # type: ignore[method-assign]
