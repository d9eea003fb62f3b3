"""The keys that sign tokens: published, rotated, revoked, retired."""

from dataclasses import replace

import jwt
import pytest

from pangolin.errors import Conflicting, NotFound
from pangolin.services import key_admin, signing, tokens
from pangolin.services.scope import Runtime, Scope
from pangolin.store.kinds import SIGNING_KEY
from tests.conftest import ROOT_PASSWORD
from tests.identity.conftest import World, token_of


def test_others_can_verify_our_tokens_by_the_published_keys(world: World, scope: Scope) -> None:
    for _ in range(2):
        token = token_of(world.app, "root", ROOT_PASSWORD, None)
        answer = world.app.test_client().get("/.well-known/jwks.json")
        found = jwt.PyJWKSet.from_dict(answer.get_json())
        key = found[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, ["ES256"], audience="pangolin", issuer="pangolin")
        assert (claims["sub"], claims["role"]) == ("root", "root")
        key_admin.rotate(scope)


def test_only_public_halves_are_published(world: World, runtime: Runtime) -> None:
    signing.current(runtime)
    answer = world.app.test_client().get("/.well-known/jwks.json")
    [key] = answer.get_json()["keys"]
    assert set(key) == {"kty", "crv", "alg", "use", "kid", "x", "y"}
    [record] = runtime.store.scan(SIGNING_KEY)
    assert "PRIVATE" not in str(record.doc)


def test_the_newest_key_signs(world: World, scope: Scope) -> None:
    fresh = key_admin.rotate(scope)
    token = token_of(world.app, "root", ROOT_PASSWORD, None)
    assert jwt.get_unverified_header(token)["kid"] == fresh
    assert [row["signs"] for row in key_admin.page(scope)] == [False, True]


def test_the_only_key_and_an_unknown_one_cannot_be_revoked(scope: Scope) -> None:
    [key] = signing.list_keys(scope.runtime)
    with pytest.raises(Conflicting, match="rotate first"):
        key_admin.revoke(scope, key["kid"])
    with pytest.raises(NotFound, match="nobody"):
        key_admin.revoke(scope, "nobody")


def test_a_revocation_that_was_stopped_counts_and_can_be_finished(
    world: World, scope: Scope
) -> None:
    token = token_of(world.app, "root", ROOT_PASSWORD, None)
    old = signing.list_keys(scope.runtime)[0]["kid"]
    key_admin.rotate(scope)
    scope.runtime.store.apply(signing.revoking(scope.runtime, old))
    assert world.bearer(token)("GET", "/users/me").status_code == 401
    assert old not in str(signing.jwks(scope.runtime))
    key_admin.revoke(scope, old)
    assert scope.runtime.store.count(SIGNING_KEY) == 1


def test_keys_that_no_live_token_has_been_signed_with_are_retired(
    world: World, scope: Scope
) -> None:
    runtime = scope.runtime
    years = replace(runtime, clock=lambda: runtime.clock() - 2 * tokens_last_ms())
    runtime.store.apply(signing.fresh(years))
    between = replace(runtime, clock=lambda: runtime.clock() - tokens_last_ms() - 3_600_000)
    runtime.store.apply(signing.fresh(between))
    assert signing.retire(runtime, dry_run=True) == 1
    assert signing.retire(runtime) == 1
    assert len(signing.list_keys(runtime)) == 2


def tokens_last_ms() -> int:
    return signing.MAX_TOKEN_HOURS * 3_600_000


def test_a_token_is_short_enough_for_a_header(world: World) -> None:
    token = token_of(world.app, "root", ROOT_PASSWORD, None)
    assert len(token) < 1000 < tokens.MOST_CHARACTERS
