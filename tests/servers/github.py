"""A GitHub made for tests: its OAuth endpoints, and the calls of its API that tell who it is."""

import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from tests.servers.loopback import Asked, Said, serving

ADDRESSES = [
    {"email": "old@example.org", "primary": False, "verified": True},
    {"email": "Ann@Example.org", "primary": True, "verified": True},
]


class Github:
    """The site: who signs in, with which addresses and organisations."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: Counter[str] = Counter()
        self.user: Any = {"id": 4711, "login": "ann", "email": "shown@example.org"}
        self.addresses: Any = [dict(row) for row in ADDRESSES]
        self.organisations: Any = [{"login": "devs"}, {"login": "others"}]
        self.answers: dict[str, Said] = {}
        self.forms: list[Asked] = []
        self._codes: set[str] = set()

    def answer(self, asked: Asked) -> Said:
        """Answer as GitHub does, unless `answers` has something else for the path."""
        if asked.path in self.answers:
            return self.answers[asked.path]
        if asked.path == "/login/oauth/authorize":
            return self._authorize(asked)
        if asked.path == "/login/oauth/access_token":
            return self._redeem(asked)
        if asked.headers.get("Authorization") != "Bearer gho_token":
            return Said(401, {"message": "Bad credentials"})
        found = {
            "/api/v3/user": self.user,
            "/api/v3/user/emails": self.addresses,
            "/api/v3/user/orgs": self.organisations,
        }
        return Said(body=found[asked.path]) if asked.path in found else Said(404)

    def _authorize(self, asked: Asked) -> Said:
        code = secrets.token_hex(10)
        self._codes.add(code)
        back = urlencode({"code": code, "state": asked.query["state"]})
        return Said(302, headers={"Location": f"{asked.query['redirect_uri']}?{back}"})

    def _redeem(self, asked: Asked) -> Said:
        self.forms.append(asked)
        if asked.form.get("code") not in self._codes:
            # GitHub answers errors with 200, and with an error of its own for a bad code.
            return Said(body={"error": "bad_verification_code"})
        self._codes.discard(asked.form["code"])
        return Said(body={"access_token": "gho_token", "token_type": "bearer", "scope": ""})


@contextmanager
def github() -> Iterator[Github]:
    """Serve a GitHub."""
    site = Github()
    with serving(site):
        yield site
