"""Mint what opens one table's directories at Google Cloud."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pangolin.plugin import (
    Access,
    BucketObjects,
    Check,
    Forbidden,
    Grant,
    Prepared,
    Vended,
    Warehouse,
    prove_narrowness,
)
from pangolin_gcp.boundary import boundary_of
from pangolin_gcp.checks import ROLES, TIMEOUT_S, TTL_S, check_uniform
from pangolin_gcp.exchange import downscope
from pangolin_gcp.identity import check_server_identity, identity_of
from pangolin_gcp.options import (
    DOWNSCOPED,
    TOKEN,
    client_properties,
    guard,
    options_of,
    root_of,
    strategy_of,
)
from pangolin_gcp.roles import prepared
from pangolin_gcp.sources import PLATFORM, READ_ONLY, READ_WRITE, Seconds, Sources, Token, Wanted
from pangolin_gcp.sources import fetch as fetch_token
from pangolin_gcp.store import GcsOpener, opened
from pangolin_gcp.transport import PatientRequest, Transport

if TYPE_CHECKING:
    from pangolin.plugin import Settings


class GcpVendor:
    """Downscoped tokens, or tokens of the identity where that was chosen."""

    strategies: tuple[str, ...] = (DOWNSCOPED, TOKEN)
    types: tuple[str, ...] = ("gcs",)

    def __init__(
        self,
        settings: "Settings",
        transport: Transport = PatientRequest,
        clock: Seconds = time.time,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._sources = Sources(transport, clock)

    def validate(self, warehouse: Warehouse, settings: "Settings") -> None:
        options = options_of(warehouse)
        root_of(options, settings)
        check_server_identity(identity_of(options), options, settings)

    def identity(self, grant: Grant) -> tuple[str, ...]:
        # Tokens carry nothing about the principal.
        return ()

    def vend(self, grant: Grant) -> Vended:
        # Again, because the operator may have withdrawn what was allowed when it was saved.
        self.validate(grant.warehouse, self._settings)
        options = options_of(grant.warehouse)
        if strategy_of(grant.warehouse) == TOKEN:
            return self._whole(grant, options)
        boundary = boundary_of(grant.access, options.get("gcs.bucket", ""))
        source = self._sources.get(self._wanted(grant, options, PLATFORM))
        token = downscope(source, boundary, self._transport, self._clock)
        rules = boundary["accessBoundary"]["accessBoundaryRules"]
        return _answer(token, options, {"rules": str(len(rules))})

    def prepare(self, warehouse: Warehouse) -> Prepared | None:
        return prepared(options_of(warehouse))

    def check(self, warehouse: Warehouse, probe: str) -> Iterable[Check]:
        if strategy_of(warehouse) == TOKEN:
            return [Check("narrow", "skipped", "a token opens all that its identity may do")]
        return self._prove(warehouse, probe)

    def _wanted(self, grant: Grant, options: Mapping[str, str], scope: str) -> Wanted:
        return Wanted(grant.warehouse.tenant, identity_of(options), scope, grant.ttl_s)

    def _whole(self, grant: Grant, options: Mapping[str, str]) -> Vended:
        scope = _scope_of(grant.access)
        token = fetch_token(self._wanted(grant, options, scope), self._transport)
        return _answer(token, options, {"scope": scope})

    def _prove(self, warehouse: Warehouse, probe: str) -> Iterator[Check]:
        options = options_of(warehouse)
        guard(options, self._settings)
        wanted = Wanted(warehouse.tenant, identity_of(options), PLATFORM)
        yield check_uniform(options, lambda: self._sources.get(wanted), self._transport)
        hasty = replace(self._settings, request_timeout=TIMEOUT_S)

        def open_for(access: Access) -> BucketObjects:
            vended = self.vend(Grant(warehouse, access, "self-test", "self-test", TTL_S))
            token = Token(vended.config["gcs.oauth2.token"], vended.expires_at_ms / 1000)
            return opened(options, hasty, lambda: token)

        owner = GcsOpener(self._sources).open(warehouse, hasty)
        yield from prove_narrowness(owner, open_for, probe, ROLES)


def _scope_of(access: Access) -> str:
    # Only a scope narrows such a token: it cannot express write without delete.
    if access.read and not (access.write or access.delete):
        return READ_ONLY
    if access.read and access.write and access.delete:
        return READ_WRITE
    raise Forbidden("GcpToken gives tokens to callers who may read, or read, write and delete")


def _answer(token: Token, options: Mapping[str, str], details: Mapping[str, str]) -> Vended:
    expires_at_ms = int(token.expires_at * 1000)
    config = {
        **client_properties(options),
        "gcs.oauth2.token": token.value,
        "gcs.oauth2.token-expires-at": str(expires_at_ms),
        "expiration-time": str(expires_at_ms),
    }
    account = identity_of(options).account
    return Vended(config, expires_at_ms, {**details, **({"account": account} if account else {})})
