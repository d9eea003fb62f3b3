"""What clients receive: the same credential under every name that one of them reads."""

from collections.abc import Mapping

from azure.core.credentials import AccessToken

from pangolin.plugin import Vended
from pangolin_azure.account import Account
from pangolin_azure.client import client_properties
from pangolin_azure.sas import Terms


def sas_answer(sas: str, terms: Terms, account: Account, options: Mapping[str, str]) -> Vended:
    """Return a SAS; its details name what it opens and the id in Azure's logs."""
    expires_at_ms = terms.expires_at * 1000
    config = {
        **client_properties(options),
        "adls.sas-token": sas,
        f"adls.sas-token.{account.host}": sas,
        "adls.sas-token-expires-at-ms": str(expires_at_ms),
        f"adls.sas-token-expires-at-ms.{account.host}": str(expires_at_ms),
        "expiration-time": str(expires_at_ms),
    }
    details = {
        "resource": terms.resource,
        "permissions": terms.permissions,
        "correlation-id": terms.correlation_id,
    }
    return Vended(config, expires_at_ms, {key: value for key, value in details.items() if value})


def token_answer(token: AccessToken, options: Mapping[str, str]) -> Vended:
    """Return a token of the identity."""
    expires_at_ms = token.expires_on * 1000
    config = {
        **client_properties(options),
        "adls.token": token.token,
        "expiration-time": str(expires_at_ms),
    }
    return Vended(config, expires_at_ms, {"resource": "everything the identity may do"})
