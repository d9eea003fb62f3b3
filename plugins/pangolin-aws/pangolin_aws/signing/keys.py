"""Object keys in requests: decoded once, and refused if any reader could differ."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

from pangolin.plugin import Access, parse_location
from pangolin_aws.signing.refusal import refused

_HALF_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_UPWARDS: Final = frozenset({".", ".."})


@dataclass(frozen=True, slots=True)
class Allowed:
    """Prefixes of keys, each with its trailing slash, by what is allowed below them."""

    read: tuple[str, ...]
    write: tuple[str, ...]
    delete: tuple[str, ...]
    protected: frozenset[str]

    @classmethod
    def by(cls, access: Access, protected: Iterable[str]) -> "Allowed":
        """Read an access; locations in it have been validated."""
        return cls(
            _prefixes(access.read),
            _prefixes(access.write),
            _prefixes(access.delete),
            frozenset("/".join(parse_location(location).path) for location in protected),
        )

    def check(self, key: str, right: str) -> None:
        """Raise `Forbidden` for a key that the right does not cover."""
        if not is_inside(key, getattr(self, right)):
            raise refused("outside", f"it would {right} outside of what is allowed")
        if right != "read" and key in self.protected:
            raise refused("protected", f"it would {right} the table's current metadata")


def is_inside(key: str, prefixes: Iterable[str]) -> bool:
    """Return whether a key is below one of the prefixes."""
    return any(key.startswith(prefix) and key != prefix for prefix in prefixes)


def decoded_key(path: str) -> str:
    """Decode a path of a URI into a key; raise `Forbidden` for one that is not plain."""
    return checked_key(decoded(path, "path"))


def decoded(text: str, what: str) -> str:
    """Percent-decode once; raise `Forbidden` for what is not UTF-8 or only half encoded."""
    if _HALF_ENCODED.search(text):
        raise refused("encoding", f"its {what} has a '%' that encodes nothing")
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise refused("encoding", f"its {what} is not UTF-8") from None


def checked_key(key: str) -> str:
    """Return a key; raise `Forbidden` for one that is empty, climbs, or has control characters."""
    if any(unicodedata.category(character) in _CONTROL for character in key):
        raise refused("key", "its key has control characters")
    if "" in key.split("/"):
        raise refused("key", "its key has an empty part")
    if not _UPWARDS.isdisjoint(_parts_at_every_level(key)):
        raise refused("key", "its key has a part '.' or '..', perhaps encoded")
    return key


def _parts_at_every_level(key: str) -> Iterable[str]:
    while True:
        yield from re.split(r"[/\\]", key)
        if "%" not in key or (more := unquote(key, "latin-1")) == key:
            return
        key = more


def _prefixes(locations: Iterable[str]) -> tuple[str, ...]:
    keys = ("/".join(parse_location(location).path) for location in locations)
    # A whole bucket is not a table: it would be the prefix of everything.
    return tuple(f"{key}/" for key in keys if key)
