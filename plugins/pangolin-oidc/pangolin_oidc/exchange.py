"""Exchange an authorization code for tokens (RFC 6749, section 4.1.3, and RFC 7636)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pangolin.plugin import LoginRequest, Unauthorized
from pangolin_oidc.discovery import Metadata
from pangolin_oidc.fetching import Answer, Line, basic
from pangolin_oidc.options import Options

# The provider's errors about the code; any other is about this server or the provider itself.
BAD_CODE: Final = frozenset(
    {"invalid_grant", "invalid_request", "access_denied", "bad_verification_code"}
)
_WORD = re.compile(r"[a-z_]{1,40}", re.ASCII)


class Exchange:
    """The client's side of the token endpoint of one provider."""

    def __init__(self, options: Options, line: Line) -> None:
        self._options = options
        self._line = line

    def redeem(self, metadata: Metadata, login: LoginRequest, code: str) -> Mapping[str, Any]:
        """Return the provider's answer; raise `Unauthorized` for a bad code, else `Unavailable`."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": login.callback,
            "code_verifier": login.verifier,
        }
        more, headers = self._authentication(metadata.methods)
        return self.checked(self._line.post(metadata.token_endpoint, form | more, headers))

    def checked(self, answer: Answer) -> Mapping[str, Any]:
        """Return the members of the token endpoint's answer, unless it is an error."""
        body = answer.body
        if not isinstance(body, Mapping):
            raise self._line.down(f"its token endpoint answered {answer.status} without JSON")
        error = word(body.get("error"))
        if error in BAD_CODE and answer.status < 500:
            raise Unauthorized(f"{self._options.name} refused the code: {error}")
        if answer.status != 200 or "error" in body:
            raise self._line.down(f"its token endpoint answered {answer.status} {error}".rstrip())
        return body

    def _authentication(self, methods: tuple[str, ...]) -> tuple[dict[str, str], dict[str, str]]:
        client, secret = self._options.client_id, self._options.client_secret
        if not secret:
            return {"client_id": client}, {}
        if "client_secret_basic" in methods:
            return {}, {"Authorization": basic(client, secret)}
        if "client_secret_post" in methods:
            return {"client_id": client, "client_secret": secret}, {}
        raise self._line.down("it takes neither client_secret_basic nor client_secret_post")


def word(value: object) -> str:
    """Return an error code that can be repeated in a message, or ""."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""
