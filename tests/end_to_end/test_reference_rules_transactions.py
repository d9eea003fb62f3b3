"""Commits to several tables: all land or none, and nobody sees a half."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.end_to_end.lake import Lake
from tests.end_to_end.rest import (
    ID_DATA,
    NAMESPACE,
    Json,
    Rest,
    add_order,
    add_schema,
    add_spec,
    append,
    error,
    field,
    set_properties,
    speaking,
)

pytestmark = pytest.mark.end_to_end
STORAGES = ("file",)
WRITERS, ROUNDS = 4, 8


def change(name: str, requirements: list[Json], updates: list[Json]) -> Json:
    identifier = {"namespace": [NAMESPACE], "name": name}
    return {"identifier": identifier, "requirements": requirements, "updates": updates}


def commit(rest: Rest, *changes: Json) -> tuple[int, str, str] | None:
    """Commit changes; return the error, if it is one."""
    answer = rest.ask("POST", "/transactions/commit", {"table-changes": list(changes)})
    return None if answer.status == 204 and answer.body is None else error(answer)


@pytest.fixture
def pair(rest: Rest, name: str) -> tuple[str, str]:
    """Two tables."""
    names = (f"{name}_a", f"{name}_b")
    for each in names:
        rest.create(each)
    return names


def test_changes_of_several_tables_land_together(rest: Rest, pair: tuple[str, str]) -> None:
    one, two = (append(rest.load(name)) for name in pair)
    schema_too = add_schema(field(1, "id"), field(2, "data", "string"), field(3, "x"))
    done = commit(rest, change(pair[0], *one[:2]), change(pair[1], two[0], [*schema_too, *two[1]]))
    assert done is None
    assert [rest.load(name)["current-snapshot-id"] for name in pair] == [one[2], two[2]]
    assert rest.load(pair[1])["current-schema-id"] == 1


@pytest.mark.parametrize(
    ("requirements", "updates", "status"),
    [
        ([{"type": "assert-current-schema-id", "current-schema-id": 9}], [], 409),
        ([{"type": "assert-create"}], [], 409),
        ([], [{"action": "set-current-schema", "schema-id": 9}], 400),
        ([], [{"action": "set-location", "location": "file:///etc"}], 400),
    ],
)
@pytest.mark.parametrize("bad_first", [True, False])
def test_one_change_that_cannot_land_stops_all(
    rest: Rest,
    pair: tuple[str, str],
    requirements: list[Json],
    updates: list[Json],
    status: int,
    bad_first: bool,
) -> None:
    before = [rest.load(name) for name in pair]
    files = [rest.lake.files(each["location"]) for each in before]
    good = change(pair[0], [], [set_properties(a="b")])
    changes = [good, change(pair[1], requirements, updates)]
    failed = commit(rest, *(reversed(changes) if bad_first else changes))
    assert failed is not None and failed[0] == status
    assert [rest.load(name) for name in pair] == before
    assert [rest.lake.files(each["location"]) for each in before] == files


def test_a_missing_table_stops_all(rest: Rest, pair: tuple[str, str]) -> None:
    failed = commit(
        rest,
        change(pair[0], [], [set_properties(a="b")]),
        change("gone", [], [set_properties(a="b")]),
    )
    assert failed == (404, "NoSuchTableException", "Table does not exist: ns.gone")
    assert "a" not in rest.load(pair[0])["properties"]


def test_a_table_named_twice_is_changed_twice_and_written_once(
    rest: Rest, pair: tuple[str, str]
) -> None:
    schema_too = add_schema(field(1, "id"), field(2, "data", "string"), field(3, "x"))
    now = {"type": "assert-current-schema-id", "current-schema-id": 1}
    done = commit(
        rest,
        change(pair[0], [], schema_too),
        change(pair[1], [], [set_properties(a="b")]),
        # What the first change of the table did is what the second one requires.
        change(pair[0], [now], [set_properties(a="b")]),
    )
    assert done is None
    found = rest.load(pair[0])
    assert (found["current-schema-id"], found["properties"]["a"]) == (1, "b")
    assert len(found["metadata-log"]) == 1
    assert len(rest.lake.files(found["location"])) == 2


def test_a_table_is_created_beside_a_change_of_another(
    rest: Rest, pair: tuple[str, str], name: str
) -> None:
    staged = rest.create(name, stage=True)
    create = [
        {"action": "assign-uuid", "uuid": staged["table-uuid"]},
        *add_schema(*ID_DATA["fields"]),
        *add_spec("part", 2, 1000),
        *add_order(1),
        {"action": "set-location", "location": staged["location"]},
    ]
    both = (
        change(name, [{"type": "assert-create"}], create),
        change(pair[0], [], [set_properties(a="b")]),
    )
    assert commit(rest, *both) is None
    assert rest.load(name)["table-uuid"] == staged["table-uuid"]
    assert rest.load(pair[0])["properties"]["a"] == "b"
    again = commit(rest, both[0], change(pair[0], [], [set_properties(a="c")]))
    assert again is not None and again[0] == 409
    assert rest.load(pair[0])["properties"]["a"] == "b"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"table-changes": []},
        {"table-changes": {}},
        {"table-changes": [{"requirements": [], "updates": []}]},
        {"table-changes": [{"identifier": {"namespace": [NAMESPACE]}, "updates": []}]},
        {"table-changes": [{"identifier": {"namespace": [NAMESPACE], "name": "t"}}]},
    ],
)
def test_a_malformed_transaction_is_400(rest: Rest, body: Json) -> None:
    assert error(rest.ask("POST", "/transactions/commit", body))[0] == 400


def test_several_writers_of_the_same_tables_never_leave_them_apart(
    lake: Lake, rest: Rest, pair: tuple[str, str]
) -> None:
    def write(writer: int) -> list[str]:
        acknowledged = []
        # Half of the writers name the tables the other way round.
        order = pair if writer % 2 else pair[::-1]
        with speaking(lake) as own:
            for number in range(ROUNDS):
                key = f"{writer}-{number}"
                changes = [change(name, [], [set_properties(**{key: key})]) for name in order]
                failed = commit(own, *changes)
                assert failed is None or failed[0] == 409, failed
                acknowledged += [key] if failed is None else []
        return acknowledged

    with ThreadPoolExecutor(WRITERS) as pool:
        acknowledged = sorted(key for keys in pool.map(write, range(WRITERS)) for key in keys)
    found = [
        sorted(key for key in rest.load(name)["properties"] if "-" in key and "." not in key)
        for name in pair
    ]
    assert found == [acknowledged, acknowledged]
    # Requirements always held, so that the server's own retries brought nearly all of them in.
    assert len(acknowledged) > WRITERS * ROUNDS / 2
