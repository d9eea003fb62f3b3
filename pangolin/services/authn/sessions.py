"""Credentials that this process has checked, and how it knows that one is still valid.

Checking a credential the first time reads several records. Afterwards its principal is accepted and
revalidated: the stamp is read with the request's first other read, and if it has risen meanwhile,
the request starts again and reads everything once more.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Final

from pangolin.errors import Unauthorized, Unavailable
from pangolin.interfaces.authentication import Principal
from pangolin.services.context.runtime import Part, Runtime
from pangolin.store.api import Record
from pangolin.store.identity_documents import StampDoc
from pangolin.store.kinds import STAMP
from pangolin.store.lru import Lru
from pangolin.store.revalidating import Revalidation

EXPIRES: Final = "expires_at_ms"
# Credentials that this process has checked, by a keyed digest of each.
SESSIONS: Final = Part(lambda runtime: Lru[bytes, Principal]())


class Stale(Unavailable):
    """What the process cached about a credential is out of date; the request starts again."""

    type = "RightsChangedException"

    def __init__(self) -> None:
        super().__init__("rights changed while the request ran; try again", retry_after=0)


@cache
def _process_key() -> bytes:
    return secrets.token_bytes(32)


def mark_of(kind: str, credential: str) -> bytes:
    """Return the name under which a credential is cached: nothing that could be replayed."""
    text = f"{kind}\0{credential}".encode(errors="surrogatepass")
    return hmac.digest(_process_key(), text, "sha256")


def recognise(
    runtime: Runtime, kind: str, credential: str, establish: Callable[[], Principal]
) -> Principal:
    """Return the principal of a credential; one that was checked before is to be revalidated.

    `establish` checks it without the cache; its principal's claims may hold `expires_at_ms`.
    """
    mark = mark_of(kind, credential)
    return remembered(runtime, mark) or _remember(runtime, mark, establish())


def remembered(runtime: Runtime, mark: bytes) -> Principal | None:
    """Return the principal cached under a mark, to be revalidated; raise `Unauthorized`."""
    known = runtime.part(SESSIONS).get(mark)
    if known is None:
        return None
    _check_expiry(runtime, known)
    return replace(known, revalidation=_revalidation(runtime, mark, known))


def _remember(runtime: Runtime, mark: bytes, principal: Principal) -> Principal:
    _check_expiry(runtime, principal)
    if principal.stamp is not None:
        runtime.part(SESSIONS).put(mark, principal)
    return principal


def _check_expiry(runtime: Runtime, principal: Principal) -> None:
    expires = principal.claims.get(EXPIRES)
    if isinstance(expires, int) and expires <= runtime.clock():
        raise Unauthorized("the token has expired")


def _revalidation(runtime: Runtime, mark: bytes, known: Principal) -> Revalidation:
    assert known.stamp is not None  # noqa: S101 - only stamped principals are cached
    stamp = known.stamp

    def confirm(record: Record[StampDoc] | None) -> None:
        if (record.version if record else None) != stamp.version:
            runtime.part(SESSIONS).drop(mark)
            raise Stale

    return Revalidation(STAMP, stamp.key, confirm)
