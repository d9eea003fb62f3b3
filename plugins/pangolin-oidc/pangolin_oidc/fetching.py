"""Requests to a provider: bounded in time and size, without redirects, answered in JSON."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus

import requests
from requests import PreparedRequest, Response
from urllib3.exceptions import HTTPError

from pangolin.plugin import Unavailable
from pangolin_oidc.options import is_safe_url

CONNECT_S: Final = 3.05
READ_S: Final = 5.0
TOTAL_S: Final = 10.0
MOST_BYTES: Final = 1 << 20
CHUNK: Final = 1 << 16
# A compressed answer could have any size once decompressed.
PLAIN: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer: its status, and the JSON of its body (None: it was not JSON)."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Line:
    """The connection to one provider: its name, for messages, and whether plain http is allowed."""

    name: str
    allow_http: bool

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Fetch a URL; raise `Unavailable`."""
        return self._ask("GET", url, headers or {}, None)

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Send a form; raise `Unavailable`."""
        return self._ask("POST", url, headers, form)

    def down(self, why: str) -> Unavailable:
        """Build the error that says what is wrong with the provider."""
        return Unavailable(f"identity provider {self.name} cannot be asked: {why}", retry_after=5)

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> Answer:
        if not is_safe_url(url, self.allow_http):
            raise self.down("it names a URL that is not https")
        deadline = time.monotonic() + TOTAL_S
        try:
            with requests.Session() as session:
                found = session.request(
                    method,
                    url,
                    headers={**PLAIN, **headers},
                    data=form,
                    # Without it a line in ~/.netrc would replace our headers.
                    auth=_as_it_is,
                    allow_redirects=False,
                    stream=True,
                    timeout=(CONNECT_S, READ_S),
                )
                return Answer(found.status_code, self._read(found, deadline))
        except (requests.RequestException, HTTPError, OSError) as error:
            raise self.down(type(error).__name__) from None

    def _read(self, found: Response, deadline: float) -> Any:
        if found.is_redirect:
            raise self.down("it answered with a redirect, which is not followed")
        body = bytearray()
        while chunk := found.raw.read1(CHUNK, decode_content=False):
            body += chunk
            if len(body) > MOST_BYTES:
                raise self.down(f"its answer is longer than {MOST_BYTES} bytes")
            if time.monotonic() > deadline:
                raise self.down(f"its answer took longer than {TOTAL_S:.0f} s")
        return _parsed(bytes(body))


def basic(user: str, secret: str) -> str:
    """Return the Basic credentials of a client (RFC 6749, section 2.3.1: form-encoded first)."""
    pair = f"{quote_plus(user)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    return request


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
