"""The keys a provider publishes (RFC 7517), and which of them may verify a token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from pangolin_oidc.options import FAMILIES

LEAST_RSA_BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key for one algorithm."""

    kid: str | None
    algorithm: str
    key: jwt.PyJWK = field(repr=False)


def parse_keys(document: Any, algorithms: Sequence[str]) -> tuple[PublicKey, ...]:
    """Read a key set, without keys that no algorithm can use: a provider may publish more."""
    listed = document.get("keys") if isinstance(document, Mapping) else None
    rows = listed if isinstance(listed, list) else []
    made = (
        _key(row, algorithm)
        for row in rows
        if isinstance(row, Mapping) and _is_for_signatures(row)
        for algorithm in algorithms
        if _fits(row, algorithm)
    )
    return tuple(key for key in made if key is not None)


def choose(keys: Sequence[PublicKey], kid: str | None, algorithm: str) -> PublicKey | None:
    """Find the key of a token; one that names no key is checked only if there is a single key."""
    fitting = [key for key in keys if key.algorithm == algorithm]
    if kid is not None:
        fitting = [key for key in fitting if key.kid == kid]
    return fitting[0] if len(fitting) == 1 else None


def _is_for_signatures(row: Mapping[str, Any]) -> bool:
    operations = row.get("key_ops")
    fit = operations is None or (isinstance(operations, list) and "verify" in operations)
    # A published private key proves nothing.
    return row.get("use", "sig") == "sig" and fit and "d" not in row


def _fits(row: Mapping[str, Any], algorithm: str) -> bool:
    kind, curves = FAMILIES[algorithm]
    if row.get("kty") != kind or (curves and row.get("crv") not in curves):
        return False
    return bool(row.get("alg", algorithm) == algorithm)


def _key(row: Mapping[str, Any], algorithm: str) -> PublicKey | None:
    kid = row.get("kid")
    if kid is not None and not isinstance(kid, str):
        return None
    try:
        made = jwt.PyJWK(dict(row), algorithm)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if isinstance(made.key, RSAPublicKey) and made.key.key_size < LEAST_RSA_BITS:
        return None
    return PublicKey(kid, algorithm, made)
