"""A fake of Entra's authority: gives unsigned tokens to who proves to be the one application."""

import base64
import json
import time
from collections import Counter
from collections.abc import Mapping

from tests.servers.loopback import Asked, Said

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
OBJECT = "99999999-8888-7777-6666-555555555555"
SECRET = "entra-s3cret~with/odd"
ASSERTION = "the.federated.assertion"


class Entra:
    """The authority of one tenant; `lives` are the seconds of its tokens."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: Counter[str] = Counter()
        self.forms: list[Mapping[str, str]] = []
        self.refusal: Said | None = None
        self.lives = 3600

    def answer(self, asked: Asked) -> Said:
        """Describe itself, or give a token."""
        if asked.path == f"/{TENANT}/v2.0/.well-known/openid-configuration":
            return Said(body=self._described())
        if asked.path == f"/{TENANT}/oauth2/v2.0/token":
            return self._token(asked.form)
        return Said(404)

    def _described(self) -> dict[str, object]:
        base = f"{self.url}/{TENANT}"
        return {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "jwks_uri": f"{base}/keys",
        }

    def _token(self, form: Mapping[str, str]) -> Said:
        self.forms.append(form)
        if self.refusal is not None:
            return self.refusal
        if form.get("client_id") != CLIENT or not _is_proof(form):
            return refused("AADSTS7000215: Invalid client secret provided.")
        return Said(
            body={
                "access_token": token(self.lives),
                "token_type": "Bearer",
                "expires_in": self.lives,
            }
        )


def refused(description: str, status: int = 401) -> Said:
    """Refuse as Entra does."""
    return Said(status, {"error": "invalid_client", "error_description": description})


def token(lives: int = 3600) -> str:
    """Make a token as Azurite takes it: it looks at the claims, not at the signature."""
    now = int(time.time())
    claims = {
        "aud": "https://storage.azure.com",
        "iss": f"https://sts.windows.net/{TENANT}/",
        "iat": now - 60,
        "nbf": now - 60,
        "exp": now + lives,
        "oid": OBJECT,
        "tid": TENANT,
    }
    return ".".join((_part({"alg": "none", "typ": "JWT"}), _part(claims), _part("unsigned")))


def _is_proof(form: Mapping[str, str]) -> bool:
    """Take the secret, the federated assertion, or any JWT that a certificate signed."""
    assertion = form.get("client_assertion", "")
    signed = assertion.count(".") == 2 and assertion.startswith("eyJ")
    return form.get("client_secret") == SECRET or assertion == ASSERTION or signed


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
