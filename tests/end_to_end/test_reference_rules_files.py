"""Files of metadata: named, logged, trimmed, registered and deleted as engines expect."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.rest import NAMESPACE, Json, Rest, error, field, schema, set_properties

pytestmark = pytest.mark.end_to_end
STORAGES = ("file",)


def logged(metadata: Json) -> list[str]:
    return [each["metadata-file"].rpartition("/")[2][:5] for each in metadata["metadata-log"]]


def present(rest: Rest, metadata: Json) -> list[str]:
    return [path.rpartition("/")[2][:5] for path in rest.lake.files(metadata["location"])]


def register(rest: Rest, name: str, location: str, **more: object) -> Json:
    body = {"name": name, "metadata-location": location, **more}
    metadata: Json = rest.good("POST", f"/namespaces/{NAMESPACE}/register", body)["metadata"]
    return metadata


def test_every_file_is_logged_and_kept_unless_told_otherwise(rest: Rest, name: str) -> None:
    rest.create(name)
    for number in range(4):
        rest.update(name, set_properties(step=str(number)))
    found = rest.load(name)
    assert logged(found) == ["00000", "00001", "00002", "00003"]
    assert present(rest, found) == [*logged(found), "00004"]
    stamps = [each["timestamp-ms"] for each in found["metadata-log"]]
    assert stamps == sorted(stamps)
    assert found["last-updated-ms"] >= stamps[-1]


@pytest.mark.parametrize("most", [1, 3])
def test_the_log_is_trimmed_and_its_files_stay_unless_they_are_to_go(
    rest: Rest, name: str, most: int
) -> None:
    limit = {"write.metadata.previous-versions-max": str(most)}
    rest.create(name, properties=limit)
    for number in range(5):
        rest.update(name, set_properties(step=str(number)))
    found = rest.load(name)
    kept = [f"{number:05}" for number in range(5 - most, 5)]
    assert logged(found) == kept
    assert len(present(rest, found)) == 6
    rest.update(name, set_properties(**{"write.metadata.delete-after-commit.enabled": "true"}))
    rest.update(name, set_properties(step="last"))
    found = rest.load(name)
    assert logged(found) == [f"{number:05}" for number in range(7 - most, 7)]
    # Only what leaves the log from now on is deleted: the older files are nobody's.
    left = [each for each in present(rest, found) if each >= kept[0]]
    assert left == [*logged(found), "00007"]


def test_a_failed_commit_leaves_no_file(rest: Rest, name: str) -> None:
    made = rest.create(name)
    bad = [set_properties(a="b"), {"action": "set-default-spec", "spec-id": 9}]
    stale = [{"type": "assert-current-schema-id", "current-schema-id": 9}]
    assert error(rest.commit(name, [], bad))[0] == 400
    assert error(rest.commit(name, stale, bad[:1]))[0] == 409
    assert present(rest, made) == ["00000"]


def test_the_file_is_the_answer(rest: Rest, name: str) -> None:
    rest.create(name)
    answer = rest.commit(name, [], [set_properties(a="b")]).body
    assert json.loads(rest.lake.read(answer["metadata-location"])) == answer["metadata"]


def test_a_registered_table_goes_on_from_its_file(rest: Rest, name: str) -> None:
    made = rest.create(name)
    rest.update(name, set_properties(a="b"))
    location = rest.good("GET", rest.path(name))["metadata-location"]
    rest.good("POST", f"{rest.path(name)}/unregister")
    found = register(rest, f"{name}_2", location)
    assert (found["table-uuid"], found["properties"]["a"]) == (made["table-uuid"], "b")
    after = rest.update(f"{name}_2", set_properties(c="d"))
    assert logged(after) == ["00000", "00001"]
    assert (
        rest.good("GET", rest.path(f"{name}_2"))["metadata-location"]
        .split("/")[-1]
        .startswith("00002-")
    )


def test_a_file_of_an_older_writer_is_read_and_mended_by_the_next_commit(
    rest: Rest, name: str
) -> None:
    root = rest.lake.server.get("catalogs", rest.lake.name)["storage_location"]
    location = f"{root}/old/{name}"
    old = {
        "format-version": 1,
        "location": location,
        "last-updated-ms": 1_600_000_000_000,
        "last-column-id": 2,
        "schema": schema(field(1, "id"), field(2, "data", "string")),
        "partition-spec": [
            {"name": "part", "source-id": 2, "transform": "identity", "field-id": 1000}
        ],
        "properties": {"a": "b"},
        "current-snapshot-id": -1,
        "snapshots": [],
        "kept-by-somebody": {"x": 1},
    }
    path = Path(urlsplit(location).path) / "metadata" / "v1.metadata.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(old))
    register(rest, name, f"{location}/metadata/v1.metadata.json")
    found = rest.update(name, {"action": "upgrade-format-version", "format-version": 2})
    assert (found["format-version"], found["current-schema-id"]) == (2, 0)
    assert [each["schema-id"] for each in found["schemas"]] == [0]
    assert found["partition-specs"][0]["fields"][0]["name"] == "part"
    assert (found["last-partition-id"], found["kept-by-somebody"]) == (1000, {"x": 1})
    assert found["table-uuid"]
    listed = rest.lake.files(location)
    # The name `v1` gives no number to count on from.
    assert sorted(each.rpartition("/")[2][:6] for each in listed) == ["00000-", "v1.met"]


@pytest.mark.parametrize(
    ("content", "status"),
    [(None, 404), ("no json", 400), ("{}", 400), ('{"format-version": 99}', 400), ("[]", 400)],
)
def test_what_is_no_metadata_is_not_registered(
    rest: Rest, name: str, content: str | None, status: int
) -> None:
    root = rest.lake.server.get("catalogs", rest.lake.name)["storage_location"]
    path = Path(urlsplit(root).path) / name / "x.metadata.json"
    if content is not None:
        path.parent.mkdir(parents=True)
        path.write_text(content)
    body = {"name": name, "metadata-location": f"{root}/{name}/x.metadata.json"}
    answer = error(rest.ask("POST", f"/namespaces/{NAMESPACE}/register", body))
    assert answer[0] == status
    assert answer[1] == {404: "NotFoundException", 400: "ValidationException"}[status]
    assert rest.ask("HEAD", rest.path(name)).status == 404


def test_a_file_outside_the_catalog_is_not_read(rest: Rest, name: str) -> None:
    for location in ("file:///etc/passwd", "/etc/passwd", "s3://bucket/x", "http://127.0.0.1/x"):
        body = {"name": name, "metadata-location": location}
        answer = error(rest.ask("POST", f"/namespaces/{NAMESPACE}/register", body))
        assert answer[0] == 400
        assert "metadata-location" in answer[2]


def test_a_purge_without_asking_for_it_deletes_nothing(rest: Rest, name: str) -> None:
    made = rest.create(name)
    for query in ("", "?purgeRequested=false", "?purgeRequested=False"):
        rest.good("DELETE", rest.path(name) + query)
        assert present(rest, made) == ["00000"]
        (file,) = rest.lake.files(made["location"])
        register(rest, name, f"{made['location']}/{file}")
    rest.good("DELETE", rest.path(name) + "?purgeRequested=True")
    assert present(rest, made) == []
