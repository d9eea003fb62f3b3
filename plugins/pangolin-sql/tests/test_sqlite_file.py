"""The file: its URL, what an operator finds in it, and what happens when it cannot be used."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import peewee
import pytest
from pangolin_sql import pangolin_stores
from pangolin_sql.dialect import execute
from pangolin_sql.sqlite import Sqlite, code_of, open_sqlite

from pangolin.plugin import ANY, BadRequest, Index, Kind, Put, Settings, Store, Unavailable

THING = Kind(
    "thing",
    key=("tenant", "order"),
    indexes={"id": Index(("id",), unique=True), "version": Index(("tenant", "version"))},
    integers=frozenset({"version"}),
)


def opened(path: Path, timeout: float = 60.0) -> Store:
    return open_sqlite(f"sqlite:///{path}", Settings(request_timeout=timeout))


@pytest.mark.parametrize(
    "url", ["sqlite:///:memory:", "sqlite://:memory:", "sqlite://", "sqlite:", "sqlite:///"]
)
def test_a_database_that_would_be_lost_is_refused_with_the_remedy(url: str) -> None:
    with pytest.raises(BadRequest, match="use 'memory:'"):
        open_sqlite(url, Settings())


@pytest.mark.parametrize("url", ["sqlite://host/file.db", "sqlite:/file.db", "sqlite:////tmp/"])
def test_a_url_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(BadRequest, match="store_url must be sqlite:///relative"):
        open_sqlite(url, Settings())


def test_a_relative_url_is_relative_to_where_the_store_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_sqlite("sqlite:///data/records.db", Settings())
    monkeypatch.chdir("/")
    store.setup([THING])
    assert (tmp_path / "data" / "records.db").exists()


def test_opening_touches_no_disk(tmp_path: Path) -> None:
    backend, *_ = pangolin_stores()
    backend.open(f"sqlite:///{tmp_path}/sub/records.db", Settings())
    assert list(tmp_path.iterdir()) == []


def test_an_operator_reads_records_with_sql(tmp_path: Path) -> None:
    store = opened(tmp_path / "records.db")
    store.setup([THING])
    store.apply(Put(THING, {"tenant": "acme", "order": "é\0", "version": 7, "more": {"a": 1}}))
    store.close()
    with closing(sqlite3.connect(tmp_path / "records.db")) as database:
        row = database.execute(
            "SELECT tenant, \"order\", version_, id, json_extract(body, '$.more.a') FROM thing"
        ).fetchone()
    assert row == ("acme", "é\1\1", 7, None, 1)


def test_fields_may_be_called_as_the_stores_own_columns(tmp_path: Path) -> None:
    store = opened(tmp_path / "records.db")
    store.setup([THING])
    store.apply(*(Put(THING, {"tenant": "t", "order": f"{n}", "version": -n}) for n in range(3)))
    page = store.page(THING, ("t",), index="version")
    assert [record.doc["version"] for record in page.records] == [-2, -1, 0]
    store.close()


def test_writes_are_synced_to_a_write_ahead_log(tmp_path: Path) -> None:
    store = opened(tmp_path / "records.db")
    store.setup([THING])
    store.apply(Put(THING, {"tenant": "t", "order": "1"}))
    assert (tmp_path / "records.db-wal").stat().st_size > 0
    store.close()
    assert not (tmp_path / "records.db-wal").exists()


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "records.db").write_text("these are not the records you are looking for" * 100)
    store = opened(tmp_path / "records.db")
    attempts: list[Callable[[], object]] = [
        lambda: store.setup([THING]),
        lambda: store.get(THING, ("a", "b")),
        store.ping,
    ]
    for attempt in attempts:
        with pytest.raises(Unavailable, match="not a database"):
            attempt()
    store.close()


def test_a_path_that_is_a_directory_is_unavailable(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(Unavailable, match="unable to open"):
        store.apply(Put(THING, {"tenant": "t", "order": "1"}))
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot create"):
        opened(tmp_path / "file" / "records.db").setup([THING])


def test_a_store_that_was_not_set_up_says_what_is_missing(tmp_path: Path) -> None:
    store = opened(tmp_path / "records.db")
    with pytest.raises(Unavailable, match="no such table: thing"):
        store.get(THING, ("t", "1"))
    store.close()


def test_a_full_disk_is_unavailable_and_writes_nothing(tmp_path: Path) -> None:
    store = opened(tmp_path / "records.db")
    store.setup([THING])
    with store._sessions.use() as session:  # type: ignore[attr-defined]
        session.connection.execute("PRAGMA max_page_count = 20")
    big = {"tenant": "t", "order": "2", "text": "x" * 200_000}
    with pytest.raises(Unavailable, match="full"):
        store.apply(Put(THING, {"tenant": "t", "order": "1"}), Put(THING, big))
    assert store.count(THING) == 0
    store.apply(Put(THING, {"tenant": "t", "order": "1"}))
    store.close()


def test_a_writer_that_waits_too_long_is_unavailable(tmp_path: Path) -> None:
    store = opened(tmp_path / "records.db", timeout=0.1)
    store.setup([THING])
    with closing(sqlite3.connect(tmp_path / "records.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked") as caught:
            store.apply(Put(THING, {"tenant": "t", "order": "1"}))
        assert caught.value.headers["Retry-After"] == "1"
        assert store.count(THING) == 0, "readers do not wait for a writer"
    store.apply(Put(THING, {"tenant": "t", "order": "1"}))
    store.close()


def _try_to_write(path: Path) -> list[str]:
    store = opened(path)
    found: list[str] = []
    assert store.get(THING, ("t", "1")) is not None
    attempts: list[Callable[[], object]] = [
        lambda: store.apply(Put(THING, {"tenant": "t", "order": "1"}, ANY)),
        store.ping,
    ]
    for attempt in attempts:
        try:
            attempt()
        except Unavailable as error:
            found.append(error.message)
    return found


def test_the_code_of_an_error_is_found_below_peewees(tmp_path: Path) -> None:
    database = Sqlite(tmp_path / "records.db", 1.0).connect()
    execute(database, "CREATE TABLE made (name TEXT PRIMARY KEY)")
    execute(database, "INSERT INTO made VALUES ('a')")
    with pytest.raises(peewee.IntegrityError) as caught:
        execute(database, "INSERT INTO made VALUES ('a')")
    assert code_of(caught.value) == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
    database.close()


def test_a_read_only_file_is_read_and_says_why_it_is_not_written(
    public_path: Path, run_unprivileged: Callable[..., Any]
) -> None:
    path = public_path / "records.db"
    store = opened(path)
    store.setup([THING])
    store.apply(Put(THING, {"tenant": "t", "order": "1"}))
    store.close()
    path.chmod(0o444)
    written, pinged = run_unprivileged(_try_to_write, path)
    assert "readonly" in written
    assert "read-only" in pinged


def _write_again(path: Path) -> int:
    made = opened(path)
    made.setup([THING])
    made.close()
    path.chmod(0o444)
    store = opened(path)
    with pytest.raises(Unavailable, match="readonly"):
        store.apply(Put(THING, {"tenant": "t", "order": "1"}))
    # SQLite gives its log the mode that the file has at the time.
    for each in path.parent.iterdir():
        each.chmod(0o644)
    store.apply(Put(THING, {"tenant": "t", "order": "1"}))
    return store.count(THING)


def test_a_file_that_was_read_only_is_written_once_it_may_be(
    public_path: Path, run_unprivileged: Callable[..., Any]
) -> None:
    assert run_unprivileged(_write_again, public_path / "records.db") == 1
