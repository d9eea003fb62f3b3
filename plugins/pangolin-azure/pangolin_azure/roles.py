"""What an administrator must set up at Azure, as commands to paste."""

from collections.abc import Mapping
from typing import Final

from pangolin.plugin import Prepared
from pangolin_azure.account import account_of
from pangolin_azure.identity import ACCOUNT_KEY
from pangolin_azure.options import OAUTH, flag
from pangolin_azure.rules import signer_of

_ACCOUNT: Final = (
    "/subscriptions/<subscription>/resourceGroups/<group>"
    "/providers/Microsoft.Storage/storageAccounts/{name}"
)
_CONTAINER: Final = _ACCOUNT + "/blobServices/default/containers/{container}"


def prepared(options: Mapping[str, str], strategy: str) -> Prepared | None:
    """Return the role assignments of the identity; None where an account key signs."""
    if strategy != OAUTH and signer_of(options) == ACCOUNT_KEY:
        return None
    account = account_of(options)
    container = _CONTAINER.format(name=account.name, container=account.container)
    data = "Reader" if flag(options, "adls.oauth-read-only") else "Contributor"
    wanted = {f"Storage Blob Data {data}": container}
    if strategy != OAUTH:
        wanted["Storage Blob Delegator"] = _ACCOUNT.format(name=account.name)
    assignee = options.get("adls.client-id") or "<client id of the identity>"
    rows = [{"role": role, "scope": scope} for role, scope in wanted.items()]
    return Prepared(
        external_id="",
        documents={
            "role-assignments": rows,
            "az": [
                f'az role assignment create --assignee {assignee} --role "{row["role"]}" '
                f'--scope "{row["scope"]}"'
                for row in rows
            ],
        },
    )
