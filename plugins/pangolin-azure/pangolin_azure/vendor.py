"""Mint what opens one table's directory at Azure."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from pangolin.plugin import Access, Check, Forbidden, Grant, Prepared, Vended, Warehouse
from pangolin_azure.account import Account, account_of, guard
from pangolin_azure.answers import sas_answer, token_answer
from pangolin_azure.checks import check_sas
from pangolin_azure.delegation import SKEW_S, DelegationKeys, Seconds
from pangolin_azure.failures import asking
from pangolin_azure.identity import ACCOUNT_KEY, SCOPE, credential_of
from pangolin_azure.options import OAUTH, SAS, flag, options_of, strategy_of
from pangolin_azure.roles import prepared
from pangolin_azure.rules import account_key_of, check_warehouse, delegating_identity, signer_of
from pangolin_azure.sas import Terms, account_sas, delegated_sas
from pangolin_azure.scope import scope_of

if TYPE_CHECKING:
    from pangolin.plugin import Settings

_NAMES: Final = UUID("5ab01d1c-6a3f-4c43-9d0e-3b86f1b7a9d4")


class AzureVendor:
    """Signatures for one directory, or tokens of the identity where that was chosen."""

    strategies: tuple[str, ...] = (SAS, OAUTH)
    types: tuple[str, ...] = ("azure",)

    def __init__(
        self,
        settings: "Settings",
        keys: DelegationKeys | None = None,
        clock: Seconds = time.time,
    ) -> None:
        self._settings = settings
        self._keys = keys or DelegationKeys(clock=clock)
        self._clock = clock

    def validate(self, warehouse: Warehouse, settings: "Settings") -> None:
        check_warehouse(warehouse, settings)

    def identity(self, grant: Grant) -> tuple[str, ...]:
        # A delegated SAS carries the principal, as the id that Azure's logs repeat.
        delegated = strategy_of(grant.warehouse) == SAS
        return (grant.principal,) if delegated and not _is_by_account(grant.warehouse) else ()

    def vend(self, grant: Grant) -> Vended:
        # Again, because the operator may have withdrawn what was allowed when it was saved.
        check_warehouse(grant.warehouse, self._settings)
        options = options_of(grant.warehouse)
        account = account_of(options)
        if strategy_of(grant.warehouse) == OAUTH:
            return _token(grant.access, account, options)
        terms = self._terms(grant, account, options)
        if signer_of(options) == ACCOUNT_KEY:
            sas = account_sas(terms, account_key_of(options))
            return sas_answer(sas, terms, account, options)
        return self._delegated(grant, terms, account, options)

    def prepare(self, warehouse: Warehouse) -> Prepared | None:
        return prepared(options_of(warehouse), strategy_of(warehouse))

    def check(self, warehouse: Warehouse, probe: str) -> Iterable[Check]:
        if strategy_of(warehouse) == OAUTH:
            return [Check("narrow", "skipped", "an OAuth token opens all that its identity may do")]
        return check_sas(self.vend, warehouse, probe, self._settings)

    def _terms(self, grant: Grant, account: Account, options: Mapping[str, str]) -> Terms:
        scope = scope_of(grant.access, account, options)
        now = int(self._clock())
        return Terms(
            account.name,
            account.container,
            scope.path,
            scope.permissions,
            starts_at=now - SKEW_S,
            expires_at=now + grant.ttl_s,
            https_only=not account.blob_url.startswith("http://"),
        )

    def _delegated(
        self, grant: Grant, terms: Terms, account: Account, options: Mapping[str, str]
    ) -> Vended:
        tenant = grant.warehouse.tenant
        guard(account, self._settings)
        key = self._keys.get(tenant, account, delegating_identity(options), grant.ttl_s)
        named = replace(
            terms,
            expires_at=min(terms.expires_at, key.expires_at),
            correlation_id=str(uuid5(_NAMES, f"{tenant}\0{grant.principal}")),
        )
        return sas_answer(delegated_sas(named, key), named, account, options)


def _is_by_account(warehouse: Warehouse) -> bool:
    return signer_of(options_of(warehouse)) == ACCOUNT_KEY


def _token(access: Access, account: Account, options: Mapping[str, str]) -> Vended:
    _check_may_have_token(access, options)
    # A credential of its own, because the SDK's cache would return a token that is about to expire.
    credential = credential_of(delegating_identity(options), account)
    with asking("a token"):
        found = credential.get_token(SCOPE)
    return token_answer(found, options)


def _check_may_have_token(access: Access, options: Mapping[str, str]) -> None:
    # A token cannot be narrowed: callers that may do less than its identity must not get it.
    if flag(options, "adls.oauth-read-only"):
        allowed = bool(access.read) and not (access.write or access.delete)
    else:
        allowed = bool(access.read and access.write and access.delete)
    if not allowed:
        raise Forbidden("AzureOAuth gives no token to a caller who may do less than its identity")
