"""DuckDB finds the catalog and reads what PyIceberg wrote."""

import duckdb
import pyarrow as pa
import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import LongType, NestedField, StringType

from tests.end_to_end.duck import Duck
from tests.end_to_end.lake import Lake
from tests.end_to_end.samples import ARROW, ids, people

pytestmark = pytest.mark.end_to_end


def test_rows_written_by_pyiceberg_are_read(catalog: RestCatalog, duck: Duck, name: str) -> None:
    made = catalog.create_table(("db", name), ARROW)
    made.append(people(1, 2))
    made.append(people(3))
    made.delete("id = 2")
    assert duck.rows(f"SELECT id, name FROM lake.db.{name} ORDER BY id") == [(1, "n1"), (3, "n3")]
    assert duck.rows(f"SELECT count(*) FROM lake.db.{name} WHERE id > 1") == [(1,)]


def test_partitions_written_by_pyiceberg_are_read(
    catalog: RestCatalog, duck: Duck, name: str
) -> None:
    schema = Schema(NestedField(1, "id", LongType()), NestedField(2, "part", StringType()))
    spec = PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "part"))
    made = catalog.create_table(("db", name), schema, partition_spec=spec)
    made.append(pa.table({"id": [1, 2, 3], "part": ["a", "b/c d", None]}))
    found = duck.rows(f"SELECT id, part FROM lake.db.{name} ORDER BY id")
    assert found == [(1, "a"), (2, "b/c d"), (3, None)]


def test_columns_that_evolved_are_read(catalog: RestCatalog, duck: Duck, name: str) -> None:
    made = catalog.create_table(("db", name), ARROW)
    made.append(people(1))
    with made.update_schema() as update:
        update.rename_column("name", "title")
        update.add_column("more", LongType())
    made.append(pa.table({"id": [2], "title": ["x"], "more": [7]}, schema=made.schema().as_arrow()))
    found = duck.rows(f"SELECT id, title, more FROM lake.db.{name} ORDER BY id")
    assert found == [(1, "n1", None), (2, "x", 7)]


def test_a_table_is_read_as_of_a_snapshot(catalog: RestCatalog, duck: Duck, name: str) -> None:
    made = catalog.create_table(("db", name), ARROW)
    made.append(people(1))
    made.append(people(2))
    first, second = (each.snapshot_id for each in made.snapshots())
    query = f"SELECT id FROM lake.db.{name} AT (VERSION => {{}}) ORDER BY id"
    assert duck.rows(query.format(first)) == [(1,)]
    assert duck.rows(query.format(second)) == [(1,), (2,)]
    listed = duck.rows(f"SELECT snapshot_id FROM iceberg_snapshots(lake.db.{name})")
    assert {each for (each,) in listed} == {first, second}


def test_namespaces_and_tables_are_listed(
    catalog: RestCatalog, duck: Duck, duck_table: str
) -> None:
    listed = {row[:3] for row in duck.rows("SHOW ALL TABLES")}
    assert ("lake", "db", duck_table.rpartition(".")[2]) in listed


def test_a_missing_table_and_a_taken_name_are_said_so(duck: Duck, duck_table: str) -> None:
    with pytest.raises(duckdb.CatalogException, match="does not exist"):
        duck.rows("SELECT * FROM lake.db.nowhere")
    with pytest.raises(duckdb.Error, match="already exists"):
        duck.run(f"CREATE TABLE {duck_table} (id BIGINT)")


def test_a_branch_is_attached_and_written_beside_main(
    lake: Lake, catalog: RestCatalog, duck: Duck, duck_table: str, name: str
) -> None:
    lake.branch(f"b-{name}")
    duck.attach("branch", f"b-{name}")
    duck.run(f"INSERT INTO branch.db.{name} VALUES (7, 'n7')")
    assert duck.rows(f"SELECT max(id) FROM branch.db.{name}") == [(7,)]
    assert ids(catalog.load_table(("db", name))) == [1, 2, 3]
    assert ids(catalog.load_table(("db", f"{name}@b-{name}"))) == [1, 2, 3, 7]


def test_a_tag_is_attached_and_only_read(
    lake: Lake, duck: Duck, duck_table: str, name: str
) -> None:
    lake.tag(f"v-{name}")
    duck.run(f"DELETE FROM {duck_table}")
    duck.attach("frozen", f"v-{name}")
    assert duck.rows(f"SELECT count(*) FROM frozen.db.{name}") == [(3,)]
    with pytest.raises(duckdb.Error, match="tag"):
        duck.run(f"INSERT INTO frozen.db.{name} VALUES (7, 'n7')")


@pytest.mark.parametrize("base", ["/iceberg", "/v1/{}"])
def test_every_form_of_the_endpoint_works(
    lake: Lake, duck: Duck, duck_table: str, name: str, base: str
) -> None:
    duck.attach("again", endpoint=lake.server.url + base.format(lake.name))
    duck.run(f"INSERT INTO again.db.{name} VALUES (4, 'n4')")
    assert duck.rows(f"SELECT count(*) FROM again.db.{name}") == [(4,)]


def test_a_bad_token_is_refused(lake: Lake, duck: Duck) -> None:
    with pytest.raises(duckdb.Error, match="401"):
        duck.run(
            f"ATTACH '{lake.name}' AS bad (TYPE ICEBERG, TOKEN 'nonsense', "
            f"ENDPOINT '{lake.server.url}')"
        )
