"""The keys that sign tokens: ES256, sealed in the store, replaced without logging anyone out."""

import base64
import secrets
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pangolin.errors import Conflicting, NotFound
from pangolin.services.authn import security_stamps
from pangolin.services.context.runtime import Part, Runtime
from pangolin.services.sealing.keyring import KEYRING
from pangolin.store.api import ABSENT, Delete, Put, Record
from pangolin.store.identity_documents import PublicKeyDoc, SigningKeyDoc
from pangolin.store.kinds import ROOT_HOME, SIGNING_KEY, TENANT
from pangolin.store.lru import Lru

ALGORITHM = "ES256"
COORDINATE_BYTES = 32
# The longest lifetime of a token that `POST /api/v1/tokens` issues.
MAX_TOKEN_HOURS = 8760
# Servers' clocks differ a little.
LEEWAY_MS = 60_000
REVOKED: Final = "revoked"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs: its id and its private half."""

    kid: str
    private: ec.EllipticCurvePrivateKey = field(repr=False)


# Signing keys that this process has decrypted, by id.
OPENED: Final = Part(lambda runtime: Lru[str, SigningKey](4))


def current(runtime: Runtime) -> SigningKey:
    """Return the key that signs now, and create the first one if there is none.

    The keys are read each time, so that no server signs with a rotated or revoked one.
    """
    newest = _newest(runtime)
    remembered = runtime.part(OPENED)
    known = remembered.get(newest["kid"])
    if known is None:
        known = _opened(runtime, newest)
        remembered.put(newest["kid"], known)
    return known


def fresh(runtime: Runtime) -> Put[SigningKeyDoc]:
    """Return the change that adds a new key, which signs from then on; older ones still verify."""
    return Put(SIGNING_KEY, _made(runtime), ABSENT)


def revoking(runtime: Runtime, kid: str) -> Put[SigningKeyDoc]:
    """Return the change that marks a key as revoked: tokens that it signed are no longer accepted.

    Raises `NotFound`, and `Conflicting` for the last one. `finish_revoking` follows.
    """
    record = runtime.store.get(SIGNING_KEY, (kid,))
    if record is None:
        raise NotFound(f"Signing key does not exist: {kid}")
    if not [key for key in list_keys(runtime) if key["kid"] != kid]:
        raise Conflicting(f"{kid} is the only signing key: rotate first")
    return Put(SIGNING_KEY, record.doc | {"revoked": True}, record.version)


def finish_revoking(runtime: Runtime, kid: str) -> None:
    """Make every server check its cached tokens again, then remove the key."""
    for home in (ROOT_HOME, *(record.doc["tenant"] for record in runtime.store.scan(TENANT))):
        runtime.store.apply(*security_stamps.invalidate_all(home))
    runtime.store.apply(Delete(SIGNING_KEY, (kid,)))


def retire(runtime: Runtime, *, dry_run: bool = False) -> int:
    """Remove keys that no live token can have been signed with; return their number."""
    keys, now = list_keys(runtime), runtime.clock()
    longest = max(runtime.settings.session_hours, MAX_TOKEN_HOURS) * 3_600_000 + LEEWAY_MS
    gone = [
        older["kid"] for older, newer in pairwise(keys) if newer["created_at_ms"] + longest < now
    ]
    if not dry_run:
        for kid in gone:
            runtime.store.apply(Delete(SIGNING_KEY, (kid,)))
    return len(gone)


def list_keys(runtime: Runtime) -> list[PublicKeyDoc]:
    """List the keys, oldest first, without their private halves."""
    return [_bare(doc) for doc in _by_age(runtime)]


def _bare(doc: SigningKeyDoc) -> PublicKeyDoc:
    return cast(PublicKeyDoc, {key: value for key, value in doc.items() if key != "sealed"})


def jwks(runtime: Runtime) -> dict[str, Any]:
    """Return the public halves as a JSON Web Key Set (RFC 7517)."""
    current(runtime)
    return {"keys": [key["public"] for key in list_keys(runtime)]}


def public_of(record: Record[SigningKeyDoc]) -> ec.EllipticCurvePublicKey:
    """Return the public half of a key's record."""
    jwk = record.doc["public"]
    numbers = ec.EllipticCurvePublicNumbers(_int(jwk["x"]), _int(jwk["y"]), ec.SECP256R1())
    return numbers.public_key()


def _by_age(runtime: Runtime) -> list[SigningKeyDoc]:
    found = (record.doc for record in runtime.store.scan(SIGNING_KEY))
    good = [doc for doc in found if not doc.get(REVOKED)]
    return sorted(good, key=lambda doc: (doc["created_at_ms"], doc["kid"]))


def _newest(runtime: Runtime) -> SigningKeyDoc:
    keys = _by_age(runtime)
    if not keys:
        runtime.store.apply(fresh(runtime))
        keys = _by_age(runtime)
    return keys[-1]


def _opened(runtime: Runtime, doc: SigningKeyDoc) -> SigningKey:
    pem = runtime.part(KEYRING).open(doc["sealed"], SIGNING_KEY.name, doc["kid"])
    private = serialization.load_pem_private_key(pem, None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)  # noqa: S101 - we made it
    return SigningKey(doc["kid"], private)


def _made(runtime: Runtime) -> SigningKeyDoc:
    private = ec.generate_private_key(ec.SECP256R1())
    kid = f"pk-{secrets.token_hex(8)}"
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "kid": kid,
        "sealed": runtime.part(KEYRING).seal(pem, SIGNING_KEY.name, kid),
        "public": _jwk(kid, private.public_key().public_numbers()),
        "created_at_ms": runtime.clock(),
    }


def _jwk(kid: str, numbers: ec.EllipticCurvePublicNumbers) -> dict[str, str]:
    return {
        "kty": "EC",
        "crv": "P-256",
        "alg": ALGORITHM,
        "use": "sig",
        "kid": kid,
        "x": _text(numbers.x),
        "y": _text(numbers.y),
    }


def _text(number: int) -> str:
    data = number.to_bytes(COORDINATE_BYTES, "big")
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _int(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
