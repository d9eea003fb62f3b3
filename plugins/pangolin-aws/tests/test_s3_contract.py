import os
import socket
import time
from uuid import uuid4

import pytest
from pangolin_aws import pangolin_object_stores
from pangolin_aws.store import open_store

from pangolin.interfaces.object_storage import Warehouse
from pangolin.plugin import BadRequest, BucketObjects, Forbidden, Unavailable
from pangolin.settings import Settings
from pangolin.testing.object_contract import ObjectStoreContract
from tests.servers.seaweed import Seaweed, free_ports


def config_of(seaweed: Seaweed, prefix: str = "", **more: str) -> dict[str, str]:
    given = {name.replace("_", "-"): value for name, value in more.items()}
    return {
        "type": "s3",
        "s3.bucket": seaweed.bucket,
        "s3.prefix": prefix,
        "s3.endpoint": seaweed.endpoint,
        "s3.region": "us-east-1",
        "s3.access-key-id": seaweed.access_key,
        "s3.secret-access-key": seaweed.secret_key,
    } | {f"s3.{name}": value for name, value in given.items()}


def opened(config: dict[str, str], timeout: float = 20.0) -> BucketObjects:
    return open_store(Warehouse("t", "id", "w", 1, config), Settings(request_timeout=timeout))


class TestS3Objects(ObjectStoreContract):
    @pytest.fixture
    def prefix(self) -> str:
        return f"warehouse/{uuid4().hex}"

    @pytest.fixture
    def root(self, seaweed: Seaweed, prefix: str) -> str:
        return f"s3://{seaweed.bucket}/{prefix}"

    @pytest.fixture
    def object_store(self, seaweed: Seaweed, prefix: str) -> BucketObjects:
        return opened(config_of(seaweed, prefix))

    @pytest.fixture
    def respelled(self, root: str) -> tuple[str, ...]:
        return (root.replace("s3:", "s3a:"), root.replace("s3:", "S3N:"))

    @pytest.fixture
    def outside(self, root: str, seaweed: Seaweed) -> tuple[str, ...]:
        return (
            f"{root}2/x",
            f"s3://{seaweed.bucket}/x",
            f"s3://other{root[5:]}/x",
            "gs://b/x",
            "x",
        )


def test_a_warehouse_may_be_a_whole_bucket(seaweed: Seaweed) -> None:
    store = opened(config_of(seaweed))
    location = f"s3://{seaweed.bucket}/{uuid4().hex}/a"
    store.put(location, b"x")
    assert location in {info.location for info in store.list(f"s3://{seaweed.bucket}")}
    with pytest.raises(Forbidden, match="is a bucket"):
        store.get(f"s3://{seaweed.bucket}/")


def test_variables_of_the_environment_do_not_mix_with_a_static_key(
    seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "someone-elses")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone-elses")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "someone-elses")
    opened(config_of(seaweed)).check()


def test_the_environments_key_is_used_when_the_warehouse_has_none(
    seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", seaweed.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", seaweed.secret_key)
    opened(config_of(seaweed, access_key_id="", secret_access_key="")).check()


def test_an_environment_without_credentials_is_named(
    seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    (port,) = free_ports(1)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", f"http://127.0.0.1:{port}")
    store = opened(config_of(seaweed, access_key_id="", secret_access_key=""), timeout=2.0)
    with pytest.raises(Unavailable, match="no credentials in the environment"):
        store.check()


def test_a_wrong_secret_is_forbidden_and_not_told(seaweed: Seaweed) -> None:
    store = opened(config_of(seaweed, secret_access_key="wrong-secret-word"))
    with pytest.raises(Forbidden, match="SignatureDoesNotMatch") as raised:
        store.check()
    assert "wrong-secret-word" not in raised.value.message
    assert seaweed.access_key not in raised.value.message


def test_a_missing_bucket_is_not_taken_for_a_missing_object(seaweed: Seaweed) -> None:
    store = opened(config_of(seaweed, bucket="no-such-bucket"))
    location = "s3://no-such-bucket/a"
    with pytest.raises(Unavailable, match="does not exist"):
        store.get(location)
    with pytest.raises(Unavailable, match="does not exist"):
        store.delete([location])
    with pytest.raises(Unavailable, match="does not exist"):
        store.check()


def test_a_server_that_is_away_is_unavailable_within_the_time_allowed(seaweed: Seaweed) -> None:
    (port,) = free_ports(1)
    store = opened(config_of(seaweed, endpoint=f"http://127.0.0.1:{port}"), timeout=2.0)
    started = time.monotonic()
    with pytest.raises(Unavailable, match="no connection"):
        store.get(f"s3://{seaweed.bucket}/a")
    assert time.monotonic() - started < 4


def test_a_server_that_never_answers_is_unavailable_within_the_time_allowed(
    seaweed: Seaweed,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        store = opened(config_of(seaweed, endpoint=endpoint), timeout=2.0)
        started = time.monotonic()
        with pytest.raises(Unavailable, match="time-out"):
            store.put(f"s3://{seaweed.bucket}/metadata/a", b"x")
    assert time.monotonic() - started < 4


def test_a_child_of_a_process_that_used_s3_is_told_so(seaweed: Seaweed) -> None:
    store = opened(config_of(seaweed))
    store.check()
    child = os.fork()
    if child == 0:
        try:
            store.check()
        except Unavailable:
            os._exit(17)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 17


def test_a_bad_option_is_refused_when_a_store_is_opened(seaweed: Seaweed) -> None:
    with pytest.raises(BadRequest, match=r"s3\.region"):
        opened(config_of(seaweed, region="EU West"))


def test_the_plugin_registers_the_s3_type() -> None:
    (backend,) = pangolin_object_stores()
    assert (backend.type, backend.schemes) == ("s3", ("s3", "s3a", "s3n"))
    assert {option.name for option in backend.options if option.secret} == {
        "s3.external-id",
        "s3.secret-access-key",
        "s3.session-token",
    }
