"""Secrets at rest: AES-256-GCM envelopes bound to where they are stored.

Each secret has its own random key, which a key of the keyring wraps. The secret's place is
authenticated with it: moved to another place, an envelope does not open.
"""

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pangolin.errors import BadRequest, PangolinError
from pangolin.services.context.runtime import Part
from pangolin.settings import Settings

FORMAT = "v1"
KEY_BYTES = 32
NONCE_BYTES = 12
KEY_FILE = "secret-keys"
HOW = "create one with `pangolin secrets new-key` and keep it apart from the database"


class SealBroken(PangolinError):
    """A sealed secret does not open: the key differs, or it was moved or changed."""

    type = "SealBrokenException"


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by id; the first one seals, all of them open."""

    keys: Mapping[str, bytes] = field(repr=False)

    @property
    def primary(self) -> str:
        """The id of the key that seals."""
        return next(iter(self.keys))

    def seal(self, secret: bytes, *place: str) -> str:
        """Seal a secret for one place (its kind, tenant, id and version, or any texts)."""
        own = AESGCM.generate_key(256)
        bound = _bound(self.primary, place)
        wrapped = _encrypt(self.keys[self.primary], own, bound)
        parts = (wrapped, _encrypt(own, secret, bound))
        return ":".join((FORMAT, self.primary, *(_text(part) for part in parts)))

    def open(self, sealed: str, *place: str) -> bytes:
        """Open a sealed secret; raise `SealBroken`."""
        try:
            form, kid, wrapped, content = sealed.split(":")
            if form != FORMAT:
                raise ValueError
            parts = (_bytes(wrapped), _bytes(content))
        except ValueError:
            raise SealBroken("a secret in the store is not in this release's sealed form") from None
        if kid not in self.keys:
            raise SealBroken(
                f"a secret is sealed with key {kid!r}, which PANGOLIN_SECRET_KEYS lacks"
            )
        bound = _bound(kid, place)
        try:
            return _decrypt(_decrypt(self.keys[kid], parts[0], bound), parts[1], bound)
        except InvalidTag:
            raise SealBroken(
                "a secret in the store does not open: it was moved or changed, or the key differs"
            ) from None

    def is_current(self, sealed: str) -> bool:
        """Return whether a secret is sealed with the current sealing key."""
        return sealed.startswith(f"{FORMAT}:{self.primary}:")


def parse(text: str, name: str = "PANGOLIN_SECRET_KEYS") -> Keyring:
    """Parse `id:base64` pairs, separated by commas or line breaks; raise `BadRequest`."""
    keys: dict[str, bytes] = {}
    for pair in text.replace("\n", ",").split(","):
        if not pair.strip():
            continue
        kid, colon, encoded = pair.strip().partition(":")
        if not colon or not kid.isascii() or not kid.replace("-", "").isalnum():
            raise BadRequest(f"{name} must be `id:base64` pairs with plain ids, separated by ','")
        if kid in keys:
            raise BadRequest(f"{name} has the id {kid} twice")
        keys[kid] = _key(kid, encoded, name)
    if not keys:
        raise BadRequest(f"{name} holds no key: {HOW}")
    return Keyring(keys)


def new_key() -> str:
    """Create a key as `id:base64`."""
    return f"k{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


# Inherited by child processes, because the key of an in-memory store exists nowhere else.
KEYRING: Final = Part(lambda runtime: _find(runtime.settings), inherited=True)


def _find(settings: Settings) -> Keyring:
    if settings.secret_keys:
        return parse(settings.secret_keys)
    if settings.secret_keys_file:
        return _read(Path(settings.secret_keys_file))
    if settings.is_local:
        return _read(_made(settings.data_path))
    if settings.effective_store_url.startswith("memory:"):
        # It lives as long as the records that it seals.
        return parse(new_key())
    raise BadRequest(f"PANGOLIN_SECRET_KEYS is not set, and secrets are stored only sealed: {HOW}")


def _read(path: Path) -> Keyring:
    try:
        return parse(path.read_text(encoding="ascii"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"the secret keys in {path} cannot be read: {error}") from None


def _made(directory: Path) -> Path:
    path = directory / KEY_FILE
    if path.exists():
        return path
    directory.mkdir(parents=True, exist_ok=True)
    draft = directory / f".{KEY_FILE}-{secrets.token_hex(4)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(new_key() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # If several processes start at once, one wins, and all read the same key.
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path


def _key(kid: str, encoded: str, name: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise BadRequest(f"{name}: key {kid} must be base64 of {KEY_BYTES} bytes")
    if len(set(key)) < 8:
        raise BadRequest(f"{name}: key {kid} is not random: {HOW}")
    return key


def _bound(kid: str, place: tuple[str, ...]) -> bytes:
    parts = [part.encode() for part in (FORMAT, kid, *place)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _encrypt(key: bytes, data: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, bound)


def _decrypt(key: bytes, data: bytes, bound: bytes) -> bytes:
    return AESGCM(key).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], bound)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
