from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from azure.storage.blob import BlobServiceClient

from pangolin.plugin import Settings
from tests.servers.adls import Adls
from tests.servers.azurite import ACCOUNT, ACCOUNT_KEY, Azurite, azurite
from tests.servers.certificates import Certificate, certify
from tests.servers.entra import CLIENT, SECRET, TENANT, Entra
from tests.servers.front import Upstream, fronting
from tests.servers.loopback import serving

CONTAINER = "warehouse"
LOCAL = Settings(endpoint_networks=("loopback",))


@dataclass(frozen=True, slots=True)
class Lake:
    """An account with a hierarchical namespace: the address of its blob service, and its gate."""

    endpoint: str
    gate: Adls

    def options(self, **more: str) -> dict[str, str]:
        """Options of a warehouse in it, with the application's secret."""
        given = {f"adls.{name.replace('_', '-')}": value for name, value in more.items()}
        return {
            "type": "azure",
            "adls.account-name": ACCOUNT,
            "adls.container": CONTAINER,
            "adls.endpoint": self.endpoint,
            "adls.tenant-id": TENANT,
            "adls.client-id": CLIENT,
            "adls.client-secret": SECRET,
        } | given


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certificate]:
    """A certificate of this host, which clients of this process trust."""
    made = certify(tmp_path_factory.mktemp("certificate"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made.environ().items():
            patch.setenv(name, value)
        yield made


@pytest.fixture(scope="session")
def emulator(
    certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Azurite]:
    """Azurite with a container."""
    with azurite(certificate, tmp_path_factory.mktemp("azurite")) as running:
        key = {"account_name": ACCOUNT, "account_key": ACCOUNT_KEY}
        with BlobServiceClient(running.endpoint, key) as client:
            client.create_container(CONTAINER)
        yield running


@pytest.fixture
def entra(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Entra]:
    """An authority of its own, which the server is told to ask."""
    made = Entra()
    with serving(made, certificate.server_context()):
        monkeypatch.setenv("AZURE_AUTHORITY_HOST", made.url)
        yield made


@pytest.fixture
def lake(emulator: Azurite, certificate: Certificate, entra: Entra) -> Iterator[Lake]:
    """Azurite behind a gate that knows directories; needs the authority."""
    gate = Adls()
    upstream = Upstream(emulator.port, certificate.client_context())
    with fronting(gate, upstream, certificate.server_context()) as port:
        yield Lake(f"https://127.0.0.1:{port}/{ACCOUNT}", gate)
