"""The published contract of credential vendors, on Azurite behind a gate that knows directories."""

from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
from pangolin_azure.store import open_store, open_with_sas
from pangolin_azure.vendor import AzureVendor

from pangolin.plugin import CredentialVendor, ObjectStore, Settings, Vended, Warehouse
from pangolin.testing import VendorContract
from tests.servers.azurite import ACCOUNT, ACCOUNT_KEY

from .conftest import CONTAINER, LOCAL, Lake

pytestmark = pytest.mark.integration
TIMEOUT_S = 20.0


class TestDelegatedSas(VendorContract):
    required = ("adls.account-name", "adls.container", "adls.tenant-id", "adls.client-id")
    secret_options: tuple[str, ...] = ("adls.client-secret",)
    secret_properties = ("adls.sas-token",)

    @pytest.fixture
    def settings(self) -> Settings:
        return LOCAL

    @pytest.fixture
    def vendor(self, settings: Settings) -> CredentialVendor:
        return AzureVendor(settings)

    @pytest.fixture
    def warehouse(self, lake: Lake) -> Warehouse:
        return Warehouse("t", "id", "w", 1, lake.options(prefix="lake"), True, None)

    @pytest.fixture
    def bucket(self) -> str:
        return f"abfss://{CONTAINER}@{ACCOUNT}.dfs.core.windows.net"

    @pytest.fixture
    def root(self, bucket: str) -> str:
        return f"{bucket}/lake"

    @pytest.fixture
    def owner(self, lake: Lake, settings: Settings) -> ObjectStore:
        return open_store(Warehouse("t", "id", "w", 1, lake.options()), settings)

    @pytest.fixture
    def open_for(
        self, lake: Lake, settings: Settings, bucket: str
    ) -> Callable[[Vended], ObjectStore]:
        whole = lake.options(client_secret="")

        def open_with(vended: Vended) -> ObjectStore:
            sas = vended.config["adls.sas-token"]
            return open_with_sas(whole, bucket, settings, TIMEOUT_S, sas)

        return open_with

    @pytest.fixture
    def principal_in(self) -> Callable[[Vended], str]:
        # The correlation id, which Azure's logs repeat.
        return lambda vended: str(parse_qs(vended.config["adls.sas-token"]).get("scid"))


class TestAccountKeySas(TestDelegatedSas):
    required = ("adls.account-name", "adls.container", "adls.account-key")
    secret_options = ("adls.account-key",)

    @pytest.fixture
    def warehouse(self, lake: Lake) -> Warehouse:
        options = lake.options(prefix="lake", account_key=ACCOUNT_KEY, sas_signer="account-key")
        return Warehouse("t", "id", "w", 1, options, True, None)
