import os
import resource
from pathlib import Path

import pytest

from pangolin.default_plugins import local_files
from pangolin.default_plugins.local_files import LocalFiles, open_store, root_of
from pangolin.errors import BadRequest, Forbidden, Unavailable
from pangolin.interfaces.object_storage import Warehouse
from pangolin.settings import Settings
from pangolin.testing.object_contract import ObjectStoreContract


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(file_roots=(str(tmp_path / "allowed"),))


@pytest.fixture
def root(tmp_path: Path) -> str:
    return f"file://{tmp_path}/allowed/warehouse"


@pytest.fixture
def directory(root: str) -> Path:
    path = Path(root.removeprefix("file://"))
    path.mkdir(parents=True)
    return path


@pytest.fixture
def object_store(root: str, settings: Settings) -> LocalFiles:
    return open_store(Warehouse("t", "id", "w", 1, {"file.root": root}), settings)


class TestLocalFiles(ObjectStoreContract):
    @pytest.fixture
    def root(self, root: str) -> str:
        return root

    @pytest.fixture
    def object_store(self, object_store: LocalFiles) -> LocalFiles:
        return object_store

    @pytest.fixture
    def respelled(self, root: str) -> tuple[str, ...]:
        path = root.removeprefix("file:///")
        return (f"file:/{path}", f"FILE://localhost/{path}")

    @pytest.fixture
    def outside(self, root: str) -> tuple[str, ...]:
        return (f"{root}2/x", "file:///etc/passwd", root.replace("file", "s3"), "/etc/passwd")


@pytest.mark.parametrize("inside", ["", "/", "/deep/er"])
def test_a_root_below_an_allowed_directory_is_accepted(
    tmp_path: Path, settings: Settings, inside: str
) -> None:
    expected = f"file://{tmp_path}/allowed{inside.rstrip('/')}"
    assert root_of({"file.root": f"{tmp_path}/allowed{inside}"}, settings) == expected
    assert root_of({"file.root": f"file:{tmp_path}/allowed{inside}"}, settings) == expected


@pytest.mark.parametrize(
    "text", ["", "relative/dir", "s3://bucket/a", "/etc", "/", "{}2", "{}/../x"]
)
def test_a_root_elsewhere_is_refused(tmp_path: Path, settings: Settings, text: str) -> None:
    with pytest.raises(BadRequest, match=r"file\.root"):
        root_of({"file.root": text.format(tmp_path / "allowed")}, settings)


def test_the_refusal_names_the_setting_and_what_it_lists(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"PANGOLIN_FILE_ROOTS lists, which is now: no directory"):
        root_of({"file.root": str(tmp_path)}, Settings())
    with pytest.raises(BadRequest, match=r"which is now: /data, /lake"):
        root_of({"file.root": str(tmp_path)}, Settings(file_roots=("/data", "/lake")))


def test_a_root_that_is_a_link_out_of_the_allowed_directory_is_refused(
    tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed" / "link").symlink_to("/etc")
    with pytest.raises(BadRequest, match="PANGOLIN_FILE_ROOTS"):
        root_of({"file.root": f"{tmp_path}/allowed/link"}, settings)


def test_links_out_of_the_warehouse_are_not_followed(
    object_store: LocalFiles, directory: Path, root: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "file").write_bytes(b"secret")
    (directory / "dir").symlink_to(secret)
    (directory / "file").symlink_to(secret / "file")
    for location in (f"{root}/dir/file", f"{root}/file"):
        with pytest.raises(Forbidden):
            object_store.get(location)
    for refused in (object_store.head, lambda place: object_store.put(place, b"x")):
        with pytest.raises(Forbidden):
            refused(f"{root}/dir/file")
    with pytest.raises(Forbidden):
        object_store.delete([f"{root}/dir/file"])
    assert object_store.head(f"{root}/file") is None
    assert list(object_store.list(root)) == []
    assert (secret / "file").read_bytes() == b"secret"


def test_putting_over_a_link_replaces_the_link(
    object_store: LocalFiles, directory: Path, root: str, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (directory / "file").symlink_to(tmp_path / "secret")
    object_store.put(f"{root}/file", b"mine")
    assert (tmp_path / "secret").read_bytes() == b"secret"
    assert object_store.get(f"{root}/file") == b"mine"


def test_a_link_that_leads_in_a_circle_is_forbidden(
    object_store: LocalFiles, directory: Path, root: str
) -> None:
    (directory / "circle").symlink_to(directory / "circle")
    with pytest.raises(Forbidden):
        object_store.get(f"{root}/circle/x")


def test_delete_removes_empty_directories_but_not_the_root(
    object_store: LocalFiles, directory: Path, root: str
) -> None:
    object_store.put(f"{root}/ns/t/data/a", b"x")
    object_store.put(f"{root}/ns/u", b"x")
    object_store.delete([f"{root}/ns/t/data/a"])
    assert [path.name for path in (directory / "ns").iterdir()] == ["u"]
    object_store.delete([f"{root}/ns/u"])
    assert list(directory.iterdir()) == []


def test_an_unfinished_file_is_neither_listed_nor_reachable(
    object_store: LocalFiles, directory: Path, root: str
) -> None:
    (directory / f"{local_files.TEMPORARY}1").write_bytes(b"half")
    assert list(object_store.list(root)) == []
    with pytest.raises(Forbidden, match="reserved"):
        object_store.get(f"{root}/{local_files.TEMPORARY}1")


def test_a_failed_put_leaves_nothing_behind(
    object_store: LocalFiles, directory: Path, root: str
) -> None:
    (directory / "taken").mkdir()
    with pytest.raises(Forbidden, match="taken"):
        object_store.put(f"{root}/taken", b"x")
    assert [path.name for path in directory.iterdir()] == ["taken"]


def test_a_file_in_the_way_of_a_directory_is_named(
    object_store: LocalFiles, directory: Path, root: str
) -> None:
    object_store.put(f"{root}/a", b"x")
    with pytest.raises(Forbidden, match="a/b"):
        object_store.put(f"{root}/a/b", b"x")
    assert object_store.head(f"{root}/a/b") is None


def test_a_name_too_long_for_the_file_system_is_a_bad_request(
    object_store: LocalFiles, root: str
) -> None:
    with pytest.raises(BadRequest, match="too long"):
        object_store.put(f"{root}/{'x' * 300}", b"x")


def test_files_are_readable_by_other_users_as_the_umask_allows(
    object_store: LocalFiles, directory: Path, root: str
) -> None:
    before = os.umask(0o022)
    try:
        object_store.put(f"{root}/a", b"x")
    finally:
        os.umask(before)
    assert (directory / "a").stat().st_mode & 0o777 == 0o644


def test_a_write_that_runs_out_of_room_is_unavailable_and_leaves_nothing(
    object_store: LocalFiles, directory: Path, root: str
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(Unavailable, match="too large"):
            object_store.put(f"{root}/a", bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(directory.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_directory_that_may_not_be_written_is_forbidden(
    object_store: LocalFiles, directory: Path, root: str
) -> None:
    directory.chmod(0o500)
    with pytest.raises(Forbidden, match="Permission denied"):
        object_store.put(f"{root}/a", b"x")
    with pytest.raises(Forbidden):
        object_store.check()


def test_check_refuses_a_file_in_place_of_the_root(object_store: LocalFiles, root: str) -> None:
    path = Path(root.removeprefix("file://"))
    path.parent.mkdir()
    path.write_bytes(b"")
    with pytest.raises(Unavailable, match="not a directory"):
        object_store.check()
