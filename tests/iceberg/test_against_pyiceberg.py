from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pyiceberg.schema import Schema, assign_fresh_schema_ids
from pyiceberg.table.metadata import TableMetadataUtil
from pyiceberg.table.update import TableUpdate, update_table_metadata

from tests.examples import examples
from tests.iceberg import moves, samples
from tests.iceberg.samples import FILE, Json

UPDATE: TypeAdapter[Any] = TypeAdapter(TableUpdate)

COMMIT = st.lists(
    st.tuples(st.sampled_from(sorted(moves.MOVES)), st.integers(min_value=0, max_value=9)),
    min_size=1,
    max_size=4,
)


def dumped(metadata: Any) -> Json:
    document: Json = metadata.model_dump(mode="json", by_alias=True, exclude_none=True)
    return document


def theirs(base: Json, updates: list[Json]) -> Json:
    parsed = tuple(UPDATE.validate_python(update) for update in updates)
    metadata = TableMetadataUtil.parse_obj(base)
    return dumped(update_table_metadata(metadata, parsed, metadata_location=FILE))


def comparable(document: Json, updates: list[Json]) -> Json:
    actions = [update["action"] for update in updates]
    kept = dict(document)
    # PyIceberg reads the clock itself, or takes a snapshot's time for the commit's.
    del kept["last-updated-ms"]
    # A v1 file repeats the current schema and spec; PyIceberg keeps those of the base.
    kept.pop("schema", None)
    kept.pop("partition-spec", None)
    moves_of_main = [u for u in updates if u.get("ref-name") == "main"]
    if "remove-snapshots" in actions or len(moves_of_main) > 1:
        # PyIceberg drops single entries and keeps passing ones; the reference cuts the log.
        del kept["snapshot-log"]
    else:
        # The time of a rollback is the clock's.
        kept["snapshot-log"] = [entry["snapshot-id"] for entry in kept["snapshot-log"]]
    if "remove-snapshots" in actions:
        # PyIceberg forgets removed parents and keeps their partition statistics.
        del kept["partition-statistics"]
        kept["snapshots"] = [{**s, "parent-snapshot-id": None} for s in kept["snapshots"]]
    if "last-sequence-number" in kept and "add-snapshot" not in actions:
        del kept["last-sequence-number"]
    return kept


@examples(150)
@given(st.sampled_from([1, 2, 3]), st.lists(COMMIT, min_size=1, max_size=5))
def test_commits_end_where_pyiceberg_ends(version: int, commits: list[Any]) -> None:
    base = samples.table(version)
    for chosen in commits:
        updates = moves.updates(base, chosen)
        made = samples.apply(base, *updates)
        if made is not base:
            ours = dumped(TableMetadataUtil.parse_obj(made))
            expected = theirs(base, updates)
            assert comparable(ours, updates) == comparable(expected, updates)
        base = made


def test_pyiceberg_reads_what_an_upgrade_writes() -> None:
    base = samples.with_snapshots(1, version=1)
    for version in (2, 3):
        base = samples.apply(base, {"action": "upgrade-format-version", "format-version": version})
        read = TableMetadataUtil.parse_obj(base)
        assert (read.format_version, read.current_snapshot_id) == (version, 1)


def a_type(number: int, kinds: list[int]) -> Any:
    """A type nested as deep as `kinds` is long, with ids from `number` on."""
    if not kinds:
        return "long"
    inner = a_type(number + 2, kinds[1:])
    if kinds[0] == 0:
        more = samples.field(number, "a", inner), samples.field(number + 1, "b", "string")
        return samples.struct(*more)
    if kinds[0] == 1:
        items = {"element-id": number, "element": inner, "element-required": False}
        return {"type": "list", **items}
    keys = {"key-id": number, "key": "string", "value-id": number + 1}
    return {"type": "map", **keys, "value": inner, "value-required": False}


@examples(50)
@given(
    st.lists(st.lists(st.integers(min_value=0, max_value=2), max_size=4), min_size=1, max_size=4)
)
def test_fresh_field_ids_are_those_pyiceberg_assigns(nested: list[list[int]]) -> None:
    fields = [
        samples.field(100 * i, f"f{i}", a_type(100 * i + 1, kinds))
        for i, kinds in enumerate(nested, start=1)
    ]
    asked = samples.schema(*fields)
    ours = Schema.model_validate(samples.table(schema=asked)["schemas"][0])
    assert ours == assign_fresh_schema_ids(Schema.model_validate(asked))
