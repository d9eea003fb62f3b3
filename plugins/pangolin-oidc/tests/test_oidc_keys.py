"""A provider's keys: when they are fetched, how long they count, and what happens without them."""

import gzip
from concurrent.futures import ThreadPoolExecutor

import pytest
from pangolin_oidc.keys import choose, parse_keys
from pangolin_oidc.options import FAMILIES

from pangolin.plugin import Unauthorized, Unavailable
from tests.servers.issuer import Issuer
from tests.servers.loopback import Said

from .conftest import World

DISCOVERY = "/.well-known/openid-configuration"


def fresh(issuer: Issuer, kid: str = "first") -> str:
    """Sign a token that was never seen before."""
    fresh.count += 1  # type: ignore[attr-defined]
    return issuer.sign(issuer.claims(jti=str(fresh.count)), kid)  # type: ignore[attr-defined]


fresh.count = 0  # type: ignore[attr-defined]


def test_nothing_is_fetched_before_a_token_comes(world: World, issuer: Issuer) -> None:
    assert not issuer.seen
    world.present(fresh(issuer))
    assert issuer.seen == {DISCOVERY: 1, "/keys": 1}


def test_keys_are_fetched_once_for_many_tokens(world: World, issuer: Issuer) -> None:
    for _ in range(5):
        world.present(fresh(issuer))
    assert issuer.seen["/keys"] == 1


def test_many_threads_fetch_once(world: World, issuer: Issuer) -> None:
    tokens = [fresh(issuer) for _ in range(16)]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(world.present, tokens))
    assert issuer.seen["/keys"] == 1


def test_a_new_key_is_fetched_when_a_token_names_it(world: World, issuer: Issuer) -> None:
    world.present(fresh(issuer))
    issuer.add_key("second")
    world.time.seconds += 31
    assert world.present(fresh(issuer, "second"))


def test_unknown_keys_are_looked_for_every_30_s_at_most(world: World, issuer: Issuer) -> None:
    world.present(fresh(issuer))
    issuer.add_key("hidden")
    issuer.withdraw("hidden")
    world.time.seconds += 31
    for _ in range(20):
        with pytest.raises(Unauthorized, match="kid"):
            world.present(fresh(issuer, "hidden"))
    assert issuer.seen["/keys"] == 2
    world.time.seconds += 31
    with pytest.raises(Unauthorized, match="kid"):
        world.present(fresh(issuer, "hidden"))
    assert issuer.seen["/keys"] == 3


def test_a_key_that_was_withdrawn_counts_an_hour_at_most(world: World, issuer: Issuer) -> None:
    world.present(fresh(issuer))
    issuer.add_key("second")
    issuer.withdraw("first")
    world.time.seconds += 3601
    with pytest.raises(Unauthorized, match="kid"):
        world.present(fresh(issuer))


def test_an_outage_of_half_an_hour_is_bridged(world: World, issuer: Issuer) -> None:
    world.present(fresh(issuer))
    issuer.answers["/keys"] = Said(500)
    world.time.seconds += 2000
    assert world.present(fresh(issuer))
    assert issuer.seen["/keys"] == 2


def test_without_keys_nothing_passes(world: World, issuer: Issuer) -> None:
    world.present(fresh(issuer))
    issuer.answers["/keys"] = Said(500)
    world.time.seconds += 3601
    with pytest.raises(Unavailable, match="corp"):
        world.present(fresh(issuer))


def test_a_provider_that_is_down_is_asked_every_5_s_at_most(world: World, issuer: Issuer) -> None:
    issuer.answers[DISCOVERY] = Said(503)
    for _ in range(10):
        with pytest.raises(Unavailable):
            world.present(fresh(issuer))
    assert issuer.seen[DISCOVERY] == 1
    del issuer.answers[DISCOVERY]
    world.time.seconds += 6
    assert world.present(fresh(issuer))


@pytest.mark.parametrize(
    "answer",
    [
        Said(404),
        Said(302, headers={"Location": "/elsewhere"}),
        Said(200, b"not json"),
        Said(200, gzip.compress(b" " * 2_000_000), {"Content-Encoding": "gzip"}),
        Said(200, b"[" * 100_000),
        Said(200, {"keys": "none"}),
        Said(200, {"keys": []}),
        Said(200, {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}),
        Said(200, b" " * 2_000_000),
    ],
)
def test_a_bad_key_set_is_no_key_set(world: World, issuer: Issuer, answer: Said) -> None:
    issuer.answers["/keys"] = answer
    with pytest.raises(Unavailable, match="corp"):
        world.present(fresh(issuer))
    assert "/elsewhere" not in issuer.seen


@pytest.mark.parametrize(
    "overrides",
    [
        {"issuer": "https://elsewhere.example"},
        {"jwks_uri": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "http://192.0.2.1/keys"},
        {"token_endpoint": "https://user@elsewhere.example/token"},
        {"authorization_endpoint": 7},
        {"userinfo_endpoint": "http://elsewhere.example/"},
    ],
)
def test_a_bad_description_is_not_followed(
    world: World, issuer: Issuer, overrides: dict[str, object]
) -> None:
    issuer.overrides = overrides
    with pytest.raises(Unavailable, match="corp"):
        world.present(fresh(issuer))
    assert "/keys" not in issuer.seen


@pytest.mark.parametrize(
    "members",
    [
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"d": "AAAA"},
        {"kty": "RSA"},
        {"alg": "ES384"},
        {"crv": "P-384"},
        {"x": "AAAA"},
        {"kid": 7},
    ],
)
def test_a_key_for_something_else_is_left_out(issuer: Issuer, members: dict[str, object]) -> None:
    row = issuer.published[0] | members
    keys = parse_keys({"keys": [row, 7, None]}, tuple(FAMILIES))
    assert choose(keys, "first", "ES256") is None


def test_a_short_rsa_key_is_left_out(issuer: Issuer) -> None:
    row = issuer.add_key("rsa", "RS256", alg=None)
    assert len(parse_keys({"keys": [row]}, tuple(FAMILIES))) == 6
    assert parse_keys({"keys": [row | {"n": row["n"][:170]}]}, tuple(FAMILIES)) == ()


def test_a_token_that_names_no_key_is_checked_if_there_is_one_only(issuer: Issuer) -> None:
    issuer.add_key("rsa", "RS256")
    keys = parse_keys({"keys": issuer.published}, tuple(FAMILIES))
    assert choose(keys, None, "ES256") is not None
    issuer.add_key("second")
    keys = parse_keys({"keys": issuer.published}, tuple(FAMILIES))
    assert choose(keys, None, "ES256") is None
    assert choose(keys, "second", "ES256") is not None
