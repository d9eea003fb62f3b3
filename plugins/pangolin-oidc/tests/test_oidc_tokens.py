"""Which bearer tokens of a provider are accepted."""

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from pangolin.interfaces.authentication import Principal
from pangolin.plugin import Unauthorized
from tests.servers.issuer import CLIENT, MAKERS, Issuer, encoded

from .conftest import World


def accepted(world: World, token: str) -> Principal:
    """Present a token that has to be accepted."""
    principal = world.present(token)
    assert principal is not None
    return principal


def refused(world: World, token: str) -> str:
    """Present a token that has to be refused; return the reason."""
    with pytest.raises(Unauthorized) as caught:
        world.present(token)
    return caught.value.message


def test_a_good_token_is_accepted(world: World, issuer: Issuer) -> None:
    principal = accepted(world, issuer.token(preferred_username="ann"))
    assert (principal.name, principal.role, principal.type) == ("ann", "tenant-user", "user")
    assert principal.stamp is not None


def test_the_same_person_is_the_same_user(world: World, issuer: Issuer) -> None:
    first = accepted(world, issuer.token())
    assert accepted(world, issuer.token(jti="another")).id == first.id


def test_a_token_seen_before_is_not_verified_again(world: World, issuer: Issuer) -> None:
    token = issuer.token()
    accepted(world, token)
    issuer.published.clear()
    world.time.seconds += 7200
    assert accepted(world, token).revalidation is not None


@pytest.mark.parametrize("algorithm", MAKERS)
def test_every_family_of_algorithms_is_accepted(
    world: World, issuer: Issuer, algorithm: str
) -> None:
    issuer.add_key("other", algorithm)
    accepted(world, issuer.sign(issuer.claims(), "other"))


def test_a_token_without_a_signature_is_refused(world: World, issuer: Issuer) -> None:
    for algorithm in ("none", "None", "NONE", ""):
        token = f"{encoded({'alg': algorithm, 'kid': 'first'})}.{encoded(issuer.claims())}."
        assert "alg" in refused(world, token)


def test_an_hmac_keyed_with_the_public_key_is_refused(world: World, issuer: Issuer) -> None:
    public = issuer.keys["first"][1].public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = encoded({"alg": "HS256", "kid": "first"})
    signed = f"{head}.{encoded(issuer.claims())}"
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    assert "alg" in refused(world, f"{signed}.{encoded(mac.sign(signed.encode(), pem))}")


def test_an_algorithm_that_does_not_fit_the_key_is_refused(world: World, issuer: Issuer) -> None:
    issuer.add_key("rsa", "RS256")
    issuer.keys["first"] = issuer.keys["rsa"]
    assert "kid" in refused(world, issuer.sign(issuer.claims(), "first"))


def test_an_algorithm_the_key_is_not_meant_for_is_refused(world: World, issuer: Issuer) -> None:
    issuer.add_key("rsa", "RS256")
    issuer.keys["rsa"] = ("PS256", issuer.keys["rsa"][1])
    assert "kid" in refused(world, issuer.sign(issuer.claims(), "rsa"))


@pytest.mark.parametrize("more", ['algorithms = ["RS256"]'])
def test_an_algorithm_the_operator_left_out_is_refused(world: World, issuer: Issuer) -> None:
    assert "alg" in refused(world, issuer.token())


def test_another_key_of_the_same_name_does_not_fit(world: World, issuer: Issuer) -> None:
    issuer.keys["first"] = ("ES256", MAKERS["ES256"]())
    assert "signature" in refused(world, issuer.token())


def test_keys_that_the_token_brings_along_are_ignored(world: World, issuer: Issuer) -> None:
    forged = MAKERS["ES256"]()
    own = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(forged.public_key()))
    issuer.keys["first"] = ("ES256", forged)
    headers = {"jwk": own, "jku": f"{issuer.url}/mine", "x5u": f"{issuer.url}/mine"}
    assert "signature" in refused(world, issuer.sign(issuer.claims(), headers=headers))
    assert "/mine" not in issuer.seen


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"aud": "somebody-else"}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": [f"{CLIENT}x"]}, "aud"),
        ({"aud": {CLIENT: 1}}, "aud"),
        ({"exp": 1}, "exp"),
        ({"exp": None}, "exp"),
        ({"exp": "9999999999"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": float("nan")}, "exp"),
        ({"exp": float("inf")}, "exp"),
        ({"exp": 10**30}, "exp"),
        ({"exp": 10**400}, "exp"),
        ({"nbf": time.time() + 600}, "nbf"),
        ({"nbf": "now"}, "nbf"),
        ({"iat": time.time() + 600}, "iat"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"sub": "\ud800"}, "sub"),
        ({"typ": "Refresh"}, "typ"),
        ({"typ": "Logout"}, "typ"),
        ({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, "typ"),
        ({"cnf": {"jkt": "abc"}}, "cnf"),
    ],
)
def test_a_wrong_claim_is_refused(
    world: World, issuer: Issuer, claims: dict[str, Any], why: str
) -> None:
    assert f" {why}:" in refused(world, issuer.sign(issuer.claims(**claims)))


@pytest.mark.parametrize(("claims", "seconds"), [("exp", -20), ("nbf", 20), ("iat", 20)])
def test_clocks_may_differ_a_little(
    world: World, issuer: Issuer, claims: str, seconds: int
) -> None:
    accepted(world, issuer.token(**{claims: int(time.time()) + seconds}))


@pytest.mark.parametrize("more", ["leeway_seconds = 0"])
def test_no_leeway_is_given_where_none_is_configured(world: World, issuer: Issuer) -> None:
    assert "exp" in refused(world, issuer.token(exp=int(time.time()) - 1))


@pytest.mark.parametrize("kind", ["dpop+jwt", "logout+jwt", "secevent+jwt", 7, "JWE"])
def test_a_token_of_another_kind_is_refused(world: World, issuer: Issuer, kind: Any) -> None:
    assert "typ" in refused(world, issuer.sign(issuer.claims(), headers={"typ": kind}))


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "application/at+JWT"])
def test_an_access_token_says_so_in_any_spelling(world: World, issuer: Issuer, kind: str) -> None:
    accepted(world, issuer.sign(issuer.claims(), headers={"typ": kind}))


def test_an_unknown_extension_is_refused(world: World, issuer: Issuer) -> None:
    assert "crit" in refused(world, issuer.sign(issuer.claims(), headers={"crit": ["exp"]}))


def test_other_issuers_are_left_to_others(world: World, issuer: Issuer) -> None:
    for iss in ("https://elsewhere.example", f"{issuer.url}/", None, 7, [issuer.url]):
        assert world.present(issuer.sign(issuer.claims(iss=iss))) is None
    assert not issuer.seen


def test_an_oversized_token_is_not_even_read(world: World, issuer: Issuer) -> None:
    assert world.present(issuer.token(padding="x" * 1_000_000)) is None
    assert not issuer.seen


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "....",
        "é.é.é",
        f"{encoded([])}.{encoded([])}.",
        "a" * 9000,
        f"{encoded({})}.{encoded(b'[' * 5000)}.{encoded(b'x')}",
    ],
)
def test_what_is_no_token_is_left_to_others(world: World, token: str) -> None:
    assert world.present(token) is None


def test_a_truncated_token_is_refused(world: World, issuer: Issuer) -> None:
    token = issuer.token()
    assert "signature" in refused(world, token[:-6])
    assert "signature" in refused(world, token.rpartition(".")[0] + ".")


def test_a_changed_token_is_refused(world: World, issuer: Issuer) -> None:
    head, _, signature = issuer.token().split(".")
    claims = encoded(issuer.claims(sub="somebody-else"))
    assert "signature" in refused(world, f"{head}.{claims}.{signature}")
