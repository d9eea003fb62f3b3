"""Fixtures: an OpenID provider on this machine, and an application that is configured for it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pangolin_oidc.options import Options
from pangolin_oidc.provider import OidcProvider
from pangolin_oidc.reading import read

from pangolin.app import build_server
from pangolin.interfaces.authentication import AuthRequest, Principal
from pangolin.services.context.runtime import Runtime
from pangolin.services.login.plugin_services import PluginServices
from pangolin.services.operations.bootstrap import initialise
from pangolin.settings import Settings
from pangolin.web.context import Server
from tests.servers.issuer import CLIENT, Issuer, issuing


@dataclass
class Time:
    """A clock that a test moves."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass(frozen=True)
class World:
    """An application with one provider, whose clock for what it fetched the test moves."""

    server: Server
    options: Options
    time: Time

    @property
    def runtime(self) -> Runtime:
        """The parts behind the application."""
        return self.server.runtime

    def present(self, token: str) -> Principal | None:
        """Authenticate a bearer token."""
        asked = AuthRequest(f"Bearer {token}", None, "127.0.0.1", True)
        return self.server.registry.authenticate(asked, PluginServices(self.runtime))


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """A provider."""
    with issuing() as made:
        yield made


def table(issuer: Issuer, more: str = "") -> str:
    """Write the table of a provider that makes users."""
    return f"""
[[provider]]
name = "corp"
issuer = "{issuer.url}"
allow_http = true
client_id = "{CLIENT}"
tenant = "default"
create_users = true
{more}
"""


@pytest.fixture
def more() -> str:
    """Further lines of the provider's table."""
    return ""


@pytest.fixture
def world(issuer: Issuer, more: str, tmp_path: Path) -> World:
    """An application that accepts tokens of the provider."""
    path = tmp_path / "providers.toml"
    path.write_text(table(issuer, more))
    server = build_server(Settings(store_url="memory:", root_password="x" * 12))
    initialise(server.runtime)
    options, time = read(path)[0], Time()
    provider = OidcProvider(options, clock=time)
    return World(
        Server(server.registry, replace(server.runtime, providers=(provider,))), options, time
    )
