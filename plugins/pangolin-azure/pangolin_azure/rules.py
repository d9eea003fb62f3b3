"""Which combinations of options a vending strategy takes."""

from base64 import b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pangolin.plugin import BadRequest, Warehouse
from pangolin_azure.account import root_of
from pangolin_azure.identity import ACCOUNT_KEY, Identity, identity_of
from pangolin_azure.options import OAUTH, SAS, flag, options_of, strategy_of
from pangolin_azure.scope import check_container_scope

if TYPE_CHECKING:
    from pangolin.plugin import Settings

SIGNERS = ("user-delegation", ACCOUNT_KEY)


def check_warehouse(warehouse: Warehouse, settings: "Settings") -> None:
    """Raise `BadRequest` naming the option that is missing or illegal for the strategy."""
    options = options_of(warehouse)
    root_of(options, settings)
    if strategy_of(warehouse) == OAUTH:
        check_server_identity(_entra(options, OAUTH), options, settings)
        flag(options, "adls.oauth-read-only")
        return
    flag(options, "adls.allow-container-scope")
    check_container_scope(options)
    if signer_of(options) == ACCOUNT_KEY:
        account_key_of(options)
        return
    check_server_identity(_entra(options, SAS), options, settings)


def check_server_identity(
    identity: Identity, options: Mapping[str, str], settings: "Settings"
) -> None:
    """Raise `BadRequest` if it is the server's own and not allowed, or missing."""
    if not identity.is_of_server:
        return
    if not settings.server_identity:
        raise BadRequest(
            f"adls.identity {identity.kind} is the server's own identity, "
            "which PANGOLIN_SERVER_IDENTITY=true would have to allow"
        )
    if options.get("adls.endpoint"):
        raise BadRequest(
            f"adls.endpoint cannot be used with {identity.kind}: "
            "the server's own tokens go to Azure and nowhere else"
        )


def signer_of(options: Mapping[str, str]) -> str:
    """Return what signs a SAS; the account key only if it was chosen."""
    found = options.get("adls.sas-signer") or SIGNERS[0]
    if found not in SIGNERS:
        raise BadRequest(f"adls.sas-signer must be one of {', '.join(SIGNERS)}")
    return found


def account_key_of(options: Mapping[str, str]) -> str:
    """Return the account's key; raise `BadRequest` if there is none, or it is not base64."""
    key = options.get("adls.account-key", "")
    if not key:
        raise BadRequest("adls.account-key is required with adls.sas-signer account-key")
    try:
        b64decode(key, validate=True)
    except ValueError:
        raise BadRequest("adls.account-key must be base64") from None
    return key


def delegating_identity(options: Mapping[str, str]) -> Identity:
    """Return the identity that requests user delegation keys and tokens."""
    return _entra(options, SAS)


def _entra(options: Mapping[str, str], strategy: str) -> Identity:
    identity = identity_of(options)
    if identity.kind == ACCOUNT_KEY:
        raise BadRequest(
            f"adls.identity must be an Entra identity for {strategy}, as with adls.client-secret; "
            "an account key signs a SAS only if adls.sas-signer is account-key"
        )
    return identity
