"""A gate before Azurite that takes signatures for a directory, which Azurite does not know.

It works out a signature from what Azure documents, apart from the code that is tested, and is an
account with a hierarchical namespace. The server's own tokens and keys pass as they are.
"""

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime
from urllib.parse import unquote

from tests.servers.azurite import ACCOUNT, ACCOUNT_KEY
from tests.servers.entra import token
from tests.servers.front import Answer, Request

_KEY = re.compile(rb"<Value>([^<]+)</Value>")
_PARAMETERS = "sp st se spr sv sr sdd sig skoid sktid skt ske sks skv scid saoid suoid sip"
# Version 2020-12-06 and later: a user delegation SAS, and one by the account's key.
_DELEGATED = (
    "sp st se = skoid sktid skt ske sks skv saoid suoid scid sip spr sv sr snapshot ses rscc rscd "
    "rsce rscl rsct"
)
_BY_ACCOUNT = "sp st se = si sip spr sv sr snapshot ses rscc rscd rsce rscl rsct"
_NEEDED = {"GET": "r", "HEAD": "r", "PUT": "wc", "DELETE": "d"}


class Adls:
    """The gate; `keys` are the user delegation keys that Azurite gave through it."""

    def __init__(self, *, hierarchical: bool = True) -> None:
        self.hierarchical = hierarchical
        self.keys: set[str] = set()
        self.delegations = 0

    def admit(self, request: Request) -> Request | Answer:
        """Check a signature and pass the request on with a token; pass all others as they are."""
        query = request.values
        if "sig" not in query:
            return request
        refusal = self._refusal(request, query)
        if refusal:
            return _denied(refusal)
        return request.without(*_PARAMETERS.split(), authorization=f"Bearer {token()}")

    def passed(self, request: Request, answer: Answer) -> Answer:
        """Remember a delegation key, and claim the namespace."""
        if request.values.get("comp") == "userdelegationkey" and answer.status == 200:
            self.delegations += 1
            self.keys |= {key.decode() for key in _KEY.findall(answer.body)}
        headers = {
            name: str(self.hierarchical).lower() if name.lower() == "x-ms-is-hns-enabled" else value
            for name, value in answer.headers.items()
        }
        return Answer(answer.status, answer.body, headers)

    def _refusal(self, request: Request, query: dict[str, str]) -> str:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if not query["st"] <= now < query["se"]:
            return "AuthenticationFailed"
        container, path = _resource(request, query)
        depth = int(query.get("sdd", "0"))
        signed = "/".join(("/blob", ACCOUNT, container, *path[:depth]))
        if len(path) <= depth or not self._is_signed(query, signed):
            return "AuthenticationFailed"
        needed = "l" if query.get("comp") == "list" else _NEEDED.get(request.method, "")
        return "" if set(needed) & set(query["sp"]) else "AuthorizationPermissionMismatch"

    def _is_signed(self, query: dict[str, str], resource: str) -> bool:
        if query["sr"] == "d" and not self.hierarchical:
            return False
        order, keys = (_DELEGATED, self.keys) if "skoid" in query else (_BY_ACCOUNT, {ACCOUNT_KEY})
        known = {**query, "=": resource}
        text = "\n".join(known.get(name, "") for name in order.split()).encode()
        return any(
            hmac.compare_digest(
                base64.b64encode(
                    hmac.new(base64.b64decode(key), text, hashlib.sha256).digest()
                ).decode(),
                query["sig"],
            )
            for key in keys
        )


def _resource(request: Request, query: dict[str, str]) -> tuple[str, list[str]]:
    """Name the container and the path: for a list, what its prefix is below."""
    _, _, container, *path = (unquote(part) for part in request.path.split("/"))
    if query.get("comp") == "list":
        path = query.get("prefix", "").split("/")
    return container, path


def _denied(code: str) -> Answer:
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>no</Message></Error>'
    headers = {"Content-Type": "application/xml", "x-ms-error-code": code}
    return Answer(403, body.encode(), headers)
