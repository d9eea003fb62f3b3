"""The options of an Azure warehouse, from storage or strategy, and which words are booleans."""

from collections.abc import Mapping
from typing import Final

from pangolin.plugin import BadRequest, Option, Warehouse

TRUE: Final = frozenset({"1", "true", "yes", "on"})
FALSE: Final = frozenset({"0", "false", "no", "off", ""})
SAS: Final = "AzureSas"
OAUTH: Final = "AzureOAuth"
OPTIONS: Final = (
    Option(
        "adls.account-name",
        "Name of the storage account.",
        aliases=("account_name",),
        required=True,
    ),
    Option(
        "adls.container",
        "Name of the container (file system).",
        aliases=("container", "azure.container"),
        required=True,
    ),
    Option("adls.prefix", "Path within the container.", aliases=("prefix", "key_prefix")),
    Option(
        "adls.endpoint-suffix",
        "Domain of the cloud: core.windows.net, core.chinacloudapi.cn or core.usgovcloudapi.net.",
        aliases=("endpoint_suffix",),
    ),
    Option(
        "adls.endpoint",
        "Address of an emulator, such as https://127.0.0.1:10000/account; not needed for Azure.",
        aliases=("endpoint",),
    ),
    Option(
        "adls.identity",
        "Identity of the server: client-secret, client-certificate, client-assertion, "
        "workload-identity, managed-identity or account-key; empty: chosen by the given options.",
        aliases=("identity",),
    ),
    Option("adls.tenant-id", "Entra tenant of the identity.", aliases=("tenant_id",)),
    Option("adls.client-id", "Application (client) id of the identity.", aliases=("client_id",)),
    Option(
        "adls.client-secret",
        "Secret of the application.",
        aliases=("client_secret",),
        secret=True,
    ),
    Option(
        "adls.client-certificate",
        "Certificate of the application with its private key, as PEM.",
        aliases=("client_certificate",),
        secret=True,
    ),
    Option(
        "adls.client-assertion",
        "Assertion (JWT) of a federated credential of the application.",
        aliases=("client_assertion",),
        secret=True,
    ),
    Option(
        "adls.account-key",
        "Key of the storage account; grants access to all of it.",
        aliases=("account_key",),
        secret=True,
    ),
    Option(
        "adls.sas-signer",
        "What signs vended SAS: user-delegation (the default) or account-key.",
        aliases=("sas_signer",),
    ),
    Option(
        "adls.hierarchical-namespace",
        "Whether the account has a hierarchical namespace; true by default.",
        aliases=("hierarchical_namespace",),
    ),
    Option(
        "adls.allow-container-scope",
        "Whether a vended SAS may open the whole container if it cannot be narrower.",
        aliases=("allow_container_scope",),
    ),
    Option(
        "adls.oauth-read-only",
        "Whether the identity may only read, so that readers may get AzureOAuth tokens.",
        aliases=("oauth_read_only",),
    ),
)
_SPELLINGS: Final = {
    spelling: option.name for option in OPTIONS for spelling in (option.name, *option.aliases)
}


def strategy_of(warehouse: Warehouse) -> str:
    """Return the name of the strategy; a user-delegation SAS if the warehouse names none."""
    return _tagged(warehouse.vending_strategy)[0]


def options_of(warehouse: Warehouse) -> dict[str, str]:
    """Return the options with the members of the vending strategy over those of the storage.

    A storage account named twice must be the same; the key of a strategy signs its SAS.
    Raises `BadRequest` naming an unknown member.
    """
    tag, members = _tagged(warehouse.vending_strategy)
    given = {_member(tag, name): str(value) for name, value in members.items() if value is not None}
    account = warehouse.config.get("adls.account-name", "")
    if given.get("adls.account-name", account) != account:
        raise BadRequest(
            f"vending_strategy.{tag}.account_name must be the warehouse's adls.account-name"
        )
    if given.get("adls.account-key") and tag == SAS:
        given.setdefault("adls.sas-signer", "account-key")
    return {**warehouse.config, **given}


def flag(options: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    """Read a boolean option; raise `BadRequest` naming it for any other word."""
    word = options.get(name, "").strip().lower()
    if not word:
        return default
    if word not in TRUE | FALSE:
        raise BadRequest(f"{name} must be true or false, not {word[:80]!r}")
    return word in TRUE


def _tagged(strategy: object) -> tuple[str, Mapping[str, object]]:
    if isinstance(strategy, Mapping):
        for tag, members in strategy.items():
            return str(tag), members if isinstance(members, Mapping) else {}
    return (strategy if isinstance(strategy, str) else SAS), {}


def _member(tag: str, name: str) -> str:
    if name not in _SPELLINGS:
        known = ", ".join(sorted(spelling for spelling in _SPELLINGS if "." not in spelling))
        raise BadRequest(f"vending_strategy.{tag}.{name[:80]} is unknown; known: {known}")
    return _SPELLINGS[name]
