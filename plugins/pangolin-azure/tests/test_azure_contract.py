import socket
import time
from uuid import uuid4

import pytest
from pangolin_azure import pangolin_object_stores
from pangolin_azure.store import open_store

from pangolin.interfaces.object_storage import Warehouse
from pangolin.plugin import BadRequest, Forbidden, Unavailable
from pangolin.settings import Settings
from pangolin.testing.object_contract import ObjectStoreContract
from pangolin.toolkit.buckets import BucketObjects
from tests.servers.azurite import ACCOUNT, ACCOUNT_KEY, Azurite
from tests.servers.entra import Entra, refused
from tests.servers.seaweed import free_ports

from .conftest import CONTAINER, Lake

pytestmark = pytest.mark.integration
HOST = f"{ACCOUNT}.dfs.core.windows.net"


def config_of(emulator: Azurite, **more: str) -> dict[str, str]:
    given = {f"adls.{name.replace('_', '-')}": value for name, value in more.items()}
    return {
        "type": "azure",
        "adls.account-name": ACCOUNT,
        "adls.container": CONTAINER,
        "adls.endpoint": emulator.endpoint,
        "adls.account-key": ACCOUNT_KEY,
    } | given


def opened(config: dict[str, str], timeout: float = 20.0) -> BucketObjects:
    warehouse = Warehouse("t", "id", "w", 1, config)
    return open_store(warehouse, Settings(request_timeout=timeout, endpoint_networks=("loopback",)))


class TestAzureObjects(ObjectStoreContract):
    @pytest.fixture
    def prefix(self) -> str:
        return f"lake/{uuid4().hex}"

    @pytest.fixture
    def root(self, prefix: str) -> str:
        return f"abfss://{CONTAINER}@{HOST}/{prefix}"

    @pytest.fixture
    def object_store(self, emulator: Azurite, prefix: str) -> BucketObjects:
        return opened(config_of(emulator, prefix=prefix))

    @pytest.fixture
    def respelled(self, root: str) -> tuple[str, ...]:
        blob = root.replace(".dfs.", ".blob.").removeprefix("abfss")
        return (root.replace("abfss:", "abfs:"), f"wasbs{blob}", f"WASB{blob}")

    @pytest.fixture
    def outside(self, root: str) -> tuple[str, ...]:
        return (
            f"{root}2/x",
            f"abfss://{CONTAINER}@{HOST}/x",
            root.replace(CONTAINER, "other") + "/x",
            root.replace(ACCOUNT, "otheraccount") + "/x",
            "gs://b/x",
            "x",
        )


def test_a_warehouse_may_be_a_whole_container(emulator: Azurite) -> None:
    store = opened(config_of(emulator))
    location = f"abfss://{CONTAINER}@{HOST}/{uuid4().hex}/a"
    store.put(location, b"x")
    assert location in {info.location for info in store.list(f"abfss://{CONTAINER}@{HOST}")}
    with pytest.raises(Forbidden, match="is a bucket"):
        store.get(f"abfss://{CONTAINER}@{HOST}/")


def test_variables_of_the_environment_do_not_mix_with_the_warehouses_key(
    emulator: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_SAS_KEY", "sig=someone-elses")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "c29tZW9uZS1lbHNlcw==")
    monkeypatch.setenv("AZURE_STORAGE_TOKEN", "someone-elses")
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", "https://elsewhere.invalid")
    opened(config_of(emulator)).check()


def test_an_application_reads_and_writes_with_tokens(lake: Lake, entra: Entra) -> None:
    store = opened(lake.options())
    location = f"abfss://{CONTAINER}@{HOST}/{uuid4().hex}"
    store.put(location, b"x")
    assert store.get(location) == b"x"
    assert len(entra.forms) == 1


def test_a_wrong_secret_is_forbidden_and_not_told(lake: Lake) -> None:
    store = opened(lake.options(client_secret="wrong-secret-word"))
    with pytest.raises(Forbidden, match="AADSTS7000215") as raised:
        store.check()
    assert "wrong-secret-word" not in str(raised.value)


def test_an_authority_that_is_overloaded_is_unavailable(lake: Lake, entra: Entra) -> None:
    entra.refusal = refused("AADSTS90033: A transient error has occurred.", 400)
    with pytest.raises(Unavailable, match="AADSTS90033"):
        opened(lake.options(), timeout=4.0).check()


def test_a_wrong_key_is_forbidden_and_not_told(emulator: Azurite) -> None:
    store = opened(config_of(emulator, account_key="d3Jvbmcta2V5"))
    with pytest.raises(Forbidden, match="InvalidAuthenticationInfo") as raised:
        store.check()
    assert "d3Jvbmcta2V5" not in raised.value.message


def test_a_missing_container_is_not_taken_for_a_missing_object(emulator: Azurite) -> None:
    store = opened(config_of(emulator, container="no-such-container"))
    location = f"abfss://no-such-container@{HOST}/a"
    with pytest.raises(Unavailable, match="does not exist"):
        store.get(location)
    with pytest.raises(Unavailable, match="does not exist"):
        store.check()


def test_a_server_that_is_away_is_unavailable_within_the_time_allowed(emulator: Azurite) -> None:
    (port,) = free_ports(1)
    endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
    started = time.monotonic()
    with pytest.raises(Unavailable, match="no connection"):
        opened(config_of(emulator, endpoint=endpoint), timeout=2.0).check()
    assert time.monotonic() - started < 4


def test_a_server_that_never_answers_is_unavailable_within_the_time_allowed(
    emulator: Azurite,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}/{ACCOUNT}"
        started = time.monotonic()
        with pytest.raises(Unavailable, match="time-out"):
            opened(config_of(emulator, endpoint=endpoint), timeout=2.0).check()
    assert time.monotonic() - started < 4


def test_the_servers_own_identity_is_for_the_operator_to_lend(emulator: Azurite) -> None:
    config = config_of(emulator, identity="managed-identity")
    with pytest.raises(BadRequest, match="PANGOLIN_SERVER_IDENTITY"):
        opened(config)


def test_the_plugin_registers_the_azure_type() -> None:
    (backend,) = pangolin_object_stores()
    assert (backend.type, backend.schemes[0]) == ("azure", "abfss")
    assert {option.name for option in backend.options if option.secret} == {
        "adls.client-secret",
        "adls.client-certificate",
        "adls.client-assertion",
        "adls.account-key",
    }
