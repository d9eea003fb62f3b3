"""Signature version 4 for S3, over what the signer has checked and nothing else.

Source: "Authenticating Requests: Using the Authorization Header" in the API reference of Amazon S3.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from pangolin_aws.clients import Key
from pangolin_aws.signing.headers import CONTENT_SHA256

ALGORITHM: Final = "AWS4-HMAC-SHA256"
_LITERAL: Final = "-_.~"


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A request: its decoded path and query, and the headers to sign, including the payload's."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


def signature_headers(request: Unsigned, region: str, key: Key, now: datetime) -> dict[str, str]:
    """Return the headers to send: those to sign and those of the signature."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    sent = {**request.headers, "x-amz-date": stamp}
    if key.token:
        sent["x-amz-security-token"] = key.token
    signed = dict(sorted({**sent, "host": request.host}.items()))
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    hashed = sha256(_canonical(request, signed).encode()).hexdigest()
    signature = _signature(key.secret, scope, f"{ALGORITHM}\n{stamp}\n{scope}\n{hashed}")
    sent["authorization"] = (
        f"{ALGORITHM} Credential={key.id}/{scope}, "
        f"SignedHeaders={';'.join(signed)}, Signature={signature}"
    )
    return sent


def _canonical(request: Unsigned, signed: Mapping[str, str]) -> str:
    pairs = sorted((quote(k, _LITERAL), quote(v, _LITERAL)) for k, v in request.query.items())
    lines = [
        request.method,
        quote(request.path, f"/{_LITERAL}"),
        "&".join(f"{name}={value}" for name, value in pairs),
        *(f"{name}:{' '.join(value.split())}" for name, value in signed.items()),
        "",
        ";".join(signed),
        request.headers[CONTENT_SHA256],
    ]
    return "\n".join(lines)


def _signature(secret: str, scope: str, text: str) -> str:
    derived = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        derived = hmac.digest(derived, part.encode(), "sha256")
    return hmac.digest(derived, text.encode(), "sha256").hex()
