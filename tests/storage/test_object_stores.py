import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pangolin.default_plugins.local_files import pangolin_object_stores
from pangolin.errors import BadRequest, UnknownPlugin
from pangolin.interfaces.object_storage import ObjectBackend, Option, Warehouse
from pangolin.services.context.runtime import Runtime
from pangolin.services.storage.object_stores import OBJECTS, Objects
from pangolin.settings import Settings
from tests.forks import holds_in_child

FILES = pangolin_object_stores()[0]
VAULT = ObjectBackend(
    type="vault",
    schemes=("vault", "vlt"),
    options=(
        Option("vault.bucket", "name of the bucket", aliases=("bucket",), required=True),
        Option("vault.key", "key", aliases=("key", "secret_key"), secret=True),
        Option("vault.region", "region", aliases=("region",)),
    ),
    root=lambda config, settings: f"vault://{config['vault.bucket']}",
    open=FILES.open,
)


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects([FILES, VAULT], Settings(file_roots=(str(tmp_path),)), capacity=3)


def a_warehouse(tmp_path: Path, name: str = "w1", version: int = 1) -> Warehouse:
    config = {"type": "file", "file.root": str(tmp_path / name)}
    return Warehouse("t", name, name, version, config)


def test_backends_are_found_by_type_and_by_any_scheme(objects: Objects) -> None:
    assert objects.backend_for_type("File") is FILES
    assert objects.backend_for_scheme("VLT") is VAULT


def test_an_unknown_type_or_scheme_lists_the_installed(objects: Objects) -> None:
    with pytest.raises(UnknownPlugin, match="'gcs'; installed: file, vault"):
        objects.backend_for_type("gcs")
    with pytest.raises(UnknownPlugin, match="'gs://'; installed: file, vault, vlt"):
        objects.backend_for_scheme("gs")


def test_every_spelling_becomes_canonical(objects: Objects) -> None:
    config = {"type": "VAULT", "bucket": "b", "secret_key": "k", "vault.region": None}
    assert objects.normalise_config(config) == {
        "type": "vault",
        "vault.bucket": "b",
        "vault.key": "k",
    }


def test_normalising_twice_changes_nothing(objects: Objects) -> None:
    once = objects.normalise_config({"type": "vault", "bucket": "b", "key": "k"})
    assert objects.normalise_config(once) == once


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({"vault.bucket": "b", "region": "r"}, "vault"),
        ({"bucket": "b"}, "vault"),
        ({"root": "/x"}, "file"),
    ],
)
def test_the_type_is_inferred_when_only_one_fits(
    objects: Objects, config: dict[str, str | None], kind: str
) -> None:
    assert objects.normalise_config(config)["type"] == kind


@pytest.mark.parametrize(
    "config", [{}, {"nonsense": "x"}, {"vault.bucket": "b", "file.root": "/x"}]
)
def test_a_type_that_cannot_be_inferred_is_required(
    objects: Objects, config: dict[str, str | None]
) -> None:
    with pytest.raises(BadRequest, match=r"storage_config\.type is required: one of file, vault"):
        objects.normalise_config(config)


def test_two_spellings_may_agree_but_not_differ(objects: Objects) -> None:
    agreeing: dict[str, str | None] = {"vault.bucket": "b", "bucket": "b"}
    assert objects.normalise_config(agreeing)["vault.bucket"] == "b"
    with pytest.raises(
        BadRequest, match=r"storage_config\.key and storage_config\.secret_key"
    ) as bad:
        objects.normalise_config({"vault.bucket": "b", "key": "one-secret", "secret_key": "two"})
    assert "one-secret" not in bad.value.message


def test_an_unknown_key_is_named_with_the_nearest_known_one(objects: Objects) -> None:
    with pytest.raises(BadRequest, match=r"vault\.regoin .* did you mean vault\.region\?"):
        objects.normalise_config({"type": "vault", "bucket": "b", "vault.regoin": "x"})
    with pytest.raises(
        BadRequest, match=r"zzzz .* known: vault\.bucket, vault\.key, vault\.region"
    ):
        objects.normalise_config({"type": "vault", "bucket": "b", "zzzz": "x"})


def test_a_required_option_is_demanded(objects: Objects) -> None:
    with pytest.raises(BadRequest, match=r"storage_config\.vault\.bucket is required"):
        objects.normalise_config({"type": "vault", "bucket": ""})


def test_a_mask_is_not_taken_for_a_secret(objects: Objects) -> None:
    with pytest.raises(BadRequest, match=r"storage_config\.vault\.key is masked"):
        objects.normalise_config({"type": "vault", "bucket": "b", "key": "***cret"})


def test_secrets_are_masked_but_for_their_end(objects: Objects) -> None:
    config = {"type": "vault", "vault.bucket": "b", "vault.key": "0123456789ab"}
    assert objects.masked(config) == {**config, "vault.key": "***89ab"}
    assert objects.masked({**config, "vault.key": "0123456789a"})["vault.key"] == "***"


def test_all_values_are_masked_when_the_plugin_is_gone(objects: Objects) -> None:
    config = {"type": "gone", "gone.key": "0123456789ab", "gone.bucket": "b"}
    assert objects.masked(config) == {"type": "gone", "gone.key": "***89ab", "gone.bucket": "***"}


def test_the_root_is_the_backends(objects: Objects, tmp_path: Path) -> None:
    assert objects.root({"type": "file", "file.root": f"{tmp_path}/a/"}) == f"file://{tmp_path}/a"
    assert objects.root({"type": "vault", "vault.bucket": "b"}) == "vault://b"


def test_a_store_is_opened_once_for_each_version(objects: Objects, tmp_path: Path) -> None:
    first = objects.open(a_warehouse(tmp_path))
    assert objects.open(a_warehouse(tmp_path)) is first
    assert objects.open(a_warehouse(tmp_path, version=2)) is not first


def test_the_least_recently_used_store_is_forgotten(objects: Objects, tmp_path: Path) -> None:
    stores = {name: objects.open(a_warehouse(tmp_path, name)) for name in "abc"}
    objects.open(a_warehouse(tmp_path, "a"))
    objects.open(a_warehouse(tmp_path, "d"))
    assert objects.open(a_warehouse(tmp_path, "a")) is stores["a"]
    assert objects.open(a_warehouse(tmp_path, "b")) is not stores["b"]


def test_threads_share_one_store(objects: Objects, tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def opened(_: int) -> int:
        start.wait(10)
        return id(objects.open(a_warehouse(tmp_path)))

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(opened, range(8)))) == 1


def test_a_forked_process_opens_its_own_stores(runtime: Runtime, tmp_path: Path) -> None:
    mine = runtime.part(OBJECTS).open(a_warehouse(tmp_path))
    assert runtime.part(OBJECTS).open(a_warehouse(tmp_path)) is mine
    assert holds_in_child(lambda: runtime.part(OBJECTS).open(a_warehouse(tmp_path)) is not mine)
