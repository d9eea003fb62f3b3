"""The example plugins of the documentation keep their promises."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import flat_store
import pytest
import whoami

from pangolin.app import create_app
from pangolin.plugin import Settings, Store
from pangolin.services.operations.bootstrap import initialise
from pangolin.testing import ProcessContract, StoreContract
from tests.conftest import ROOT_PASSWORD
from tests.headers import basic
from tests.servers.keys import SECRET_KEYS

EXAMPLES = Path(flat_store.__file__).parent


class TestFlatStore(StoreContract):
    """The one-file store passes the published contract."""

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Callable[[], Store]:
        """Open a store on a file of the test's own."""
        return partial(flat_store.open_flat, f"flat://{tmp_path}/records", Settings())


class TestFlatStoreProcesses(ProcessContract):
    """Processes may share the file."""

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Callable[[], Store]:
        """Open a store on a file of the test's own."""
        return partial(flat_store.open_flat, f"flat://{tmp_path}/new/records", Settings())


def test_each_example_is_one_short_file() -> None:
    for path in EXAMPLES.glob("*.py"):
        assert len(path.read_text().splitlines()) < 300


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_imports_only_what_plugins_may(path: Path) -> None:
    lines = path.read_text().splitlines()
    ours = {line.split()[1] for line in lines if line.startswith(("import pang", "from pang"))}
    assert ours == {"pangolin.plugin"}


def test_a_server_runs_on_the_example_store(tmp_path: Path) -> None:
    settings = Settings(
        store_url=f"flat://{tmp_path}/records",
        root_password=ROOT_PASSWORD,
        secret_keys=SECRET_KEYS,
    )
    app = create_app(settings, plugins=[flat_store])
    initialise(app.extensions["pangolin"].runtime)
    headers = {"Authorization": basic("root", ROOT_PASSWORD)}
    assert app.test_client().get("/api/v1/users/me", headers=headers).status_code == 200


def test_the_example_blueprint_is_mounted_authenticated_and_documented(
    settings: Settings,
) -> None:
    app = create_app(settings, plugins=[whoami])
    initialise(app.extensions["pangolin"].runtime)
    client, path = app.test_client(), "/api/v1/x/whoami/me"
    headers = {"Authorization": basic("root", ROOT_PASSWORD)}
    assert client.get(path).status_code == 401
    assert client.get(path, headers=headers).get_json()["text"] == "Hello, root"
    bad = client.get(f"{path}?greeting=a+b", headers=headers)
    assert (bad.status_code, bad.get_json()["error"]["message"]) == (
        400,
        "greeting must be one word",
    )
    assert path in client.get("/api/v1/openapi.json").get_json()["paths"]


def test_two_applications_may_mount_one_blueprint(settings: Settings) -> None:
    for _ in range(2):
        app = create_app(settings, plugins=[whoami])
        assert app.test_client().get("/api/v1/x/whoami/me").status_code == 401
