"""Signatures of audit records, and digests of the states that they describe."""

import hmac
from collections.abc import Mapping
from typing import Any, Final

import orjson

from pangolin.store.api import Doc

# A document before or after a change, or the location of the metadata file that holds it.
State = Mapping[str, Any] | str | None
# The place of a document, which is filled in when it is written, and what changes without a record.
UNDIGESTED: Final = frozenset({"tenant", "catalog", "line", "epoch", "past", "last_login_ms"})


def signed(doc: Mapping[str, Any], key: bytes) -> Doc:
    """Return a document without its empty members and with its signature."""
    kept = {name: value for name, value in doc.items() if value is not None}
    kept.pop("mac", None)
    return kept | {"mac": mac(kept, key)}


def is_genuine(doc: Mapping[str, Any], key: bytes) -> bool:
    """Return whether a document is as it was signed."""
    given = str(doc.get("mac", ""))
    unsigned = {name: value for name, value in doc.items() if name != "mac"}
    return hmac.compare_digest(given.encode(), mac(unsigned, key).encode())


def mac(doc: Mapping[str, Any], key: bytes) -> str:
    """Return a document's signature: HMAC-SHA-256 of its JSON with sorted names, in hex."""
    return hmac.digest(key, canonical(doc), "sha256").hex()


def canonical(doc: Mapping[str, Any]) -> bytes:
    """Serialise a document in the canonical form that is signed."""
    return orjson.dumps(doc, option=orjson.OPT_SORT_KEYS)


def digest(state: State, key: bytes) -> str | None:
    """Return a state's metadata location, or a keyed digest that reveals nothing in it."""
    if state is None or isinstance(state, str):
        return state
    location = state.get("metadata_location")
    if location:
        return str(location)
    digested = {name: value for name, value in state.items() if name not in UNDIGESTED}
    # Keyed, so that readers of the log cannot guess a secret in the document by trying values.
    return hmac.digest(key, b"state\0" + canonical(digested), "sha256").hex()
