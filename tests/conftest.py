"""Fixtures that every suite may use: an application in memory with one root user."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pangolin.app import create_app
from pangolin.services.context.context import Context, system_context
from pangolin.services.context.runtime import Runtime
from pangolin.services.operations.bootstrap import initialise
from pangolin.settings import Settings
from tests.hashing import cheap
from tests.headers import basic

ROOT_PASSWORD = "correct horse"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Records in memory, files below the test's own directory."""
    fixed = Settings(
        data_dir=str(tmp_path / "data"),
        store_url="memory:",
        file_roots=(str(tmp_path),),
        root_password=ROOT_PASSWORD,
        # Most suites name buckets that are nowhere.
        warehouse_checks="off",
    )
    return cheap(fixed)


@pytest.fixture
def app(settings: Settings) -> Flask:
    """An initialised application."""
    made = create_app(settings)
    initialise(made.extensions["pangolin"].runtime)
    return made


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    """The parts behind the application."""
    found: Runtime = app.extensions["pangolin"].runtime
    return found


@pytest.fixture
def ctx(runtime: Runtime) -> Context:
    """Root's view of the default tenant."""
    return system_context(runtime)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that authenticates as root."""
    made = app.test_client()
    made.environ_base["HTTP_AUTHORIZATION"] = basic("root", ROOT_PASSWORD)
    return made
