"""DuckDB makes, changes and drops tables, and PyIceberg reads them."""

import duckdb
import pyarrow as pa
import pytest
from pyiceberg.catalog.rest import RestCatalog

from tests.end_to_end.duck import Duck
from tests.end_to_end.lake import Lake
from tests.end_to_end.samples import ids, rows

pytestmark = pytest.mark.end_to_end


def test_rows_written_by_duckdb_are_read_by_pyiceberg(
    catalog: RestCatalog, duck_table: str
) -> None:
    found = catalog.load_table(duck_table.removeprefix("lake."))
    assert rows(found) == [(1, "n1"), (2, "n2"), (3, "n3")]
    found.append(pa.table({"id": [4], "name": ["n4"]}))
    assert ids(catalog.load_table(duck_table.removeprefix("lake."))) == [1, 2, 3, 4]


def test_values_of_many_types_go_both_ways(catalog: RestCatalog, duck: Duck, name: str) -> None:
    columns = {
        "flag BOOLEAN": "true",
        "small INTEGER": "-1",
        "big BIGINT": "9223372036854775807",
        "half FLOAT": "0.5",
        "tenth DOUBLE": "0.1",
        "price DECIMAL(18, 2)": "1234567.89",
        "day DATE": "DATE '1969-12-31'",
        "local TIMESTAMP": "TIMESTAMP '2024-02-29 12:00:00.000001'",
        "text VARCHAR": "'naïve 😀'",
        "blob BLOB": "'\\x00\\xFF'::BLOB",
        "tags VARCHAR[]": "['a', 'b']",
        "place STRUCT(x INTEGER, y VARCHAR)": "{'x': 1, 'y': NULL}",
    }
    duck.run(
        f"CREATE TABLE lake.db.{name} ({', '.join(columns)})",
        f"INSERT INTO lake.db.{name} VALUES ({', '.join(columns.values())})",
    )
    (read,) = duck.rows(f"SELECT * FROM lake.db.{name}")
    (row,) = catalog.load_table(("db", name)).scan().to_arrow().to_pylist()
    assert tuple(row.values()) == read
    assert row["text"] == "naïve 😀"
    assert row["blob"] == b"\x00\xff"


def test_update_delete_and_merge_change_rows(
    catalog: RestCatalog, duck: Duck, duck_table: str
) -> None:
    duck.run(
        f"UPDATE {duck_table} SET name = 'new' WHERE id = 2",
        f"DELETE FROM {duck_table} WHERE id = 1",
        f"MERGE INTO {duck_table} t USING (VALUES (3, 'm'), (9, 'm')) s(id, name) ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET name = s.name "
        "WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name)",
    )
    expected = [(2, "new"), (3, "m"), (9, "m")]
    assert duck.rows(f"SELECT * FROM {duck_table} ORDER BY id") == expected
    # DuckDB writes position deletes, which PyIceberg applies.
    assert rows(catalog.load_table(duck_table.removeprefix("lake."))) == expected


def test_a_transaction_over_several_tables_lands_whole(
    catalog: RestCatalog, duck: Duck, duck_table: str, name: str
) -> None:
    other = f"{name}_other"
    duck.run(
        f"CREATE TABLE lake.db.{other} (id BIGINT)",
        "BEGIN",
        f"INSERT INTO {duck_table} VALUES (4, 'n4')",
        f"INSERT INTO lake.db.{other} VALUES (1)",
        f"INSERT INTO lake.db.{other} VALUES (2)",
        f"DELETE FROM {duck_table} WHERE id = 1",
    )
    assert ids(catalog.load_table(("db", name))) == [1, 2, 3]
    assert ids(catalog.load_table(("db", other))) == []
    duck.run("COMMIT")
    assert ids(catalog.load_table(("db", name))) == [2, 3, 4]
    assert ids(catalog.load_table(("db", other))) == [1, 2]


def test_a_rollback_leaves_nothing(catalog: RestCatalog, duck: Duck, duck_table: str) -> None:
    before = catalog.load_table(duck_table.removeprefix("lake.")).metadata
    duck.run("BEGIN", f"INSERT INTO {duck_table} VALUES (4, 'n4')", "ROLLBACK")
    assert catalog.load_table(duck_table.removeprefix("lake.")).metadata == before


def test_of_two_transactions_on_one_table_the_later_is_refused_whole(
    lake: Lake, catalog: RestCatalog, duck: Duck, duck_table: str, name: str
) -> None:
    other = f"lake.db.{name}_other"
    duck.run(
        f"CREATE TABLE {other} (id BIGINT)",
        "BEGIN",
        f"DELETE FROM {duck_table} WHERE id = 1",
        f"INSERT INTO {other} VALUES (1)",
    )
    catalog.load_table(("db", name)).overwrite(pa.table({"id": [8], "name": ["x"]}))
    with pytest.raises(duckdb.Error, match=r"409|Conflict|has changed"):
        duck.run("COMMIT")
    assert ids(catalog.load_table(("db", name))) == [8]
    assert ids(catalog.load_table(("db", f"{name}_other"))) == []


def test_create_as_select_makes_a_table(
    lake: Lake, catalog: RestCatalog, duck: Duck, name: str
) -> None:
    target = "lake"
    if lake.storage.name == "file":
        # Staged, DuckDB expects a directory for manifests that no file has been put into yet.
        duck.attach("unstaged", options=", STAGE_CREATE_TABLES false")
        target = "unstaged"
    duck.run(
        "BEGIN",
        f"CREATE TABLE {target}.db.{name} AS SELECT range AS id FROM range(3)",
        f"INSERT INTO {target}.db.{name} VALUES (7)",
        "COMMIT",
    )
    assert ids(catalog.load_table(("db", name))) == [0, 1, 2, 7]


def test_a_partitioned_table_is_made(catalog: RestCatalog, duck: Duck, name: str) -> None:
    duck.run(
        f"CREATE TABLE lake.db.{name} (id BIGINT, seen TIMESTAMP) "
        "PARTITIONED BY (bucket(4, id), day(seen))",
        f"INSERT INTO lake.db.{name} VALUES (1, TIMESTAMP '2024-01-01 10:00:00'), (2, NULL)",
    )
    found = catalog.load_table(("db", name))
    assert [str(field.transform) for field in found.spec().fields] == ["bucket[4]", "day"]
    assert ids(found) == [1, 2]
    assert ids(found, row_filter="seen < '2024-01-02T00:00:00'") == [1]


def test_columns_and_names_are_altered(catalog: RestCatalog, duck: Duck, duck_table: str) -> None:
    duck.run(
        f"ALTER TABLE {duck_table} ADD COLUMN more DOUBLE",
        f"ALTER TABLE {duck_table} RENAME COLUMN name TO title",
        f"ALTER TABLE {duck_table} RENAME TO renamed_{duck_table.rpartition('.')[2]}",
    )
    found = catalog.load_table(f"db.renamed_{duck_table.rpartition('.')[2]}")
    assert [field.name for field in found.schema().fields] == ["id", "title", "more"]
    assert not catalog.table_exists(duck_table.removeprefix("lake."))


def test_properties_are_set(catalog: RestCatalog, duck: Duck, duck_table: str) -> None:
    duck.run(f"CALL set_iceberg_table_properties({duck_table}, {{'a': 'b'}})")
    assert catalog.load_table(duck_table.removeprefix("lake.")).properties["a"] == "b"


def test_a_table_of_version_three_is_written_and_changed(
    catalog: RestCatalog, duck: Duck, name: str
) -> None:
    made = f"lake.db.{name}"
    duck.run(
        f"CREATE TABLE {made} (id BIGINT, name VARCHAR) WITH ('format-version' = '3')",
        f"INSERT INTO {made} VALUES (1, 'a'), (2, 'b'), (3, 'c')",
        f"DELETE FROM {made} WHERE id = 2",
        f"DELETE FROM {made} WHERE id = 3",
        f"INSERT INTO {made} VALUES (4, 'd')",
    )
    assert duck.rows(f"SELECT * FROM {made} ORDER BY id") == [(1, "a"), (4, "d")]
    # DuckDB writes deletion vectors, which PyIceberg reads.
    assert rows(catalog.load_table(("db", name))) == [(1, "a"), (4, "d")]


def test_version_three_gives_every_row_a_number_of_its_own(
    catalog: RestCatalog, duck: Duck, name: str
) -> None:
    made = f"lake.db.{name}"
    duck.run(
        f"CREATE TABLE {made} (id BIGINT) WITH ('format-version' = '3')",
        f"INSERT INTO {made} VALUES (1), (2)",
        f"INSERT INTO {made} VALUES (3)",
    )
    found = catalog.load_table(("db", name))
    assert ids(found) == [1, 2, 3]
    snapshots = found.metadata.snapshots
    assert [each.first_row_id for each in snapshots] == [0, 2]


def test_schemas_and_tables_are_dropped(catalog: RestCatalog, duck: Duck) -> None:
    duck.run("CREATE SCHEMA lake.short", "CREATE TABLE lake.short.t (id BIGINT)")
    assert catalog.namespace_exists("short")
    with pytest.raises(duckdb.Error, match="Namespace short is not empty"):
        duck.run("DROP SCHEMA lake.short")
    duck.run("DROP TABLE lake.short.t", "DROP SCHEMA lake.short")
    assert not catalog.namespace_exists("short")


def test_names_with_dots_blanks_and_quotes_are_found(duck: Duck, catalog: RestCatalog) -> None:
    for odd in ("a b", "50%", "it's", "é😀", "x+y"):
        made = f'lake."{odd}"."{odd}"'
        duck.run(f'CREATE SCHEMA lake."{odd}"', f"CREATE TABLE {made} (id BIGINT)")
        duck.run(f"INSERT INTO {made} VALUES (1)")
        assert duck.rows(f"SELECT * FROM {made}") == [(1,)]
        assert ids(catalog.load_table((odd, odd))) == [1]
