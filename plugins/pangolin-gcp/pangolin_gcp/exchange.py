"""Exchange a token for a narrower one. Source: Google Cloud STS, and RFC 8693.

google-auth's own downscoped credentials fetch their source again each time and change it, so that
threads cannot share it.
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from pangolin.plugin import Unavailable
from pangolin_gcp.failures import asking, refused
from pangolin_gcp.sources import Seconds, Token
from pangolin_gcp.transport import Transport

STS: Final = "https://sts.googleapis.com/v1/token"
_TYPE: Final = "urn:ietf:params:oauth:token-type:access_token"
WHAT: Final = "a token for the table"


def downscope(
    source: Token, boundary: Mapping[str, Any], transport: Transport, clock: Seconds
) -> Token:
    """Narrow a token; the new one expires with it, or earlier if Google says so.

    Raises `Forbidden` if Google denies it, `Unavailable` if it cannot be reached.
    """
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requested_token_type": _TYPE,
        "subject_token": source.value,
        "subject_token_type": _TYPE,
        # Encoded twice, as Google expects it.
        "options": quote(json.dumps(boundary, separators=(",", ":"))),
    }
    now = clock()
    with asking(WHAT):
        answer = transport()(
            url=STS,
            method="POST",
            body=urlencode(form).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
    if answer.status != 200:
        raise refused(WHAT, answer.status, answer.data)
    return _read(answer.data, source, now)


def _read(data: bytes | str, source: Token, now: float) -> Token:
    try:
        found = json.loads(data)
        value, life = str(found["access_token"]), float(found.get("expires_in") or 0)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unavailable(f"Google Cloud did not return {WHAT}: unexpected answer") from None
    return Token(value, min(source.expires_at, now + life) if life else source.expires_at)
