from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from pangolin_gcp.transport import Transport

from pangolin.plugin import Settings
from tests.servers.fake_gcs import fake_gcs
from tests.servers.front import Upstream, fronting
from tests.servers.gcp import BUCKET, Gcp, transport_to

LOCAL = Settings(endpoint_networks=("loopback",))


@dataclass(frozen=True, slots=True)
class Cloud:
    """Google Cloud as far as the plugin sees it: a port, its gate, and the way to it."""

    port: int
    gate: Gcp

    @property
    def transport(self) -> Transport:
        """What leads google-auth to it."""
        return partial(transport_to, self.port)

    def options(self, **more: str) -> dict[str, str]:
        """Options of a warehouse in it, with the service account's key."""
        given = {f"gcs.{name.replace('_', '-')}": value for name, value in more.items()}
        return {
            "type": "gcs",
            "gcs.bucket": BUCKET,
            "gcs.endpoint": f"http://127.0.0.1:{self.port}",
            "gcs.service-account-key": self.gate.service_account(),
        } | given


@pytest.fixture(scope="session")
def objects_port() -> Iterator[int]:
    """fake-gcs-server, behind the gate."""
    with fake_gcs(BUCKET, "127.0.0.1") as port:
        yield port


@pytest.fixture
def cloud(objects_port: int) -> Iterator[Cloud]:
    """A gate of its own before the common server."""
    gate = Gcp()
    with fronting(gate, Upstream(objects_port)) as port:
        yield Cloud(port, gate)


@pytest.fixture
def tokens() -> Iterator[Cloud]:
    """The token services alone; there is no storage behind them."""
    gate = Gcp()
    with fronting(gate, Upstream(9)) as port:
        yield Cloud(port, gate)
