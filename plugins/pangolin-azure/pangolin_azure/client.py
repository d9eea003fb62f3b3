"""What clients learn about an Azure warehouse: where it is, never a secret."""

from collections.abc import Mapping

from pangolin_azure.account import account_of


def client_properties(config: Mapping[str, str]) -> dict[str, str]:
    """Return the file-IO properties of Iceberg clients (Java, PyIceberg)."""
    account = account_of(config)
    found = {"adls.account-name": account.name}
    if account.endpoint:
        found["adls.account-host"] = account.endpoint.partition("://")[2]
        found[f"adls.connection-string.{account.host}"] = account.endpoint
    return found
