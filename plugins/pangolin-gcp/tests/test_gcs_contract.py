import socket
import time
from uuid import uuid4

import pytest
from pangolin_gcp import pangolin_object_stores
from pangolin_gcp.sources import Sources
from pangolin_gcp.store import GcsOpener

from pangolin.interfaces.object_storage import Warehouse
from pangolin.plugin import BadRequest, Forbidden, Unavailable
from pangolin.settings import Settings
from pangolin.testing.object_contract import ObjectStoreContract
from pangolin.toolkit.buckets import BucketObjects
from tests.servers.gcp import BUCKET, said
from tests.servers.seaweed import free_ports

from .conftest import Cloud


def opened(cloud: Cloud, timeout: float = 20.0, **more: str) -> BucketObjects:
    settings = Settings(request_timeout=timeout, endpoint_networks=("loopback",))
    warehouse = Warehouse("t", "id", "w", 1, cloud.options(**more))
    return GcsOpener(Sources(cloud.transport)).open(warehouse, settings)


class TestGcsObjects(ObjectStoreContract):
    @pytest.fixture
    def prefix(self) -> str:
        return f"lake/{uuid4().hex}"

    @pytest.fixture
    def root(self, prefix: str) -> str:
        return f"gs://{BUCKET}/{prefix}"

    @pytest.fixture
    def object_store(self, cloud: Cloud, prefix: str) -> BucketObjects:
        return opened(cloud, prefix=prefix)

    @pytest.fixture
    def respelled(self, root: str) -> tuple[str, ...]:
        return (root.replace("gs:", "gcs:"), root.replace("gs:", "GS:"))

    @pytest.fixture
    def outside(self, root: str) -> tuple[str, ...]:
        return (f"{root}2/x", f"gs://{BUCKET}/x", f"gs://other{root[5:]}/x", "s3://b/x", "x")


def test_a_warehouse_may_be_a_whole_bucket(cloud: Cloud) -> None:
    store = opened(cloud)
    location = f"gs://{BUCKET}/{uuid4().hex}/a"
    store.put(location, b"x")
    assert location in {info.location for info in store.list(f"gs://{BUCKET}")}
    with pytest.raises(Forbidden, match="is a bucket"):
        store.get(f"gs://{BUCKET}/")


def test_variables_of_the_environment_do_not_mix_with_the_warehouses_key(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_BEARER_TOKEN", "someone-elses")
    monkeypatch.setenv("GOOGLE_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("GOOGLE_BASE_URL", "https://elsewhere.invalid")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/does/not/exist")
    opened(cloud).check()


def test_one_token_serves_many_calls(cloud: Cloud) -> None:
    store = opened(cloud)
    for _ in range(3):
        store.check()
    assert cloud.gate.asked == ["token"]


def test_a_key_that_google_refuses_is_forbidden(cloud: Cloud) -> None:
    cloud.gate.refusal = said(400, {"error": "invalid_grant", "error_description": "no account"})
    with pytest.raises(Forbidden, match="invalid_grant"):
        opened(cloud).check()


def test_a_token_service_that_is_away_is_unavailable(cloud: Cloud) -> None:
    (port,) = free_ports(1)
    store = opened(Cloud(port, cloud.gate), timeout=2.0)
    with pytest.raises(Unavailable, match="no connection"):
        store.check()


def test_another_bucket_than_the_identitys_is_forbidden(cloud: Cloud) -> None:
    store = opened(cloud, bucket="no-such-bucket")
    with pytest.raises(Forbidden):
        store.get("gs://no-such-bucket/a")


def test_a_server_that_never_answers_is_unavailable_within_the_time_allowed(cloud: Cloud) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(Unavailable, match="time-out"):
            opened(cloud, timeout=2.0, endpoint=endpoint).check()
    assert time.monotonic() - started < 4


def test_the_servers_own_identity_is_for_the_operator_to_lend(cloud: Cloud) -> None:
    with pytest.raises(BadRequest, match="PANGOLIN_SERVER_IDENTITY"):
        opened(cloud, service_account_key="")


def test_the_plugin_registers_the_gcs_type() -> None:
    (backend,) = pangolin_object_stores()
    assert (backend.type, backend.schemes) == ("gcs", ("gs", "gcs"))
    secret = {option.name for option in backend.options if option.secret}
    assert secret == {"gcs.service-account-key"}
