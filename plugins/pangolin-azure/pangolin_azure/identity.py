"""Which identity the server has at Azure for a warehouse, and the SDK's credential for it.

Each is built explicitly: no chain of fallbacks, in which a tenant's mistake would be answered
with the server's own identity.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Protocol

from azure.core.credentials import AccessToken
from azure.identity import (
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from pangolin.plugin import BadRequest, Unavailable
from pangolin_azure.account import Account

SCOPE: Final = "https://storage.azure.com/.default"
ACCOUNT_KEY: Final = "account-key"
# What each needs; if `adls.identity` is empty, the first one whose option is given is used.
SECRETS: Final = {
    "client-secret": "adls.client-secret",
    "client-certificate": "adls.client-certificate",
    "client-assertion": "adls.client-assertion",
    ACCOUNT_KEY: "adls.account-key",
}
# These are the server's own: anyone who may use them may do what the server may.
OF_SERVER: Final = ("workload-identity", "managed-identity")
TOKEN_FILE: Final = "AZURE_FEDERATED_TOKEN_FILE"  # noqa: S105 - a variable's name
# Seconds; the storage client would wait 15 of them before a retry.
LIMITS: Final[Mapping[str, Any]] = {
    "connection_timeout": 3,
    "read_timeout": 5,
    "retry_total": 2,
    "initial_backoff": 0.4,
    "permit_redirects": False,
}
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}", re.ASCII)
_CLIENT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


class Credential(Protocol):
    """What the SDK's credentials have in common."""

    def get_token(self, *scopes: str, **more: Any) -> AccessToken:
        """Get a token."""


class GivenToken:
    """A credential that is already a token: the storage client would wait between denials."""

    def __init__(self, token: AccessToken) -> None:
        self._token = token

    def get_token(self, *_: str, **__: Any) -> AccessToken:
        """Return the token."""
        return self._token


@dataclass(frozen=True, slots=True)
class Identity:
    """A kind of identity, and what it needs."""

    kind: str
    tenant_id: str = ""
    client_id: str = ""
    secret: str = field(default="", repr=False)

    @property
    def is_of_server(self) -> bool:
        """Whether it is the server's own, not a warehouse's."""
        return self.kind in OF_SERVER

    @property
    def fingerprint(self) -> str:
        """A digest that no other identity or secret has."""
        parts = (self.kind, self.tenant_id, self.client_id, self.secret)
        return sha256("\0".join(parts).encode()).hexdigest()


def identity_of(options: Mapping[str, str]) -> Identity:
    """Read the identity; raise `BadRequest` naming an option that is missing or illegal."""
    kind = options.get("adls.identity") or _implied(options)
    if kind not in (*SECRETS, *OF_SERVER):
        known = ", ".join((*SECRETS, *OF_SERVER))
        raise BadRequest(f"adls.identity must be one of {known}, not {kind[:80]!r}")
    secret = options.get(SECRETS.get(kind, ""), "")
    if kind in SECRETS and not secret:
        raise BadRequest(f"{SECRETS[kind]} is required with adls.identity {kind}")
    tenant, client = options.get("adls.tenant-id", ""), options.get("adls.client-id", "")
    _check_ids(kind, tenant, client)
    return Identity(kind, tenant, client, secret)


def credential_of(identity: Identity, account: Account) -> Credential:
    """Build the SDK's credential; nothing is sent.

    Raises `BadRequest` for an invalid certificate, `Unavailable` if the server has no such
    identity itself.
    """
    if identity.kind == "managed-identity":
        return ManagedIdentityCredential(client_id=identity.client_id or None, **LIMITS)
    # The host is one of ours or the operator's, so there is no need to ask the public cloud
    # whether it is an authority, which it could not tell for a private one.
    more: dict[str, Any] = {
        "authority": os.environ.get("AZURE_AUTHORITY_HOST") or account.authority,
        "disable_instance_discovery": True,
        **LIMITS,
    }
    return _application(identity, more)


def _application(identity: Identity, more: dict[str, Any]) -> Credential:
    tenant, client, secret = identity.tenant_id, identity.client_id, identity.secret
    if identity.kind == "client-secret":
        return ClientSecretCredential(tenant, client, secret, **more)
    if identity.kind == "client-certificate":
        return _certificate(identity, more)
    if identity.kind == "client-assertion":
        return ClientAssertionCredential(tenant, client, lambda: secret, **more)
    if not os.environ.get(TOKEN_FILE):
        raise Unavailable(f"the server has no workload identity: {TOKEN_FILE} is not set")
    return WorkloadIdentityCredential(tenant_id=tenant, client_id=client, **more)


def _certificate(identity: Identity, more: dict[str, Any]) -> Credential:
    data = identity.secret.encode()
    try:
        return CertificateCredential(
            identity.tenant_id, identity.client_id, certificate_data=data, **more
        )
    except ValueError:
        raise BadRequest(
            "adls.client-certificate must be a certificate and its private key, as PEM"
        ) from None


def _implied(options: Mapping[str, str]) -> str:
    for kind, name in SECRETS.items():
        if options.get(name):
            return kind
    raise BadRequest(
        "adls.identity is required: give adls.client-secret or another secret, "
        f"or choose one of {', '.join(OF_SERVER)}"
    )


def _check_ids(kind: str, tenant: str, client: str) -> None:
    if client and not _CLIENT.fullmatch(client):
        raise BadRequest("adls.client-id must be a UUID")
    if kind in (ACCOUNT_KEY, "managed-identity"):
        return
    if not _TENANT.fullmatch(tenant):
        raise BadRequest(f"adls.tenant-id is required with {kind}: a UUID or a domain")
    if not client:
        raise BadRequest(f"adls.client-id is required with {kind}")
