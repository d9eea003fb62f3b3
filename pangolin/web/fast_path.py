"""The fast path for the request that engines send most: loading a table, from WSGI to the service.

Flask, its routing and the schemas cost more than the load. The lane answers only what it answers
exactly as the view would; everything else, and every client error, goes through Flask, which does
it again. That is safe because loading changes nothing.
"""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.exceptions import HTTPException

from pangolin.errors import PangolinError, TooManyRequests, Unauthorized
from pangolin.interfaces.authentication import AuthRequest
from pangolin.services.authn.sessions import Stale
from pangolin.services.context import metrics
from pangolin.services.context.context import Context
from pangolin.services.tables import tables
from pangolin.services.tables.loading import Loaded
from pangolin.web import context
from pangolin.web.context import Server
from pangolin.web.http import access_log, errors
from pangolin.web.http.loopback import is_loopback
from pangolin.web.http.raw_path import LEVELS, RAW_PATH, STARTED, decode_segment
from pangolin.web.iceberg.parameters import parse_delegation, parse_etags
from pangolin.web.iceberg.responses import NO_STORE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TABLE = re.compile(r"/v1/([^/]+)/namespaces/([^/]+)/tables/([^/]+)")
ROUTE = "/v1/<prefix>/namespaces/<namespace:namespace>/tables/<table>"
MODES = {"": "all", "snapshots=all": "all", "snapshots=refs": "refs"}
# A request with one of these is unusual: Flask's hooks may have to see it.
UNUSUAL = (
    "HTTP_ORIGIN",
    "HTTP_IDEMPOTENCY_KEY",
    "HTTP_TRANSFER_ENCODING",
    "CONTENT_LENGTH",
)
DELEGATION = "HTTP_X_ICEBERG_ACCESS_DELEGATION"
CREDENTIALS = ("HTTP_AUTHORIZATION", "HTTP_X_API_KEY")
REFUSALS = (Unauthorized.status, TooManyRequests.status)
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """A load: prefix, namespace levels, table name, and which snapshots."""

    prefix: str
    levels: tuple[str, ...]
    table: str
    snapshots: str


@dataclass(frozen=True, slots=True)
class WsgiResponse:
    """An answer as WSGI sends it."""

    status: str
    headers: list[tuple[str, str]]
    parts: tuple[bytes, ...]


class LoadTableFastPath:
    """WSGI middleware that belongs below `RawPath`."""

    def __init__(self, app: "WSGIApplication", server: Server) -> None:
        self._app = app
        self._server = server
        self._services = server.services

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        asked = read(environ)
        response = None if asked is None else self._try(environ, asked)
        if response is None:
            return self._app(environ, start_response)
        start_response(response.status, response.headers)
        return response.parts

    def _try(self, environ: "WSGIEnvironment", asked: LoadRequest) -> WsgiResponse | None:
        mark = access_log.request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        view = None
        try:
            view = self._context(environ, mark)
            response = _response(self._load(view, asked, environ))
        except Stale:
            # Flask reads everything again.
            return None
        except PangolinError as error:
            if error.status in REFUSALS:
                # Flask reports it: a secret must not be checked and counted a second time.
                environ[context.REFUSED] = error
            # A store that timed out must not be called and waited for a second time.
            if error.status < 500 or view is None:
                return None
            response = _failed(error)
        except Exception:
            # It happens again in Flask, which answers with an id that the log has too.
            return None
        _observe(environ, view, response)
        return response

    def _context(self, environ: "WSGIEnvironment", mark: str) -> Context:
        """Authenticate; raise what the plugins raise."""
        client = context.client_of(environ, self._server.runtime.settings, mark)
        credential = AuthRequest(
            authorization=environ.get("HTTP_AUTHORIZATION"),
            api_key=environ.get("HTTP_X_API_KEY"),
            remote_address=client.address,
            loopback=is_loopback(environ.get("REMOTE_ADDR")),
            agent=client.agent,
            request_id=mark,
        )
        principal = self._server.registry.authenticate(credential, self._services)
        if principal is None:
            raise PangolinError("left to Flask to refuse")
        wanted = environ.get("HTTP_X_PANGOLIN_TENANT")
        return context.build(self._server.runtime, principal, wanted, client)

    def _load(self, view: Context, asked: LoadRequest, environ: "WSGIEnvironment") -> Loaded:
        tags, wanted = environ.get("HTTP_IF_NONE_MATCH", ""), environ.get(DELEGATION, "")
        answer = tables.load(
            view,
            asked.prefix,
            asked.levels,
            asked.table,
            snapshots=asked.snapshots,
            known=parse_etags(tags) if tags else (),
            delegation=parse_delegation(wanted) if wanted else (),
        )
        view.confirm()
        return answer


def read(environ: "WSGIEnvironment") -> LoadRequest | None:
    """Read a load that the lane may answer; return None for anything else."""
    if environ["REQUEST_METHOD"] != "GET" or not any(name in environ for name in CREDENTIALS):
        return None
    found = TABLE.fullmatch(environ["PATH_INFO"])
    mode = MODES.get(environ.get("QUERY_STRING", ""))
    if found is None or mode is None or any(environ.get(name) for name in UNUSUAL):
        return None
    prefix, namespace, table = found.groups()
    try:
        levels = tuple(decode_segment(level) for level in LEVELS.split(namespace))
        return LoadRequest(decode_segment(prefix), levels, decode_segment(table), mode)
    except HTTPException:
        return None


def _response(answer: Loaded) -> WsgiResponse:
    tag = ("ETag", answer.etag or "")
    if answer.unchanged:
        return WsgiResponse("304 NOT MODIFIED", [tag], ())
    parts = answer.parts()
    headers = [("Content-Type", JSON), ("Content-Length", str(sum(map(len, parts)))), tag]
    if answer.credentials:
        headers.append(("Cache-Control", NO_STORE))
    return WsgiResponse("200 OK", headers, parts)


def _failed(error: PangolinError) -> WsgiResponse:
    answer = errors.answer_domain_error(error)
    return WsgiResponse(answer.status, answer.headers.to_wsgi_list(), (answer.get_data(),))


def _observe(environ: "WSGIEnvironment", view: Context, response: WsgiResponse) -> None:
    metrics.authenticated("success")
    response.headers.extend(access_log.headers(view.client.request_id))
    code, name = int(response.status[:3]), view.principal.name
    answered = access_log.Answered(
        view.client.request_id, "GET", environ[RAW_PATH], ROUTE, code, name
    )
    access_log.log_request(answered, time.monotonic() - environ[STARTED])


def install(app: Flask, server: Server) -> None:
    """Put the lane in front of an application; call it before `routing.install`.

    Without authentication Flask must check every request's origin, so there is no lane.
    """
    if not server.runtime.settings.no_auth:
        app.wsgi_app = LoadTableFastPath(app.wsgi_app, server)  # type: ignore[method-assign]
