"""Signing keys as an operator looks after them."""

from pangolin.services.audit import trail
from pangolin.services.audit.trail import Happening
from pangolin.services.authn import signing_keys
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope
from pangolin.store.api import Doc, Put


def page(scope: Scope) -> list[Doc]:
    """List the signing keys, the oldest first: `kid`, `created_at_ms`, and which one signs."""
    keys = signing_keys.list_keys(scope.runtime)
    return [
        {"kid": key["kid"], "created_at_ms": key["created_at_ms"], "signs": key is keys[-1]}
        for key in keys
    ]


def rotate(scope: Scope) -> str:
    """Make a new key that signs from now on; older ones still verify. Give its id."""
    put = signing_keys.fresh(scope.runtime)
    kid = str(put.doc["kid"])
    _apply(scope, "rotate_keys", kid, put)
    return kid


def revoke(scope: Scope, kid: str) -> None:
    """Remove a key: every token it signed is refused from the next request on.

    May be repeated if it was stopped. Raises `NotFound`, and `Conflicting` for the last one.
    """
    _apply(scope, "revoke_key", kid, signing_keys.revoking(scope.runtime, kid))
    signing_keys.finish_revoking(scope.runtime, kid)


def _apply(scope: Scope, action: str, kid: str, put: Put) -> None:
    what = [Happening(action, Resource("key", (kid,)))]
    trail.written(scope, what, lambda *records: scope.system.apply(put, *records))
