"""Hash and check passwords with argon2id, remembering for a while what was right."""

import hmac
import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from pangolin.store.cached import Hints

# argon2id with the library's defaults takes 64 MiB and some 50 ms: a few at a time is enough.
_turn = threading.BoundedSemaphore(2)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _process_key() -> bytes:
    return secrets.token_bytes(32)


@cache
def _dummy_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe())


def hash_password(password: str) -> str:
    """Hash a password for keeping."""
    with _turn:
        return _hasher().hash(password)


@cache
def _right() -> Hints[bytes, bool]:
    return Hints(1000)


def matches(hashed: str, password: str) -> bool:
    """Say whether a password fits its hash; argon2 runs once per process for the right one.

    What is remembered is an HMAC over hash and password under a key of this process, so that a
    changed password is forgotten at once and memory holds nothing that could be replayed.
    """
    text = f"{hashed}\0{password}".encode(errors="surrogatepass")
    mark = hmac.digest(_process_key(), text, "sha256")
    if _right().get(mark):
        return True
    if not _verify(hashed, password):
        return False
    _right().put(mark, True)
    return True


def equal(expected: str, password: str) -> bool:
    """Compare with a password from the settings in constant time."""
    fits = hmac.compare_digest(expected.encode(), password.encode(errors="surrogatepass"))
    return fits or waste_time(password)


def waste_time(password: str) -> bool:
    """Take as long as a check does, so that an unknown name is not told from a wrong password."""
    _verify(_dummy_hash(), password)
    return False


def _verify(hashed: str, password: str) -> bool:
    with _turn:
        try:
            return _hasher().verify(hashed, password)
        except (Argon2Error, InvalidHashError):
            return False
