"""Objects in a container: with the server's identity, or with what was vended."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from obstore.store import AzureStore

from pangolin.plugin import BucketObjects, Supplier, Warehouse, parse_location
from pangolin_azure.account import Account, account_of, guard, root_of
from pangolin_azure.failures import answering, asking
from pangolin_azure.identity import ACCOUNT_KEY, SCOPE, Credential, credential_of, identity_of
from pangolin_azure.lent import LentObjects
from pangolin_azure.options import options_of
from pangolin_azure.rules import check_server_identity

if TYPE_CHECKING:
    from pangolin.plugin import Settings

CONNECT_SECONDS: Final = 5.0
MAX_RETRIES: Final = 5


def open_store(warehouse: Warehouse, settings: "Settings") -> BucketObjects:
    """Open a warehouse's container with the server's identity; nothing is sent before a call."""
    options = options_of(warehouse)
    root = root_of(options, settings)
    check_server_identity(identity_of(options), options, settings)
    return open_own(options, root, settings, settings.request_timeout)


def open_own(
    options: Mapping[str, str], root: str, settings: "Settings", timeout: float
) -> BucketObjects:
    """Open a warehouse with the identity that its options name; `timeout` is in seconds."""
    identity = identity_of(options)
    if identity.kind == ACCOUNT_KEY:
        key = {"access_key": identity.secret, "expires_at": None}
        return _opened(options, root, settings, timeout, lambda: key)
    credential = credential_of(identity, account_of(options))
    return _opened(options, root, settings, timeout, lambda: _token(credential))


def open_with_sas(
    options: Mapping[str, str], root: str, settings: "Settings", timeout: float, sas: str
) -> BucketObjects:
    """Open a warehouse with a vended SAS and nothing else; `timeout` is in seconds."""
    account, place = account_of(options), parse_location(root, "adls.prefix")
    supplier = Supplier(lambda: {"sas_token": sas, "expires_at": None})
    # Deletions use another client than the rest: the host is checked here for both.
    guard(account, settings)
    return LentObjects(place, account, sas, lambda: _connect(account, supplier, timeout))


def _opened(
    options: Mapping[str, str],
    root: str,
    settings: "Settings",
    timeout: float,
    supply: Callable[[], Any],
) -> BucketObjects:
    account, supplier = account_of(options), Supplier(supply)

    def connect() -> AzureStore:
        guard(account, settings)
        return _connect(account, supplier, timeout)

    return BucketObjects(parse_location(root, "adls.prefix"), connect, supplier.before(answering))


def _token(credential: Credential) -> dict[str, Any]:
    # The SDK keeps a token until it is about to expire.
    with asking("a token"):
        found = credential.get_token(SCOPE)
    return {"token": found.token, "expires_at": datetime.fromtimestamp(found.expires_on, UTC)}


def _connect(account: Account, supplier: Supplier, timeout: float) -> AzureStore:
    # The last attempt starts in the first half of the time and takes at most the other half.
    half = timedelta(seconds=timeout / 2)
    return AzureStore(
        account.container,
        account_name=account.name,
        endpoint=account.blob_url,
        # Set to their defaults, so that no AZURE_* variable of the server is mixed in.
        use_emulator=False,
        skip_signature=False,
        use_fabric_endpoint=False,
        use_azure_cli=False,
        credential_provider=supplier,
        client_options={
            "allow_http": account.blob_url.startswith("http://"),
            "timeout": half,
            "connect_timeout": min(half, timedelta(seconds=CONNECT_SECONDS)),
        },
        retry_config={"max_retries": MAX_RETRIES, "retry_timeout": half},
    )
