"""An OpenID provider made for tests, which does as well or as badly as a test tells it to."""

import base64
import hashlib
import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from tests.servers.loopback import Asked, Said, serving

CLIENT, SECRET = "pangolin-client", "s3cret+with/odd:chars"
MAKERS: dict[str, Callable[[], Any]] = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


class Issuer:
    """The provider: its keys by id, what it says of itself, and whom it signs in."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: Counter[str] = Counter()
        self.keys: dict[str, tuple[str, Any]] = {}
        self.published: list[dict[str, Any]] = []
        self.overrides: dict[str, Any] = {}
        self.answers: dict[str, Said] = {}
        self.person: dict[str, Any] = {"sub": "ann-1"}
        self.info: dict[str, Any] = {}
        self.id_claims: dict[str, Any] = {}
        self.forms: list[Asked] = []
        self._codes: dict[str, dict[str, str]] = {}
        self.add_key("first")

    def add_key(self, kid: str, algorithm: str = "ES256", **members: Any) -> dict[str, Any]:
        """Make a key and publish it; `members` are set in what is published."""
        private = MAKERS[algorithm]()
        self.keys[kid] = (algorithm, private)
        published = get_default_algorithms()[algorithm].to_jwk(private.public_key(), as_dict=True)
        row = {**published, "kid": kid, "use": "sig", "alg": algorithm, **members}
        self.published.append({name: value for name, value in row.items() if value is not None})
        return self.published[-1]

    def withdraw(self, kid: str) -> None:
        """Stop publishing a key."""
        self.published = [row for row in self.published if row.get("kid") != kid]

    def claims(self, **more: Any) -> dict[str, Any]:
        """Return the claims of a good token; None takes one out."""
        now = int(time.time())
        good = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 600, **self.person}
        return {name: value for name, value in {**good, **more}.items() if value is not None}

    def sign(
        self, claims: dict[str, Any], kid: str = "first", headers: dict[str, Any] | None = None
    ) -> str:
        """Sign any claims with one of the keys."""
        algorithm, private = self.keys[kid]
        body = json.dumps(claims).encode()
        return jwt.PyJWS().encode(body, private, algorithm, headers={"kid": kid, **(headers or {})})

    def token(self, **more: Any) -> str:
        """Return a token that is good but for what `more` says."""
        return self.sign(self.claims(**more))

    def answer(self, asked: Asked) -> Said:
        """Answer as OpenID Connect says, unless `answers` has something else for the path."""
        if asked.path in self.answers:
            return self.answers[asked.path]
        routes: dict[str, Callable[[Asked], Said]] = {
            "/.well-known/openid-configuration": self._describe,
            "/keys": lambda _: Said(body={"keys": self.published}),
            "/authorize": self._authorize,
            "/token": self._redeem,
            "/userinfo": self._inform,
        }
        found = routes.get(asked.path)
        return found(asked) if found else Said(404)

    def _describe(self, _: Asked) -> Said:
        described = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            **self.overrides,
        }
        return Said(body={name: value for name, value in described.items() if value is not None})

    def _authorize(self, asked: Asked) -> Said:
        code = secrets.token_urlsafe(8)
        self._codes[code] = dict(asked.query)
        back = urlencode({"code": code, "state": asked.query["state"], "iss": self.url})
        return Said(302, headers={"Location": f"{asked.query['redirect_uri']}?{back}"})

    def _redeem(self, asked: Asked) -> Said:
        self.forms.append(asked)
        begun = self._codes.pop(asked.form.get("code", ""), None)
        if begun is None or not _is_proof(begun, asked):
            return Said(400, {"error": "invalid_grant"})
        claims = self.claims(**{"nonce": begun.get("nonce"), **self.id_claims})
        return Said(body={"access_token": "opaque", "id_token": self.sign(claims)})

    def _inform(self, asked: Asked) -> Said:
        if asked.headers.get("Authorization") != "Bearer opaque":
            return Said(401)
        return Said(body={"sub": self.person["sub"], **self.info})


def _is_proof(begun: dict[str, str], asked: Asked) -> bool:
    hashed = hashlib.sha256(asked.form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
    same = begun["redirect_uri"] == asked.form.get("redirect_uri")
    return same and begun["code_challenge"] == challenge


def encoded(part: Any) -> str:
    """Encode a part of a token by hand."""
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@contextmanager
def issuing() -> Iterator[Issuer]:
    """Serve a provider."""
    issuer = Issuer()
    with serving(issuer):
        yield issuer
