"""Hash and check passwords with argon2id, and cache correct ones for a while."""

import hmac
import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from pangolin.errors import BadRequest
from pangolin.settings import Settings
from pangolin.store.lru import Lru

# Longer passwords only cost time.
MOST_CHARACTERS = 1024
FEWEST_DIFFERENT = 5
# Shorter names occur in many good passwords.
SHORTEST_NAME = 4

# argon2id with the library's defaults takes 64 MiB and about 50 ms: a few at a time are enough.
_turn = threading.BoundedSemaphore(2)


@cache
def _hasher(time_cost: int, memory_kib: int, parallelism: int) -> PasswordHasher:
    return PasswordHasher(time_cost, memory_kib, parallelism)


def _of(settings: Settings) -> PasswordHasher:
    return _hasher(
        settings.argon2_time_cost, settings.argon2_memory_kib, settings.argon2_parallelism
    )


@cache
def _process_key() -> bytes:
    return secrets.token_bytes(32)


@cache
def _dummy_hash(hasher: PasswordHasher) -> str:
    return hasher.hash(secrets.token_urlsafe())


def check_policy(settings: Settings, password: str, *names: str | None) -> None:
    """Raise `BadRequest` for a password that is too short, too long, or easy to guess."""
    if len(password) < settings.password_length:
        raise BadRequest(f"password must have at least {settings.password_length} characters")
    if len(password) > MOST_CHARACTERS:
        raise BadRequest(f"password must have at most {MOST_CHARACTERS} characters")
    folded = password.casefold()
    known = [name.casefold() for name in names if name and len(name) >= SHORTEST_NAME]
    if any(name in folded for name in known):
        raise BadRequest("password must not contain the user's name or e-mail address")
    if len(set(folded)) < FEWEST_DIFFERENT:
        raise BadRequest(f"password must have at least {FEWEST_DIFFERENT} different characters")


def hash_password(settings: Settings, password: str) -> str:
    """Hash a password for storage."""
    with _turn:
        return _of(settings).hash(password)


def is_outdated(settings: Settings, hashed: str) -> bool:
    """Return whether a hash was made with parameters other than the current ones."""
    return _of(settings).check_needs_rehash(hashed)


@cache
def _right() -> Lru[bytes, bool]:
    return Lru(1000)


def matches(settings: Settings, hashed: str, password: str) -> bool:
    """Return whether a password matches its hash; argon2 runs once per process for a correct one.

    The cache holds an HMAC over hash and password under a key of this process, so that a changed
    password misses it at once and memory holds nothing that could be replayed.
    """
    text = f"{hashed}\0{password}".encode(errors="surrogatepass")
    mark = hmac.digest(_process_key(), text, "sha256")
    if _right().get(mark):
        return True
    if not _verify(_of(settings), hashed, password):
        return False
    _right().put(mark, True)
    return True


def equal(settings: Settings, expected: str, password: str) -> bool:
    """Compare a password with one from the settings in constant time."""
    fits = hmac.compare_digest(expected.encode(), password.encode(errors="surrogatepass"))
    return fits or waste_time(settings, password)


def waste_time(settings: Settings, password: str) -> bool:
    """Take as long as a check, so that an unknown name looks like a wrong password."""
    hasher = _of(settings)
    _verify(hasher, _dummy_hash(hasher), password)
    return False


def _verify(hasher: PasswordHasher, hashed: str, password: str) -> bool:
    with _turn:
        try:
            return hasher.verify(hashed, password)
        except (Argon2Error, InvalidHashError):
            return False
