"""Management of signing keys by operators."""

from pangolin.services.audit import trail
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import signing_keys
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.store.api import Put
from pangolin.store.identity_documents import SigningKeyDoc


def page(ctx: Context) -> list[Json]:
    """List the signing keys, oldest first: `kid`, `created_at_ms`, and which one signs."""
    keys = signing_keys.list_keys(ctx.runtime)
    return [
        {"kid": key["kid"], "created_at_ms": key["created_at_ms"], "signs": key is keys[-1]}
        for key in keys
    ]


def rotate(ctx: Context) -> str:
    """Create a key that signs from now on, while older ones still verify; return its id."""
    put = signing_keys.fresh(ctx.runtime)
    kid = str(put.doc["kid"])
    _apply(ctx, AuditAction.ROTATE_KEYS, kid, put)
    return kid


def revoke(ctx: Context, kid: str) -> None:
    """Remove a key: every token it signed is refused from the next request on.

    It may be repeated if it was stopped. Raises `NotFound`, and `Conflicting` for the last key.
    """
    _apply(ctx, AuditAction.REVOKE_KEY, kid, signing_keys.revoking(ctx.runtime, kid))
    signing_keys.finish_revoking(ctx.runtime, kid)


def _apply(ctx: Context, action: AuditAction, kid: str, put: Put[SigningKeyDoc]) -> None:
    what = [AuditEvent(action, Resource("key", (kid,)))]
    trail.apply_recorded(ctx, what, lambda *records: ctx.system.apply(put, *records))
