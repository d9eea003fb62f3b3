"""The contract of an object store: subclass it and define the two fixtures."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pangolin.errors import Forbidden
from pangolin.interfaces.object_storage import ObjectExists, ObjectMissing, ObjectStore

ODD_NAMES = (
    "a space",
    "plus+and=equals&and,comma",
    "percent%",
    "percent%20escaped",
    "day=2024%2F01%3A02",
    "Grüße-日本-🦔",
    "quotes'\"`",
    "[brackets]{braces}<angles>|^~",
    "trailing.",
    "..dots",
    "semi;colon:at@dollar$star*",
)


class ObjectStoreContract:
    """Prove an `ObjectStore`; override `object_store` and `root`, and `respelled` for aliases.

    `root` is a location inside the warehouse under which every test finds nothing; a fresh one
    for each test. Its parent need not be reachable.
    """

    @pytest.fixture
    def object_store(self) -> ObjectStore:
        """Return the store under test."""
        raise NotImplementedError("override the fixture object_store")

    @pytest.fixture
    def root(self) -> str:
        """Return an empty location inside the store's warehouse, without a trailing slash."""
        raise NotImplementedError("override the fixture root")

    @pytest.fixture
    def respelled(self, root: str) -> tuple[str, ...]:
        """Return other spellings of `root`, such as with `s3a://`."""
        return ()

    @pytest.fixture
    def outside(self, root: str) -> tuple[str, ...]:
        """Return locations outside the warehouse."""
        return ("s3://somewhere-else/x", "file:///etc/passwd", "gs://elsewhere/x", "no-location")

    def test_what_was_put_is_read_back(self, object_store: ObjectStore, root: str) -> None:
        object_store.put(f"{root}/a/b.json", b"\x00\xffdata")
        assert object_store.get(f"{root}/a/b.json") == b"\x00\xffdata"

    def test_an_empty_object_is_an_object(self, object_store: ObjectStore, root: str) -> None:
        object_store.put(f"{root}/empty", b"")
        info = object_store.head(f"{root}/empty")
        assert object_store.get(f"{root}/empty") == b""
        assert info is not None
        assert info.size == 0

    def test_put_overwrites(self, object_store: ObjectStore, root: str) -> None:
        object_store.put(f"{root}/a", b"a longer first version")
        object_store.put(f"{root}/a", b"second")
        assert object_store.get(f"{root}/a") == b"second"

    def test_five_megabytes_are_kept_whole(self, object_store: ObjectStore, root: str) -> None:
        data = bytes(range(256)) * (5 * 2**20 // 256) + b"tail"
        object_store.put(f"{root}/large", data)
        assert object_store.get(f"{root}/large") == data

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_an_odd_name_is_taken_literally(
        self, object_store: ObjectStore, root: str, name: str
    ) -> None:
        location = f"{root}/{name}/{name}"
        object_store.put(location, name.encode())
        assert object_store.get(location) == name.encode()
        assert [info.location for info in object_store.list(root)] == [location]
        object_store.delete([location])
        assert object_store.head(location) is None

    def test_head_describes_an_object(self, object_store: ObjectStore, root: str) -> None:
        object_store.put(f"{root}/a", b"12345")
        info = object_store.head(f"{root}/a")
        assert info is not None
        assert (info.location, info.size) == (f"{root}/a", 5)
        assert info.modified_ms > 1_500_000_000_000

    def test_a_missing_object_is_said_to_be_missing(
        self, object_store: ObjectStore, root: str
    ) -> None:
        assert object_store.head(f"{root}/none") is None
        with pytest.raises(ObjectMissing, match="none"):
            object_store.get(f"{root}/none")

    def test_a_directory_is_no_object(self, object_store: ObjectStore, root: str) -> None:
        object_store.put(f"{root}/a/b", b"x")
        object_store.delete([f"{root}/a"])
        assert object_store.head(f"{root}/a") is None
        assert object_store.get(f"{root}/a/b") == b"x"
        with pytest.raises(ObjectMissing):
            object_store.get(f"{root}/a")

    def test_deleting_twice_is_fine(self, object_store: ObjectStore, root: str) -> None:
        object_store.put(f"{root}/a/b", b"x")
        object_store.delete([f"{root}/a/b", f"{root}/a/none"])
        object_store.delete([f"{root}/a/b"])
        object_store.delete([])
        assert object_store.head(f"{root}/a/b") is None

    def test_many_objects_are_deleted_at_once(self, object_store: ObjectStore, root: str) -> None:
        locations = [f"{root}/many/{number:04}" for number in range(60)]
        for location in locations:
            object_store.put(location, b"x")
        assert {info.location for info in object_store.list(root)} == set(locations)
        object_store.delete(locations)
        assert list(object_store.list(root)) == []

    def test_a_conditional_put_refuses_an_existing_object(
        self, object_store: ObjectStore, root: str
    ) -> None:
        object_store.put(f"{root}/a", b"first", if_absent=True)
        with pytest.raises(ObjectExists):
            object_store.put(f"{root}/a", b"second", if_absent=True)
        assert object_store.get(f"{root}/a") == b"first"

    def test_one_of_eight_conditional_writers_wins(
        self, object_store: ObjectStore, root: str
    ) -> None:
        start = threading.Barrier(8)

        def write(number: int) -> int | None:
            start.wait(30)
            try:
                object_store.put(f"{root}/race", str(number).encode(), if_absent=True)
            except ObjectExists:
                return None
            return number

        with ThreadPoolExecutor(8) as threads:
            winners = [number for number in threads.map(write, range(8)) if number is not None]
        assert len(winners) == 1
        assert object_store.get(f"{root}/race") == str(winners[0]).encode()

    def test_a_reader_sees_a_whole_version(self, object_store: ObjectStore, root: str) -> None:
        versions = [bytes([number]) * 200_000 for number in range(4)]
        object_store.put(f"{root}/a", versions[0])
        done = threading.Event()

        def overwrite() -> None:
            for _ in range(5):
                for version in versions:
                    object_store.put(f"{root}/a", version)
            done.set()

        with ThreadPoolExecutor(1) as threads:
            writing = threads.submit(overwrite)
            while not (done.is_set() or writing.done()):
                assert object_store.get(f"{root}/a") in versions
            writing.result()

    def test_writers_and_deleters_of_one_directory_do_not_disturb_each_other(
        self, object_store: ObjectStore, root: str
    ) -> None:
        def churn(number: int) -> None:
            for _ in range(15):
                object_store.put(f"{root}/x/y/{number}", b"1")
                assert object_store.get(f"{root}/x/y/{number}") == b"1"
                object_store.delete([f"{root}/x/y/{number}"])

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(churn, range(4)))
        assert list(object_store.list(root)) == []

    def test_list_is_bounded_by_the_segment(self, object_store: ObjectStore, root: str) -> None:
        for name in ("a/1", "a/deep/2", "a2/3", "b/4"):
            object_store.put(f"{root}/{name}", name.encode())
        below = {info.location: info.size for info in object_store.list(f"{root}/a")}
        assert below == {f"{root}/a/1": 3, f"{root}/a/deep/2": 8}
        assert {info.location for info in object_store.list(f"{root}/a/")} == set(below)
        assert list(object_store.list(f"{root}/none")) == []

    def test_another_spelling_reaches_the_same_object(
        self, object_store: ObjectStore, root: str, respelled: tuple[str, ...]
    ) -> None:
        object_store.put(f"{root}/a", b"x")
        for spelling in respelled:
            assert object_store.get(f"{spelling}/a") == b"x"
            assert [info.location for info in object_store.list(spelling)] == [f"{root}/a"]

    def test_a_location_outside_of_the_warehouse_is_forbidden(
        self, object_store: ObjectStore, outside: tuple[str, ...]
    ) -> None:
        for location in outside:
            with pytest.raises(Forbidden):
                object_store.get(location)
            with pytest.raises(Forbidden):
                object_store.head(location)
            with pytest.raises(Forbidden):
                object_store.put(location, b"x")
            with pytest.raises(Forbidden):
                object_store.delete([location])
            with pytest.raises(Forbidden):
                _exhaust(object_store.list(location))

    def test_a_path_that_climbs_is_forbidden(self, object_store: ObjectStore, root: str) -> None:
        for path in ("../x", "a/../../x", "%2e%2e/x", "%252e%252e/x", "..%2fx", "a//b", "a\\..\\b"):
            with pytest.raises(Forbidden):
                object_store.put(f"{root}/{path}", b"x")

    def test_one_location_outside_spoils_the_whole_delete(
        self, object_store: ObjectStore, root: str, outside: tuple[str, ...]
    ) -> None:
        object_store.put(f"{root}/a", b"x")
        with pytest.raises(Forbidden):
            object_store.delete([f"{root}/a", outside[0]])
        assert object_store.get(f"{root}/a") == b"x"

    def test_check_finds_the_place(self, object_store: ObjectStore) -> None:
        object_store.check()


def _exhaust(iterator: Iterator[object]) -> None:
    for _ in iterator:
        pass
