"""Fixtures: a provider, and two servers that share one store and know it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from pangolin.app import create_app
from pangolin.services.operations.bootstrap import initialise
from pangolin.settings import Settings
from tests.login.oidc.world import Browser, runtime_of, settings_for
from tests.servers.issuer import Issuer, issuing


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """A provider; who signs in has a verified address."""
    with issuing() as made:
        made.person |= {"email": "ann@example.org", "email_verified": True}
        made.person |= {"preferred_username": "ann"}
        yield made


@pytest.fixture
def more() -> str:
    """Further lines of the provider's table."""
    return "create_users = true"


@pytest.fixture
def settings(tmp_path: Path, issuer: Issuer, more: str) -> Settings:
    """Settings that both servers have."""
    return settings_for(tmp_path, issuer, more)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The first server."""
    made = create_app(settings)
    initialise(runtime_of(made))
    yield made
    runtime_of(made).store.close()


@pytest.fixture
def second(app: Flask, settings: Settings) -> Iterator[Flask]:
    """The second server, on the same store."""
    made = create_app(settings)
    yield made
    runtime_of(made).store.close()


@pytest.fixture
def browser(app: Flask) -> Browser:
    """A browser at the first server."""
    return Browser(app.test_client())
