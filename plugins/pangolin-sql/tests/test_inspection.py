"""What `pangolin doctor --store` is told by a SQL store."""

from pathlib import Path

from pangolin_sql.postgresql import open_postgresql
from pangolin_sql.sqlite import open_sqlite
from pangolin_sql.store import SqlStore

from pangolin.plugin import Index, Kind, Settings

KIND = Kind("thing", key=("a",), indexes={"b": Index(("b",))})


def sqlite(tmp_path: Path) -> SqlStore:
    store = open_sqlite(f"sqlite:///{tmp_path}/x.db", Settings())
    assert isinstance(store, SqlStore)
    return store


def test_a_sound_file_has_no_problems(tmp_path: Path) -> None:
    store = sqlite(tmp_path)
    store.setup([KIND])
    found = {each.part: each for each in store.inspect([KIND])}
    assert [each.part for each in found.values() if each.problem] == []
    assert found["journal"].value == "wal"


def test_a_missing_table_and_a_missing_index_are_named(tmp_path: Path) -> None:
    store = sqlite(tmp_path)
    store.setup([Kind("thing", key=("a",))])
    other = Kind("other", key=("a",))
    first, *_ = store.inspect([KIND, other])
    assert "other" in first.problem and "thing__b" in first.problem
    assert "pangolin upgrade" in first.remedy


def test_a_postgresql_tells_its_role_its_clock_and_its_room(postgres_url: str) -> None:
    store = open_postgresql(postgres_url, Settings())
    assert isinstance(store, SqlStore)
    store.setup([KIND])
    found = {each.part: each for each in store.inspect([KIND])}
    store.close()
    assert found["role"].value == "primary of 0 standbys"
    assert found["database clock"].problem == found["connections"].problem == ""
    assert found["tables and indexes"].value == "all there"
