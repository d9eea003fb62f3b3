"""`POST /v1/oauth/tokens`: the one endpoint whose errors have the shape of OAuth2."""

from typing import cast

import orjson
from flask import Response, request
from marshmallow import Schema, fields
from marshmallow.validate import OneOf
from werkzeug.exceptions import HTTPException

from pangolin.errors import PangolinError
from pangolin.services.login import oauth
from pangolin.services.login.oauth_requests import (
    GIVEN_TYPES,
    TAKEN_TYPES,
    OAuthError,
    TokenRequest,
)
from pangolin.web.blueprint import Blueprint, F
from pangolin.web.context import (
    current_authorization,
    current_client,
    current_server,
    principal_of_bearer,
)
from pangolin.web.http import errors
from pangolin.web.http.json_response import json_answer

FORM = "application/x-www-form-urlencoded"
MOST_BYTES = 64 * 1024
MEANING = {
    400: "The request is malformed, or a token to be exchanged is not valid (`invalid_grant`).",
    401: "The client's credentials are not valid (`invalid_client`).",
    413: f"The body is larger than {MOST_BYTES} bytes.",
    429: "Too many attempts from this address or client; Retry-After says when to try again.",
    500: "The server failed.",
    503: "A dependency of the server is unavailable; nothing was changed.",
}
OWN = {OAuthError.type, *(each.type for each in OAuthError.__subclasses__())}
KINDS = {429: "slow_down", 500: "server_error", 503: "temporarily_unavailable"}


class TokenForm(Schema):
    """What a client sends; HTTP Basic may replace `client_id` and `client_secret`."""

    grant_type = fields.String(
        required=True, validate=OneOf([oauth.CLIENT_CREDENTIALS, oauth.TOKEN_EXCHANGE])
    )
    client_id = fields.String(metadata={"description": "A service user's id or name."})
    client_secret = fields.String(metadata={"description": "One of its API keys."})
    scope = fields.String(metadata={"description": "Returned as it was requested."})
    subject_token = fields.String(metadata={"description": "The token to be exchanged."})
    subject_token_type = fields.String(validate=OneOf(TAKEN_TYPES))
    actor_token = fields.String(
        metadata={"description": "A token of the actor that acts for the subject."}
    )
    actor_token_type = fields.String(validate=OneOf(TAKEN_TYPES))
    requested_token_type = fields.String(validate=OneOf(GIVEN_TYPES))


class TokenAnswer(Schema):
    """An access token; `expires_in` is in seconds."""

    access_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True)
    issued_token_type = fields.String(required=True)
    scope = fields.String(required=True)


class OAuthErrorBody(Schema):
    """An error of OAuth2, which has no envelope."""

    error = fields.String(required=True)
    error_description = fields.String()


class TokenBlueprint(Blueprint):
    """A blueprint whose errors have the shape of OAuth2."""

    ERROR = OAuthErrorBody
    COMMON = tuple(MEANING)
    MEANING = MEANING

    def __init__(self, name: str, prefix: str) -> None:
        super().__init__(name, __name__, url_prefix=prefix, description="OAuth2 access tokens.")
        handle = self.register_error_handler
        handle(PangolinError, lambda e: _bare(errors.answer_domain_error(e)))
        handle(HTTPException, lambda e: _bare(errors.answer_http_error(e)))
        handle(Exception, lambda e: _bare(errors.answer_surprise(e)))

    def issuing(self, view: F) -> F:
        """Document an endpoint that issues access tokens."""
        body = {"required": True, "content": {FORM: {"schema": TokenForm}}}
        answered = self.response(200, TokenAnswer)(self.failures()(view))
        return cast(F, self.doc(security=[], requestBody=body)(answered))


blp = TokenBlueprint("iceberg_oauth", "/v1")
# The paths that older clients use; they belong to the management API.
aliases = TokenBlueprint("oauth_aliases", "/api/v1/iceberg")


@blp.route("/oauth/tokens", methods=["POST"])
@blp.issuing
def tokens() -> Response:
    """Issue an access token to a service user, or in exchange for another token."""
    return _issue()


@blp.route("/<prefix>/oauth/tokens", methods=["POST"])
@blp.issuing
def tokens_of(prefix: str) -> Response:
    """Issue an access token to a client whose base URI names the catalog."""
    return _issue()


@aliases.route("/<prefix>/v1/oauth/tokens", methods=["POST"])
@aliases.route("/<prefix>/oauth/tokens", methods=["POST"])
@aliases.issuing
def tokens_below(prefix: str) -> Response:
    """Issue an access token, as `/v1/oauth/tokens` does."""
    return _issue()


def _issue() -> Response:
    body = oauth.answer(current_server().runtime, _asked(), principal_of_bearer)
    return _uncached(json_answer(body))


def _asked() -> TokenRequest:
    request.max_content_length = MOST_BYTES
    if request.mimetype != FORM:
        raise OAuthError(f"the body must be {FORM}, not {request.mimetype or 'untyped'}")
    for name, values in request.form.lists():
        if len(values) > 1:
            raise OAuthError(f"{name:.100} is there more than once")
    # A parameter without a value counts as omitted (RFC 6749 §3.2).
    sent = {name: value for name, value in request.form.items() if value}
    return TokenRequest(sent, current_authorization(), current_client())


def _bare(answer: Response) -> Response:
    """Convert one of our errors into one of OAuth2, with its headers."""
    found = orjson.loads(answer.get_data())["error"]
    kind = found["type"] if found["type"] in OWN else KINDS.get(found["code"], "invalid_request")
    answer.set_data(orjson.dumps({"error": kind, "error_description": found["message"]}))
    return _uncached(answer)


def _uncached(answer: Response) -> Response:
    answer.headers.extend({"Cache-Control": "no-store", "Pragma": "no-cache"})
    return answer
