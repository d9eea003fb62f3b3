"""Signing in with an identity provider, in a browser."""

from urllib.parse import urlsplit

from flask import Response, request
from marshmallow import EXCLUDE, RAISE, Schema, fields, validate

from pangolin.errors import BadRequest, Unavailable
from pangolin.services.authn.login_state import LIFETIMES_MS, STATE
from pangolin.services.context.json import Json
from pangolin.services.login import authorization_code
from pangolin.services.login.authorization_code import LONGEST_STATE, Return
from pangolin.settings import Settings
from pangolin.web.context import current_client, current_server
from pangolin.web.http.loopback import is_loopback, names_this_machine
from pangolin.web.management.fields import Flag, Text
from pangolin.web.management.openapi import Blueprint

blp = Blueprint("oauth", __name__, description="Signing in with an identity provider.")
CALLBACK = "/oauth/callback/"
LOCATION = {"Location": {"schema": {"type": "string"}, "description": "Where the browser goes."}}


class Departing(Schema):
    """Where the browser returns to."""

    redirect_uri = Text(
        required=True, metadata={"description": "One of PANGOLIN_OAUTH_REDIRECT_URIS, exactly."}
    )
    state = Text(
        validate=validate.Length(1, LONGEST_STATE),
        metadata={"description": "Returned unchanged with the code."},
    )


class Returning(Schema):
    """What the provider sends with the browser; other parameters are ignored."""

    state = fields.String(load_default="")
    code = fields.String(load_default="")
    error = fields.String(load_default="")


class OneTimeCode(Schema):
    """The code that came with the browser; valid once, for two minutes."""

    code = fields.String(required=True, load_only=True)


class OAuthToken(Schema):
    """A token of this server."""

    token = fields.String(required=True)
    token_type = fields.String(required=True)


class Provider(Schema):
    """An identity provider; a weaker one proves less than OpenID Connect does."""

    name = fields.String(required=True)
    label = fields.String(required=True)
    weaker = Flag(required=True)


class Providers(Schema):
    """The identity providers of this server."""

    providers = fields.List(fields.Nested(Provider), required=True)


@blp.route("/oauth/authorize/<provider>")
@blp.failures(429)
@blp.arguments(Departing, location="query", unknown=RAISE)
@blp.response(302, headers=LOCATION)
@blp.doc(security=[])
def authorize(asked: dict[str, str], provider: str) -> Response:
    """Send the browser to an identity provider."""
    leaving = authorization_code.start(
        current_server().runtime, provider, asked, _callback_base, current_client()
    )
    answer = _sent_to(leaving.url)
    answer.set_cookie(
        leaving.cookie,
        leaving.binding,
        max_age=LIFETIMES_MS[STATE] // 1000,
        path=urlsplit(leaving.callback).path,
        secure=leaving.callback.startswith("https:"),
        httponly=True,
        samesite="Lax",
    )
    return answer


@blp.route(f"{CALLBACK}<provider>")
@blp.failures(429)
@blp.arguments(Returning, location="query", unknown=EXCLUDE)
@blp.response(302, headers=LOCATION)
@blp.doc(security=[])
def callback(brought: dict[str, str], provider: str) -> Response:
    """Receive the browser from an identity provider and redirect it with a one-time code."""
    back = Return(**brought, cookie=lambda name: request.cookies.get(name, ""))
    return _sent_to(
        authorization_code.finish(current_server().runtime, provider, back, current_client())
    )


@blp.route("/api/v1/oauth/exchange", methods=["POST"])
@blp.failures(415, 429)
@blp.arguments(OneTimeCode)
@blp.response(200, OAuthToken)
@blp.doc(security=[])
def exchange(given: Json) -> Json:
    """Exchange the one-time code of a login for a token."""
    issued = authorization_code.exchange(current_server().runtime, given["code"], current_client())
    return {"token": issued.token, "token_type": "Bearer"}


@blp.route("/api/v1/oauth/providers")
@blp.failures(429)
@blp.response(200, Providers)
@blp.doc(security=[])
def providers() -> Json:
    """List the identity providers that people may sign in with."""
    return {
        "providers": authorization_code.list_providers(current_server().runtime, current_client())
    }


def check_settings(settings: Settings) -> None:
    """Raise `BadRequest` naming a URL to which no browser should be sent."""
    for url in settings.oauth_redirect_uris:
        if not _is_safe(url):
            raise BadRequest(f"PANGOLIN_OAUTH_REDIRECT_URIS must list {SAFE}, not {url!r}")
    if settings.public_url and (not _is_safe(settings.public_url) or "?" in settings.public_url):
        raise BadRequest(f"PANGOLIN_PUBLIC_URL must be {SAFE}, not {settings.public_url!r}")


SAFE = "https:// (on this machine also http://) URLs without user name and fragment"


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and not set(url) & set(" \\#")
    if not plain or not host or port == 0 or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def _callback_base() -> str:
    public = current_server().runtime.settings.public_url
    if public:
        return public.rstrip("/") + CALLBACK
    if names_this_machine(f"//{request.host}") and is_loopback(request.remote_addr):
        return f"http://{request.host}{CALLBACK}"
    raise Unavailable("PANGOLIN_PUBLIC_URL must be the URL at which browsers reach this server")


def _sent_to(url: str) -> Response:
    answer = Response(status=302, headers={"Location": url, "Cache-Control": "no-store"})
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
