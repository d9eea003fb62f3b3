"""Which identity the server has at Google Cloud for a warehouse, and google-auth's credential."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import google.auth
from google.auth.credentials import Credentials
from google.auth.transport import Request
from google.oauth2 import service_account

from pangolin.plugin import BadRequest

if TYPE_CHECKING:
    from pangolin.plugin import Settings

NAME: Final = "gcs.service-account-key"
TOKEN_URI: Final = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
# A key that names another address would make the server send its signature there.
TOKEN_URIS: Final = frozenset({TOKEN_URI, "https://accounts.google.com/o/oauth2/token"})


@dataclass(frozen=True, slots=True)
class Identity:
    """A service account's key, or the server's own credentials; and the account to impersonate."""

    key: Mapping[str, str] | None = field(default=None, repr=False)
    impersonate: str = ""

    @property
    def is_of_server(self) -> bool:
        """Whether it is the server's own, not a warehouse's."""
        return self.key is None

    @property
    def account(self) -> str:
        """The service account whose rights apply, if it is known."""
        return self.impersonate or (self.key or {}).get("client_email", "")

    @property
    def fingerprint(self) -> str:
        """A digest that no other identity or key has."""
        text = json.dumps([self.key, self.impersonate], sort_keys=True)
        return sha256(text.encode()).hexdigest()


def identity_of(options: Mapping[str, str]) -> Identity:
    """Read the identity; raise `BadRequest` naming what is wrong with the key, never its text."""
    text = options.get(NAME, "")
    return Identity(_read(text) if text else None, options.get("gcs.impersonate", ""))


def check_server_identity(
    identity: Identity, options: Mapping[str, str], settings: "Settings"
) -> None:
    """Raise `BadRequest` if it is the server's own and not allowed, or missing."""
    if not identity.is_of_server:
        return
    if not settings.server_identity:
        raise BadRequest(
            f"{NAME} is required: without it the warehouse would use the server's own identity, "
            "which PANGOLIN_SERVER_IDENTITY=true would have to allow"
        )
    if options.get("gcs.endpoint"):
        raise BadRequest(
            f"gcs.endpoint cannot be used without {NAME}: "
            "the server's own tokens go to Google Cloud and nowhere else"
        )


def credential_of(identity: Identity, scope: str, request: Request) -> Credentials:
    """Build google-auth's credential; it is for one thread and one token."""
    if identity.key is None:
        found, _ = google.auth.default(scopes=[scope], request=request)
        made: Credentials = found
        return made
    try:
        made = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            dict(identity.key), scopes=[scope]
        )
    except ValueError:
        raise BadRequest(f"{NAME}.private_key must be a private key, as PEM") from None
    return made


def _read(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadRequest(f"{NAME} must be the JSON of a service account's key")
    # Other types read files and run programs on the host that loads them.
    if found.get("type") != "service_account":
        raise BadRequest(f"{NAME}.type must be service_account")
    uri = found.get("token_uri", TOKEN_URI)
    if uri not in TOKEN_URIS:
        raise BadRequest(f"{NAME}.token_uri must be {TOKEN_URI}")
    if found.get("universe_domain", "googleapis.com") != "googleapis.com":
        raise BadRequest(f"{NAME}.universe_domain must be googleapis.com")
    return {**_required(found), "type": "service_account", "token_uri": uri}


def _required(found: Mapping[str, Any]) -> dict[str, str]:
    for name in ("client_email", "private_key"):
        if not isinstance(found.get(name), str) or not found[name]:
            raise BadRequest(f"{NAME}.{name} is required")
    kept = ("client_email", "private_key", "private_key_id", "project_id")
    return {name: str(found[name]) for name in kept if found.get(name)}
