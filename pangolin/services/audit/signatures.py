"""Signatures of audit records, and digests of what they tell of."""

import hmac
from collections.abc import Mapping
from typing import Any, Final

import orjson

from pangolin.store.api import Doc

# A document before or after a change, or where the metadata file lies that tells it.
State = Mapping[str, Any] | str | None
# Where a document lies, which is filled in when it is written, and what is noted without a record.
UNTOLD: Final = frozenset({"tenant", "catalog", "line", "epoch", "past", "last_login_ms"})


def signed(doc: Doc, key: bytes) -> Doc:
    """Give a document without its empty members, and with its signature."""
    kept = {name: value for name, value in doc.items() if value is not None}
    kept.pop("mac", None)
    return kept | {"mac": mac(kept, key)}


def is_genuine(doc: Doc, key: bytes) -> bool:
    """Say whether a document is as it was signed."""
    given = str(doc.get("mac", ""))
    unsigned = {name: value for name, value in doc.items() if name != "mac"}
    return hmac.compare_digest(given.encode(), mac(unsigned, key).encode())


def mac(doc: Doc, key: bytes) -> str:
    """Sign a document: HMAC-SHA-256 of its JSON with sorted names, in hex."""
    return hmac.digest(key, canonical(doc), "sha256").hex()


def canonical(doc: Mapping[str, Any]) -> bytes:
    """Serialise a document in the one form that is signed."""
    return orjson.dumps(doc, option=orjson.OPT_SORT_KEYS)


def digest(state: State, key: bytes) -> str | None:
    """Tell a state by a metadata location, or by a keyed digest that betrays nothing in it."""
    if state is None or isinstance(state, str):
        return state
    location = state.get("metadata_location")
    if location:
        return str(location)
    told = {name: value for name, value in state.items() if name not in UNTOLD}
    # Keyed, or who may read the log could try out what a secret in the document is.
    return hmac.digest(key, b"state\0" + canonical(told), "sha256").hex()
