"""Prove a warehouse: the account's kind, and that a SAS opens its directory only."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from azure.core.credentials import AzureNamedKeyCredential
from azure.storage.blob import BlobServiceClient

from pangolin.plugin import (
    Access,
    BucketObjects,
    Check,
    Grant,
    PangolinError,
    Vended,
    Warehouse,
    prove_narrowness,
)
from pangolin_azure.account import Account, account_of, guard, location_of
from pangolin_azure.failures import asking
from pangolin_azure.identity import (
    ACCOUNT_KEY,
    LIMITS,
    SCOPE,
    GivenToken,
    Identity,
    credential_of,
    identity_of,
)
from pangolin_azure.options import flag, options_of
from pangolin_azure.store import open_own, open_with_sas

if TYPE_CHECKING:
    from pangolin.plugin import Settings

TTL_S: Final = 900
TIMEOUT_S: Final = 15.0
ROLES: Final = (
    "assign Storage Blob Data Contributor on the container and Storage Blob Delegator on the "
    "account to the identity; assignments take minutes to take effect"
)
NAMESPACE: Final = "hierarchical-namespace"

Vend = Callable[[Grant], Vended]


def check_sas(
    vend: Vend, warehouse: Warehouse, probe: str, settings: "Settings"
) -> Iterator[Check]:
    """Check the account, then try what a SAS for a directory below the probe opens."""
    options = options_of(warehouse)
    root = location_of(options)
    guard(account_of(options), settings)
    yield check_namespace(account_of(options), identity_of(options))
    if not flag(options, "adls.hierarchical-namespace", default=True):
        yield Check("narrow", "skipped", "a SAS opens the whole container, as the warehouse allows")
        return

    def open_for(access: Access) -> BucketObjects:
        vended = vend(Grant(warehouse, access, "self-test", "self-test", TTL_S))
        return open_with_sas(options, root, settings, TIMEOUT_S, vended.config["adls.sas-token"])

    owner = open_own(options, root, settings, TIMEOUT_S)
    yield from prove_narrowness(owner, open_for, probe, ROLES)


def check_namespace(account: Account, identity: Identity) -> Check:
    """Ask the account whether it has a hierarchical namespace, which a directory's SAS needs."""
    try:
        credential = _credential(identity, account)
        with (
            asking("the properties of the account"),
            BlobServiceClient(account.blob_url, credential, **LIMITS) as client,
        ):
            found = client.get_account_information()
    except PangolinError as error:
        return Check(NAMESPACE, "unknown", error.message, "the checks below prove it as well")
    if found.get("is_hns_enabled"):
        return Check(NAMESPACE, "passed")
    return Check(
        NAMESPACE,
        "failed",
        "the account has none, so that a SAS for a directory opens nothing",
        "upgrade the account (az storage account hns-migration), or set "
        "adls.hierarchical-namespace=false and adls.allow-container-scope=true",
    )


def _credential(identity: Identity, account: Account) -> GivenToken | AzureNamedKeyCredential:
    if identity.kind == ACCOUNT_KEY:
        return AzureNamedKeyCredential(account.name, identity.secret)
    with asking("a token"):
        return GivenToken(credential_of(identity, account).get_token(SCOPE))
