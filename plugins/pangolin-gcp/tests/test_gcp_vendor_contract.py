"""The published contract of credential vendors, before a gate that enforces boundaries by CEL."""

from collections.abc import Callable

import pytest
from pangolin_gcp.sources import Sources, Token
from pangolin_gcp.store import GcsOpener, opened
from pangolin_gcp.vendor import GcpVendor

from pangolin.plugin import CredentialVendor, ObjectStore, Settings, Vended, Warehouse
from pangolin.testing import VendorContract
from tests.servers.gcp import BUCKET

from .conftest import LOCAL, Cloud


class TestGcpVendor(VendorContract):
    required = ("gcs.bucket",)
    secret_options = ("gcs.service-account-key",)
    secret_properties = ("gcs.oauth2.token",)

    @pytest.fixture
    def settings(self) -> Settings:
        return LOCAL

    @pytest.fixture
    def vendor(self, cloud: Cloud, settings: Settings) -> CredentialVendor:
        return GcpVendor(settings, cloud.transport)

    @pytest.fixture
    def warehouse(self, cloud: Cloud) -> Warehouse:
        return Warehouse("t", "id", "w", 1, cloud.options(prefix="lake"), True, None)

    @pytest.fixture
    def bucket(self) -> str:
        return f"gs://{BUCKET}"

    @pytest.fixture
    def root(self, bucket: str) -> str:
        return f"{bucket}/lake"

    @pytest.fixture
    def owner(self, cloud: Cloud, settings: Settings) -> ObjectStore:
        whole = Warehouse("t", "id", "w", 1, cloud.options())
        return GcsOpener(Sources(cloud.transport)).open(whole, settings)

    @pytest.fixture
    def open_for(self, cloud: Cloud, settings: Settings) -> Callable[[Vended], ObjectStore]:
        whole = cloud.options(service_account_key="")

        def open_with(vended: Vended) -> ObjectStore:
            token = Token(vended.config["gcs.oauth2.token"], vended.expires_at_ms / 1000)
            return opened(whole, settings, lambda: token)

        return open_with
