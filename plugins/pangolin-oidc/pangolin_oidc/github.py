"""GitHub, which is plain OAuth 2.0 and not an OpenID provider.

It issues no ID token: nothing signed says for whom and for which login the answer is, there is no
nonce, and its access tokens name no audience. So it only signs people in, with state and PKCE, by a
code that is sent directly from GitHub to this server; its tokens are never accepted as credentials.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from pangolin.plugin import ExternalIdentity, LoginRequest, Unauthorized
from pangolin_oidc.discovery import Metadata
from pangolin_oidc.exchange import Exchange
from pangolin_oidc.fetching import Line
from pangolin_oidc.options import Options

HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
PAGE: Final = "per_page=100"


class GithubProvider:
    """GitHub or a GitHub Enterprise server."""

    weaker = True

    def __init__(self, options: Options) -> None:
        self.name, self.label, self.tenant = options.name, options.label, options.tenant
        self._options = options
        self._line = Line(options.name, options.allow_http)
        site = f"{options.issuer}/login/oauth"
        self._endpoints = Metadata(
            f"{site}/authorize", f"{site}/access_token", "", None, ("client_secret_post",)
        )

    def authorize_url(self, login: LoginRequest) -> str:
        """Return the URL the browser is sent to."""
        asked = {
            "client_id": self._options.client_id,
            "redirect_uri": login.callback,
            "scope": " ".join(self._options.scopes),
            "state": login.state,
            "code_challenge": login.challenge,
            "code_challenge_method": "S256",
            "allow_signup": "false",
        }
        return f"{self._endpoints.authorization_endpoint}?{urlencode(asked)}"

    def identify(self, login: LoginRequest, code: str) -> ExternalIdentity:
        """Exchange the code and return the identity; raise `Unauthorized` or `Unavailable`."""
        answer = Exchange(self._options, self._line).redeem(self._endpoints, login, code)
        token = answer.get("access_token")
        if not isinstance(token, str):
            raise self._line.down("its answer holds no access_token")
        user = self._user(token)
        email = self._email(token)
        return ExternalIdentity(
            provider=self.name,
            subject=str(user["id"]),
            tenant=self._options.tenant,
            name=str(user["login"]),
            email=email,
            email_verified=email is not None,
            groups=self._organisations(token),
            roles=self._options.roles,
            domains=self._options.email_domains,
            creates=self._options.create_users,
        )

    def _user(self, token: str) -> Mapping[str, Any]:
        user = self._ask("user", token)
        # The number is permanent; a login name can be given up and taken by somebody else.
        if not isinstance(user, Mapping) or type(user.get("id")) is not int:
            raise self._line.down("its answer does not say who the user is")
        if not isinstance(user.get("login"), str):
            raise self._line.down("its answer does not hold the user's name")
        return user

    def _email(self, token: str) -> str | None:
        """Return the primary address, if GitHub has verified it; the profile's is never taken."""
        for row in self._rows(f"user/emails?{PAGE}", token):
            if row.get("primary") is True and row.get("verified") is True:
                address = row.get("email")
                return address if isinstance(address, str) else None
        return None

    def _organisations(self, token: str) -> tuple[str, ...]:
        if not self._options.roles:
            return ()
        names = (row.get("login") for row in self._rows(f"user/orgs?{PAGE}", token))
        return tuple(
            name for name in names if isinstance(name, str) and name in self._options.roles
        )

    def _rows(self, path: str, token: str) -> list[Mapping[str, Any]]:
        found = self._ask(path, token)
        if not isinstance(found, list):
            raise self._line.down(f"its answer to {path.partition('?')[0]} is not a list")
        return [row for row in found if isinstance(row, Mapping)]

    def _ask(self, path: str, token: str) -> Any:
        url = f"{self._options.api_url.rstrip('/')}/{path}"
        answer = self._line.get(url, {**HEADERS, "Authorization": f"Bearer {token}"})
        if answer.status in (401, 403):
            raise Unauthorized(f"{self.name} does not let the server see who signed in")
        if answer.status != 200:
            raise self._line.down(f"its API answered {answer.status}")
        return answer.body
