"""A gate before fake-gcs-server that is Google's token services, and enforces what they promise.

It takes a service account's signature, impersonates, exchanges tokens for narrower ones, and
evaluates their boundary by a CEL engine on every request. fake-gcs-server does not know all of
the XML interface: uploads are put into the JSON one.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, quote, unquote
from uuid import uuid4

import celpy
import jwt
from celpy.adapter import json_to_cel
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.transport import Request as GoogleRequest
from google.auth.transport.requests import Request as RequestsRequest

from tests.servers.front import Answer, Request
from tests.servers.gcs_requests import Wish, wishes

BUCKET = "lake-bkt"
ACCOUNT = "catalog@test.iam.gserviceaccount.com"
TARGET = "vend@test.iam.gserviceaccount.com"
AUDIENCE = "https://oauth2.googleapis.com/token"
HOSTS = ("https://oauth2.googleapis.com", "https://sts.googleapis.com")
IAM = "https://iamcredentials.googleapis.com"
TRANSLATED = "x-translated"
_ROLES = {
    "inRole:roles/storage.objectViewer": {"get", "list"},
    "inRole:roles/storage.objectCreator": {"create"},
    "inRole:roles/storage.objectUser": {"get", "list", "create", "delete"},
}


@dataclass(frozen=True, slots=True)
class Given:
    """A token: of whom, until when, and what bounds it."""

    account: str
    expires_at: float
    rules: list[dict[str, Any]] | None = None


class Gcp:
    """The gate; `impersonators` may act as the target account."""

    def __init__(self) -> None:
        self._key = _private_key()
        self.uniform = True
        self.enforces = True
        self.impersonators = {ACCOUNT}
        self.given: dict[str, Given] = {}
        self.asked: list[str] = []
        self.refusal: Answer | None = None
        self.names: set[str] = set()

    def service_account(self, **more: object) -> str:
        """Return the key of the one service account, as JSON."""
        pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        made = {
            "type": "service_account",
            "project_id": "test",
            "client_email": ACCOUNT,
            "private_key": pem.decode(),
            "token_uri": AUDIENCE,
        }
        return json.dumps(made | more)

    def admit(self, request: Request) -> Request | Answer:
        """Return tokens, or let a storage request pass that its token allows."""
        services = {"/token": self._token, "/v1/token": self._exchange}
        service = services.get(request.path)
        if request.path.endswith(":generateAccessToken"):
            service = self._impersonate
        if service is not None:
            self.asked.append(request.path.rpartition("/")[2])
            return self.refusal or service(request)
        return self._storage(request)

    def passed(self, request: Request, answer: Answer) -> Answer:
        """Answer a successful upload as the XML interface does."""
        if request.headers.get(TRANSLATED) and answer.status == 200:
            return Answer(200, b"", {"ETag": '"1"', "x-goog-generation": "1"})
        return answer

    def _token(self, request: Request) -> Answer:
        form = _form(request)
        try:
            claims = jwt.decode(
                form["assertion"], self._key.public_key(), ["RS256"], audience=AUDIENCE
            )
        except jwt.PyJWTError:
            return said(400, {"error": "invalid_grant", "error_description": "Bad signature."})
        return self._give({"access_token": Given(claims["iss"], time.time() + 3600)}, 3600)

    def _impersonate(self, request: Request) -> Answer:
        source = self._bearer(request)
        target = unquote(request.path.rpartition("/")[2]).partition(":")[0]
        if source is None or source.account not in self.impersonators or target != TARGET:
            return said(403, {"error": {"code": 403, "status": "PERMISSION_DENIED"}})
        life = int(json.loads(request.body)["lifetime"].removesuffix("s"))
        ends = time.time() + life
        token = self._remember(Given(target, ends))
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))
        return said(200, {"accessToken": token, "expireTime": stamp})

    def _exchange(self, request: Request) -> Answer:
        form = _form(request)
        source = self.given.get(form["subject_token"])
        if source is None:
            return said(400, {"error": "invalid_grant"})
        bounds = json.loads(unquote(form["options"]))["accessBoundary"]["accessBoundaryRules"]
        return self._give({"access_token": replace(source, rules=bounds)}, None)

    def _give(self, given: Mapping[str, Given], life: int | None) -> Answer:
        body: dict[str, object] = {name: self._remember(each) for name, each in given.items()}
        return said(200, body | {"token_type": "Bearer"} | ({"expires_in": life} if life else {}))

    def _remember(self, given: Given) -> str:
        token = f"ya29.{uuid4().hex}"
        self.given[token] = given
        return token

    def _bearer(self, request: Request) -> Given | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        given = self.given.get(token)
        return given if given is not None and given.expires_at > time.time() else None

    def _storage(self, request: Request) -> Request | Answer:
        given = self._bearer(request)
        if given is None:
            return _denied(401, "AuthenticationRequired")
        if request.path == f"/storage/v1/b/{BUCKET}":
            bucket = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": self.uniform}}}
            return said(200, bucket) if given.rules is None else _denied(403, "AccessDenied")
        wanted = wishes(request, BUCKET, self.names)
        if wanted is None or not all(self._allows(given, each) for each in wanted):
            return _denied(403, "AccessDenied")
        return self._translated(request)

    def _allows(self, given: Given, wish: Wish) -> bool:
        return not self.enforces or allows(given, self.uniform, wish)

    def _translated(self, request: Request) -> Request:
        if request.method != "PUT" or request.path.startswith("/upload/"):
            return request
        name = unquote(request.path.removeprefix("/").partition("/")[2])
        # It heeds a precondition in this kind of upload only.
        query = [("uploadType", "multipart")]
        generation = request.headers.get("x-goog-if-generation-match")
        if generation is not None:
            query.append(("ifGenerationMatch", generation))
        path = f"/upload/storage/v1/b/{quote(BUCKET)}/o"
        boundary = uuid4().hex
        kind = f"multipart/related; boundary={boundary}"
        headers = {**request.headers, "content-type": kind, TRANSLATED: "1"}
        body = _multipart(boundary, name, request.body)
        return Request("POST", path, tuple(query), headers, body)


def allows(given: Given, uniform: bool, wish: Wish) -> bool:
    """Return whether a token allows something; a bucket that is not uniform knows no boundary."""
    if given.rules is None:
        return True
    return uniform and any(_applies(rule, wish) for rule in given.rules)


def _applies(rule: Mapping[str, Any], wish: Wish) -> bool:
    held = {each for role in rule["availablePermissions"] for each in _ROLES[role]}
    bucket = f"projects/_/buckets/{BUCKET}"
    if rule["availableResource"] != f"//storage.googleapis.com/{bucket}":
        return False
    listing = wish.permission == "list"
    resource = bucket if listing else f"{bucket}/objects/{wish.name}"
    prefix = wish.name if listing else ""
    expression = rule["availabilityCondition"]["expression"]
    return wish.permission in held and evaluated(expression, resource, prefix)


def evaluated(expression: str, resource: str, prefix: str) -> bool:
    """Evaluate a condition as Google documents it, by an engine that knows only CEL."""
    attributes = {"storage.googleapis.com/objectListPrefix": prefix} if prefix else {}
    activation: Any = json_to_cel({"resource": {"name": resource}, "api": attributes})
    return bool(_compiled(expression).evaluate(activation))


@lru_cache(maxsize=16)
def _compiled(expression: str) -> Any:
    environment = celpy.Environment()

    def attribute(api: Any, name: Any, default: Any) -> Any:
        return api.get(name, default)

    return environment.program(
        environment.compile(expression), functions={"getAttribute": attribute}
    )


@dataclass
class Rewriting(RequestsRequest):
    """google-auth's transport with Google's addresses led to the gate."""

    port: int
    called: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def __call__(self, url: str, *arguments: Any, **more: Any) -> Any:
        self.called.append(url)
        for host in (*HOSTS, IAM):
            url = url.replace(host, f"http://127.0.0.1:{self.port}")
        return super().__call__(url, *arguments, **more)  # type: ignore[no-untyped-call]


@lru_cache(maxsize=1)
def _private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def transport_to(port: int) -> GoogleRequest:
    """Make a transport that leads to the gate."""
    return Rewriting(port)


def said(status: int, body: object) -> Answer:
    """Answer with JSON."""
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def _form(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def _multipart(boundary: str, name: str, data: bytes) -> bytes:
    parts = (("application/json", json.dumps({"name": name}).encode()), ("text/plain", data))
    lines = b"".join(
        f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode() + part + b"\r\n"
        for kind, part in parts
    )
    return lines + f"--{boundary}--\r\n".encode()


def _denied(status: int, code: str) -> Answer:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>"
    return Answer(status, body.encode(), {"Content-Type": "application/xml"})
