"""Tokens that are not what they claim: none lets in, and none makes the server fail."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient

from pangolin.services.authn import signing_keys, tokens
from pangolin.services.context.runtime import Runtime
from pangolin.store.kinds import SIGNING_KEY
from tests.conftest import ROOT_PASSWORD
from tests.worlds.acme import World, token_of

Claims = dict[str, Any]
# Through Flask, and on the short way of a load.
PATHS = ("/api/v1/users/me", "/v1/lake/namespaces/db/tables/t")


def text(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def parts(token: str) -> tuple[Claims, Claims]:
    header, claims, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(p + "==")) for p in (header, claims))


def refused(client: FlaskClient, token: str) -> None:
    for path in PATHS:
        for header in (f"Bearer {token}", f"bearer  {token}"):
            answer = client.get(path, headers={"Authorization": header})
            assert answer.status_code == 401, (path, header[:80], answer.text)


@pytest.fixture
def token(world: World) -> str:
    return token_of(world.app, "root", ROOT_PASSWORD, None)


@pytest.fixture
def stranger(world: World) -> FlaskClient:
    return world.app.test_client()


@pytest.fixture
def resigned(runtime: Runtime, token: str) -> Callable[..., str]:
    """Sign changed claims or headers with the server's own key."""
    header, claims = parts(token)
    key = signing_keys.current(runtime)

    def sign(change: Claims, headers: Claims | None = None) -> str:
        body = {k: v for k, v in (claims | change).items() if v is not None}
        top = {"kid": header["kid"], "typ": header["typ"]} | (headers or {})
        return jwt.PyJWS().encode(json.dumps(body).encode(), key.private, "ES256", headers=top)

    return sign


def test_the_token_itself_is_good(stranger: FlaskClient, token: str) -> None:
    answer = stranger.get(PATHS[0], headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_our_own_signature_over_the_same_claims_is_good(
    stranger: FlaskClient, resigned: Callable[..., str]
) -> None:
    answer = stranger.get(PATHS[0], headers={"Authorization": f"Bearer {resigned({})}"})
    assert answer.status_code == 200


def test_a_truncated_token_is_refused(stranger: FlaskClient, token: str) -> None:
    for length in (0, 1, 10, len(token) // 2, token.rindex("."), len(token) - 1, len(token) - 20):
        refused(stranger, token[:length])
    refused(stranger, token + "AAAA")
    refused(stranger, token[1:])


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", ["", "AAAA"])
def test_no_algorithm_is_no_signature(
    stranger: FlaskClient, token: str, algorithm: str, signature: str
) -> None:
    header, claims = parts(token)
    top = text(json.dumps(header | {"alg": algorithm}).encode())
    refused(stranger, f"{top}.{text(json.dumps(claims).encode())}.{signature}")


def publics(runtime: Runtime) -> Iterator[bytes]:
    [record] = runtime.store.scan(SIGNING_KEY)
    public = signing_keys.public_of(record)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
        yield public.public_bytes(encoding, form)
    yield json.dumps(record.doc["public"]).encode()
    yield b""


def test_the_public_key_is_no_shared_secret(
    stranger: FlaskClient, runtime: Runtime, token: str
) -> None:
    header, claims = parts(token)
    for name, digest in (("HS256", hashlib.sha256), ("HS512", hashlib.sha512)):
        for secret in publics(runtime):
            top = text(json.dumps(header | {"alg": name}).encode())
            signed = f"{top}.{text(json.dumps(claims).encode())}"
            signature = hmac.new(secret, signed.encode(), digest).digest()
            refused(stranger, f"{signed}.{text(signature)}")


def test_another_key_is_refused_whatever_it_calls_itself(stranger: FlaskClient, token: str) -> None:
    header, claims = parts(token)
    other = ec.generate_private_key(ec.SECP256R1())
    numbers = other.public_key().public_numbers()
    jwk = signing_keys._jwk("mine", numbers)
    for more in ({}, {"jwk": jwk}, {"kid": "mine", "jwk": jwk}, {"jku": "https://example.com"}):
        headers = {"kid": header["kid"], "typ": header["typ"]} | more
        refused(stranger, jwt.encode(claims, other, "ES256", headers=headers))


def test_another_curve_is_refused(stranger: FlaskClient, token: str) -> None:
    header, claims = parts(token)
    other = ec.generate_private_key(ec.SECP384R1())
    refused(stranger, jwt.encode(claims, other, "ES384", headers={"kid": header["kid"]}))


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "somebody else"},
        {"aud": ["somebody else"]},
        {"aud": None},
        {"iss": "https://somebody.example.com"},
        {"iss": None},
        {"iss": ["pangolin"]},
        {"sub": "somebody else"},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 5000},
        {"jti": "5903b4c9-a7ac-4a57-9be2-5f6fa6885847"},
        {"jti": None},
        {"jti": "\u0000"},
        {"tid": "f94d4f57-29f1-4aa2-ab27-cd5ef310b598"},
        {"tid": None},
        {"tid": "../../root"},
        {"tid": "'; drop table token; --"},
        {"exp": None},
        {"iat": None},
        {"nbf": 2**40},
        {"nbf": "tomorrow"},
    ],
    ids=str,
)
def test_claims_that_do_not_fit_are_refused(
    stranger: FlaskClient, resigned: Callable[..., str], change: Claims
) -> None:
    refused(stranger, resigned(change))


def test_claims_that_promise_more_give_nothing(world: World, resigned: Callable[..., str]) -> None:
    world.user("ann")
    _header, claims = parts(token_of(world.app, "ann", "a long enough one"))
    raised = world.bearer(resigned({**claims, "role": "root", "exp": 2**40}))
    assert raised("GET", "/users/me").get_json()["role"] == "tenant-user"
    assert raised("GET", "/users").status_code == 403
    assert raised("GET", "/tenants").status_code == 403


@pytest.mark.parametrize("kid", ["", "nobody", "../key", "a" * 200, "\u00fc", "x y", "\n"])
def test_an_unknown_or_odd_key_id_is_refused(
    stranger: FlaskClient, resigned: Callable[..., str], kid: str
) -> None:
    refused(stranger, resigned({}, {"kid": kid}))


def bombs() -> Iterator[str]:
    head = text(b'{"alg":"ES256","typ":"at+jwt","kid":"x"}')
    for depth in (100, 900, 1000, 1100, 2000):
        nested = b"[" * depth + b"]" * depth
        claims = b'{"iss":"pangolin","sub":' + nested + b"}"
        yield f"{head}.{text(claims)}.AAAA"
        top = text(b'{"alg":"ES256","kid":' + nested + b"}")
        yield f"{top}.{text(b'{}')}.AAAA"
        yield f"{top}.{text(claims)}.AAAA"
    odd = (
        b'{"iss":"pangolin","exp":' + b"9" * 5000 + b"}",
        b'{"iss":"pangolin","exp":1e999}',
        b"[]",
        b"null",
        bytes(range(256)),
    )
    yield from (f"{head}.{text(claims)}.AAAA" for claims in odd)
    ours = text(b'{"iss":"pangolin"}')
    yield from (f"{text(top)}.{ours}.AAAA" for top in odd)


def test_nested_and_huge_values_are_refused(stranger: FlaskClient) -> None:
    for bomb in bombs():
        refused(stranger, bomb)


def test_a_token_of_a_megabyte_is_refused_quickly(stranger: FlaskClient, token: str) -> None:
    started = time.perf_counter()
    for huge in ("A" * 2**20, "A." * 2**19, token + "A" * 2**20, "." * 2**20):
        refused(stranger, huge)
    header = {"X-API-Key": "pgl_" + "0" * 2**20}
    assert stranger.get(PATHS[0], headers=header).status_code == 401
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer \u00fc\u00e9.\u00ff.\u00e4",
        "Bearer a.b.c",
        "Bearer ...",
        "Bearer ..",
        "Bearer null",
        "Bearer %00",
        "Bearer pgl_",
        "Bearer pgs_" + "x" * 43,
        "bEaReR x, Basic y",
        "Basic",
        "Basic Og==",
        "Basic " + "A" * 100_000,
        "Negotiate abc",
        "\u00ff",
    ],
)
def test_an_odd_header_is_refused(stranger: FlaskClient, header: str) -> None:
    for path in PATHS:
        answer = stranger.get(path, headers={"Authorization": header})
        assert answer.status_code == 401
        assert header not in answer.text or len(header) < 10


def test_nothing_of_a_credential_comes_back(stranger: FlaskClient, token: str) -> None:
    bad = token[:-4] + "AAAA"
    answer = stranger.get(PATHS[0], headers={"Authorization": f"Bearer {bad}"})
    assert bad not in answer.text + str(answer.headers)
    agent = {"User-Agent": "x\u00fc" * 1000, "X-Request-Id": "a b"}
    given = agent | {"Authorization": f"Bearer {token}"}
    assert stranger.get(PATHS[0], headers=given).status_code == 200


def test_a_long_token_is_not_taken_for_ours(runtime: Runtime, token: str) -> None:
    assert tokens.is_ours(runtime, token)
    assert not tokens.is_ours(runtime, token + "A" * tokens.MOST_CHARACTERS)
