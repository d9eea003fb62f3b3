"""Sign shared access signatures for one directory, or for a container, in one pinned version.

The SDK signs its newest version, which stores and emulators refuse if they do not know it
yet. Source: Azure Storage REST reference, "Create a service SAS" and "Create a user
delegation SAS", version 2020-12-06 and later.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlencode

VERSION: Final = "2023-11-03"
_DELEGATED: Final = (
    "sp st se resource skoid sktid skt ske sks skv saoid suoid scid sip spr sv sr snapshot ses "
    "rscc rscd rsce rscl rsct"
)
_BY_ACCOUNT: Final = "sp st se resource si sip spr sv sr snapshot ses rscc rscd rsce rscl rsct"


@dataclass(frozen=True, slots=True)
class DelegationKey:
    """A key that Azure issues to an identity to sign with; `expires_at` is in epoch seconds."""

    fields: Mapping[str, str]
    value: str = field(repr=False)
    expires_at: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What a signature opens: a directory, or the container if there is none; and until when.

    Times are in epoch seconds; `correlation_id` is a UUID that Azure's logs repeat.
    """

    account: str
    container: str
    path: tuple[str, ...]
    permissions: str
    starts_at: int
    expires_at: int
    correlation_id: str = ""
    https_only: bool = True

    def fields(self) -> dict[str, str]:
        """Return the fields that both kinds of signature have."""
        found = {
            "sp": self.permissions,
            "st": timestamp(self.starts_at),
            "se": timestamp(self.expires_at),
            "spr": "https" if self.https_only else "https,http",
            "sv": VERSION,
            "sr": "d" if self.path else "c",
        }
        return found | ({"sdd": str(len(self.path))} if self.path else {})

    @property
    def resource(self) -> str:
        """The canonical name: the path as it is, without encoding."""
        return "/".join(("/blob", self.account, self.container, *self.path))


def delegated_sas(terms: Terms, key: DelegationKey) -> str:
    """Sign with a user delegation key; it opens at most what its identity may access."""
    fields = terms.fields() | dict(key.fields)
    if terms.correlation_id:
        fields["scid"] = terms.correlation_id
    return _signed(fields, _DELEGATED, terms.resource, key.value)


def account_sas(terms: Terms, account_key: str) -> str:
    """Sign with the account's key; only a new key of the account revokes it."""
    return _signed(terms.fields(), _BY_ACCOUNT, terms.resource, account_key)


def timestamp(seconds: int) -> str:
    """Write a time as Azure does."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _signed(fields: Mapping[str, str], order: str, resource: str, key: str) -> str:
    known = {**fields, "resource": resource}
    text = "\n".join(known.get(name, "") for name in order.split())
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode()
    return urlencode({**fields, "sig": signature}, quote_via=quote, safe="")
