"""Vending credentials for one table and one caller.

An `Entitlement` costs no call to a cloud. Vending it mints a credential, unless this process has
one cached for exactly that access, and records it.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, cast
from urllib.parse import quote

import orjson

from pangolin.errors import Forbidden
from pangolin.interfaces.credential_vending import Access, CredentialVendor, Grant, Signer, Vended
from pangolin.services.audit import trail
from pangolin.services.audit.records import FAILURE, AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.context import metrics
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.context.runtime import Runtime
from pangolin.services.credentials import privileges
from pangolin.services.credentials.cache import CREDENTIALS, Mint, Minted
from pangolin.services.credentials.issuance import ISSUED
from pangolin.services.storage import vending_strategies, warehouse_secrets
from pangolin.services.versioned.addressing import Address
from pangolin.store.api import Record
from pangolin.store.documents import WarehouseDoc

VENDED: Final = "vended-credentials"
REMOTE: Final = "remote-signing"
HOUR_MS: Final = 3_600_000
MODES: Final = (VENDED, REMOTE)
Delegation = Sequence[str]
Properties = Mapping[str, str]

# The properties that tell clients where to refresh: Java's; other clients read some of them.
_REFRESH: Final = {
    "s3": ("client.refresh-credentials-endpoint", "client.refresh-credentials-enabled"),
    "gcs": ("gcs.oauth2.refresh-credentials-endpoint", "gcs.oauth2.refresh-credentials-enabled"),
    "azure": ("adls.refresh-credentials-endpoint", "adls.refresh-credentials-enabled"),
}
_SIGN: Final = ("signer.endpoint", "s3.signer.endpoint")
# A key without a token is not a session, and Java's refresh refuses it.
_SESSION: Final = {"s3": "s3.session-token"}


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a caller is entitled to: the vendor, the grant, and the `mode`.

    `key` identifies it among all entitlements of this server. `root` is the table's own directory;
    `address` is None for a table that does not exist yet.
    """

    what: Resource
    strategy: str
    vendor: CredentialVendor
    grant: Grant
    mode: str
    root: str
    address: Address | None
    key: str

    @property
    def life_ms(self) -> int:
        """The maximum lifetime of a credential."""
        return self.grant.ttl_s * 1000

    @property
    def is_remote(self) -> bool:
        """Whether requests are signed for the client instead."""
        return self.mode == REMOTE


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """What a client gets: properties, the credentials among them, and the entitlement's key.

    After `good_until_ms`, a client must no longer be told that what it has is still good.
    """

    config: Properties = field(repr=False)
    credentials: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    key: str = ""
    good_until_ms: int | None = None


def signer_of(vendor: CredentialVendor) -> Signer | None:
    """Return the vendor as a signer, or None if it is not one."""
    return cast(Signer, vendor) if hasattr(vendor, "signing_properties") else None


def mode_of(runtime: Runtime, strategy: str, wanted: Delegation) -> str | None:
    """Choose the mode among those that a client accepts; None if there is none.

    Credentials take precedence over signing; a strategy that only signs does so for any mode.
    """
    if strategy == vending_strategies.SIGNING:
        return REMOTE if wanted else None
    if VENDED in wanted:
        return VENDED
    return REMOTE if REMOTE in wanted and signer_of(runtime.vendor(strategy)) else None


def entitle(
    ctx: Context,
    warehouse: Record[WarehouseDoc],
    what: Resource,
    access: Access,
    mode: str,
    address: Address | None = None,
) -> Entitlement | None:
    """Return the entitlement to an access of a warehouse that vends; None for no access."""
    strategy = vending_strategies.strategy_of(warehouse.doc)
    if strategy is None or not access.read:
        return None
    vendor = ctx.runtime.vendor(strategy)
    grant = Grant(
        warehouse=warehouse_secrets.as_plugin(ctx.runtime, warehouse),
        access=access,
        principal=ctx.principal.id,
        principal_name=ctx.principal.name,
        ttl_s=ctx.settings.credential_seconds,
    )
    key = _key(strategy, mode, grant, vendor.identity(grant))
    return Entitlement(what, strategy, vendor, grant, mode, access.read[0], address, key)


def minted(ctx: Context, given: Entitlement) -> Minted:
    """Return the credential of an entitlement, minted or from the cache.

    Raises `Forbidden` if the cloud refuses, `BadRequest` if the access does not fit into a policy,
    and `Unavailable`.
    """
    return mint_with(ctx, given, lambda: _mint(given))


def mint_with(ctx: Context, given: Entitlement, mint: Mint) -> Minted:
    """Like `minted`, but with another way of minting; a refusal of the cloud is recorded."""
    # Nothing is minted before the caller's own credential is confirmed.
    ctx.confirm()
    try:
        return ctx.runtime.part(CREDENTIALS).get(given.key, mint)
    except Forbidden as error:
        details = {"strategy": given.strategy, "mode": given.mode}
        record_refusal(ctx, given, AuditAction.VEND_CREDENTIALS, error, details)
        raise


def prepare(ctx: Context, given: Entitlement) -> None:
    """Mint what will be vended, so that a refusal comes before anything is changed."""
    if not given.is_remote:
        minted(ctx, given)


def vend(ctx: Context, given: Entitlement) -> ClientCredentials:
    """Return the client's properties and credentials; fail if they cannot be recorded."""
    if given.is_remote:
        return ClientCredentials(_signing(given), key=given.key)
    held = minted(ctx, given)
    record(ctx, given, held.vended)
    left_ms = held.vended.expires_at_ms - ctx.runtime.part(CREDENTIALS).now()
    metrics.handed_out(left_ms / 1000)
    config = {**held.vended.config, **_refresh(given, held.vended)}
    credential = {"prefix": given.root, "config": config}
    return ClientCredentials(config, (credential,), given.key, held.half_ms)


def record(ctx: Context, given: Entitlement, vended: Vended) -> None:
    """Record once that the caller has a credential for the entitlement."""
    name = (ctx.tenant, ctx.principal.id, str(given.what), given.key, vended.expires_at_ms)

    def note() -> None:
        details = _details(given, vended)
        trail.record(ctx, AuditEvent(AuditAction.VEND_CREDENTIALS, given.what, details=details))

    ctx.runtime.part(ISSUED).once("\n".join(map(str, name)), note)


def record_refusal(
    ctx: Context,
    given: Entitlement,
    action: AuditAction,
    error: Forbidden,
    details: Mapping[str, str],
) -> None:
    """Record a refusal once an hour per caller, table and details, because clients retry."""
    hour = ctx.now() // HOUR_MS
    name = (ctx.tenant, ctx.principal.id, str(given.what), action, *details.values(), hour)

    def note() -> None:
        event = AuditEvent(action, given.what, result=FAILURE, error=error.message, details=details)
        trail.record(ctx, event)

    ctx.runtime.part(ISSUED).once("\n".join(map(str, name)), note)


def _details(given: Entitlement, vended: Vended) -> dict[str, Any]:
    return {
        "strategy": given.strategy,
        "mode": given.mode,
        "privileges": privileges.privileges(given.grant.access),
        "location": given.root,
        "expires_at_ms": vended.expires_at_ms,
        **vended.details,
    }


def _mint(given: Entitlement) -> Vended:
    begun = time.monotonic()
    vended = given.vendor.vend(given.grant)
    metrics.minted(given.strategy, time.monotonic() - begun)
    return vended


def _signing(given: Entitlement) -> dict[str, str]:
    signer = signer_of(given.vendor)
    if signer is None or given.address is None:
        return {}
    endpoint = f"{_path(given.address)}/sign"
    properties = signer.signing_properties(given.grant.warehouse)
    return {**properties, **dict.fromkeys(_SIGN, endpoint)}


def _refresh(given: Entitlement, vended: Vended) -> dict[str, str]:
    kind = given.grant.warehouse.config["type"]
    needed = _SESSION.get(kind)
    if given.address is None or (needed and needed not in vended.config):
        return {}
    endpoint, enabled = _REFRESH.get(kind, _REFRESH["s3"])
    return {endpoint: f"{_path(given.address)}/credentials", enabled: "true"}


@lru_cache(maxsize=4096)
def _path(address: Address) -> str:
    """Return a table's path; relative, so that a client's token stays with this server."""
    levels = "%1F".join(quote(level, safe="") for level in address.levels)
    prefix = quote(address.prefix, safe="@")
    return f"v1/{prefix}/namespaces/{levels}/tables/{quote(address.name, safe='')}"


def _key(strategy: str, mode: str, grant: Grant, identity: Sequence[str]) -> str:
    warehouse, access = grant.warehouse, grant.access
    parts = [
        [warehouse.tenant, warehouse.id, str(warehouse.version), strategy, mode],
        *(sorted(paths) for paths in (access.read, access.write, access.delete)),
        [str(grant.ttl_s)],
        list(identity),
    ]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()
