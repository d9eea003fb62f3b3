"""The keys that sign tokens: published, rotated, revoked, retired."""

from dataclasses import replace

import jwt
import pytest

from pangolin.errors import Conflicting, NotFound
from pangolin.services.authn import signing_keys, tokens
from pangolin.services.context.context import Context
from pangolin.services.context.runtime import Runtime
from pangolin.services.operations import signing_key_rotation
from pangolin.store.kinds import SIGNING_KEY
from tests.conftest import ROOT_PASSWORD
from tests.worlds.acme import World, token_of


def test_others_can_verify_our_tokens_by_the_published_keys(world: World, ctx: Context) -> None:
    for _ in range(2):
        token = token_of(world.app, "root", ROOT_PASSWORD, None)
        answer = world.app.test_client().get("/.well-known/jwks.json")
        found = jwt.PyJWKSet.from_dict(answer.get_json())
        key = found[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, ["ES256"], audience="pangolin", issuer="pangolin")
        assert (claims["sub"], claims["role"]) == ("root", "root")
        signing_key_rotation.rotate(ctx)


def test_only_public_halves_are_published(world: World, runtime: Runtime) -> None:
    signing_keys.current(runtime)
    answer = world.app.test_client().get("/.well-known/jwks.json")
    [key] = answer.get_json()["keys"]
    assert set(key) == {"kty", "crv", "alg", "use", "kid", "x", "y"}
    [record] = runtime.store.scan(SIGNING_KEY)
    assert "PRIVATE" not in str(record.doc)


def test_the_newest_key_signs(world: World, ctx: Context) -> None:
    fresh = signing_key_rotation.rotate(ctx)
    token = token_of(world.app, "root", ROOT_PASSWORD, None)
    assert jwt.get_unverified_header(token)["kid"] == fresh
    assert [row["signs"] for row in signing_key_rotation.page(ctx)] == [False, True]


def test_the_only_key_and_an_unknown_one_cannot_be_revoked(ctx: Context) -> None:
    [key] = signing_keys.list_keys(ctx.runtime)
    with pytest.raises(Conflicting, match="rotate first"):
        signing_key_rotation.revoke(ctx, key["kid"])
    with pytest.raises(NotFound, match="nobody"):
        signing_key_rotation.revoke(ctx, "nobody")


def test_a_revocation_that_was_stopped_counts_and_can_be_finished(
    world: World, ctx: Context
) -> None:
    token = token_of(world.app, "root", ROOT_PASSWORD, None)
    old = signing_keys.list_keys(ctx.runtime)[0]["kid"]
    signing_key_rotation.rotate(ctx)
    ctx.runtime.store.apply(signing_keys.revoking(ctx.runtime, old))
    assert world.bearer(token)("GET", "/users/me").status_code == 401
    assert old not in str(signing_keys.jwks(ctx.runtime))
    signing_key_rotation.revoke(ctx, old)
    assert ctx.runtime.store.count(SIGNING_KEY) == 1


def test_keys_that_no_live_token_has_been_signed_with_are_retired(
    world: World, ctx: Context
) -> None:
    runtime = ctx.runtime
    years = replace(runtime, clock=lambda: runtime.clock() - 2 * tokens_last_ms())
    runtime.store.apply(signing_keys.fresh(years))
    between = replace(runtime, clock=lambda: runtime.clock() - tokens_last_ms() - 3_600_000)
    runtime.store.apply(signing_keys.fresh(between))
    assert signing_keys.retire(runtime, dry_run=True) == 1
    assert signing_keys.retire(runtime) == 1
    assert len(signing_keys.list_keys(runtime)) == 2


def tokens_last_ms() -> int:
    return signing_keys.MAX_TOKEN_HOURS * 3_600_000


def test_a_token_is_short_enough_for_a_header(world: World) -> None:
    token = token_of(world.app, "root", ROOT_PASSWORD, None)
    assert len(token) < 1000 < tokens.MOST_CHARACTERS
