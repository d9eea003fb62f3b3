"""Tables over HTTP: ETags, snapshots modes, paging, status codes, idempotency."""

from pathlib import Path
from typing import Any

import pytest

from pangolin.services.context.runtime import Runtime
from pangolin.services.storage.byte_cache import METADATA
from tests.samples import SCHEMA
from tests.web.iceberg.conftest import Call

T = "/lake/namespaces/db/tables/t"
KEY = "01890a5d-ac96-774b-bcce-b302099a8057"


def set_x(value: str) -> dict[str, Any]:
    updates = [{"action": "set-properties", "updates": {"x": value}}]
    return {"requirements": [], "updates": updates}


def snapshot(table: dict[str, Any], number: int) -> dict[str, Any]:
    location = table["metadata"]["location"]
    return {
        "snapshot-id": number,
        "sequence-number": number,
        "timestamp-ms": table["metadata"]["last-updated-ms"] + number,
        "manifest-list": f"{location}/metadata/snap-{number}.avro",
        "summary": {"operation": "append"},
        "schema-id": 0,
    } | ({"parent-snapshot-id": number - 1} if number > 1 else {})


def append(call: Call, table: dict[str, Any], number: int) -> Any:
    ref = {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch"}
    updates = [
        {"action": "add-snapshot", "snapshot": snapshot(table, number)},
        ref | {"snapshot-id": number},
    ]
    return call("POST", T, {"requirements": [], "updates": updates})


def test_create_load_and_commit_agree_on_the_etag(call: Call, table: dict[str, Any]) -> None:
    committed = call("POST", T, set_x("1"))
    loaded = call("GET", T)
    assert loaded.headers["ETag"] == committed.headers["ETag"]
    assert loaded.get_json() == committed.get_json()


@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', "*"])
def test_a_known_etag_is_answered_304_without_a_body(
    call: Call, table: dict[str, Any], form: str
) -> None:
    tag = call("GET", T).headers["ETag"]
    answer = call("GET", T, If_None_Match=form.format(tag))
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)
    assert call("GET", T, If_None_Match=form.format(tag).replace('"', "")).status_code == 304


def test_a_commit_ends_the_etag(call: Call, table: dict[str, Any]) -> None:
    tag = call("GET", T).headers["ETag"]
    call("POST", T, set_x("1"))
    assert call("GET", T, If_None_Match=tag).status_code == 200


def test_snapshots_refs_answers_only_what_a_ref_names(call: Call, table: dict[str, Any]) -> None:
    for number in (1, 2, 3):
        assert append(call, table, number).status_code == 200
    everything, refs = call("GET", T), call("GET", T + "?snapshots=refs")
    assert len(everything.get_json()["metadata"]["snapshots"]) == 3
    assert [s["snapshot-id"] for s in refs.get_json()["metadata"]["snapshots"]] == [3]
    assert everything.headers["ETag"] != refs.headers["ETag"]
    assert call("GET", T + "?snapshots=some").status_code == 400


def test_lists_are_paged_only_when_asked(call: Call, table: dict[str, Any]) -> None:
    for name in ("u", "v", "w"):
        call("POST", "/lake/namespaces/db/tables", {"name": name, "schema": SCHEMA})
    path, names = "/lake/namespaces/db/tables", []
    whole = call("GET", path).get_json()
    assert (len(whole["identifiers"]), whole["next-page-token"]) == (4, None)
    token: str | None = ""
    while token is not None:
        page = call("GET", f"{path}?pageToken={token}&pageSize=3").get_json()
        names += [each["name"] for each in page["identifiers"]]
        token = page["next-page-token"]
    assert names == ["t", "u", "v", "w"]


@pytest.mark.parametrize("query", ["pageSize=0", "pageSize=x", "pageToken=zz!", "pageToken=eHg="])
def test_bad_paging_is_400(call: Call, table: dict[str, Any], query: str) -> None:
    assert call("GET", f"/lake/namespaces/db/tables?{query}").status_code == 400


def test_an_unknown_table_is_404_of_its_type(call: Call, table: dict[str, Any]) -> None:
    for method, path in (("GET", "x"), ("POST", "x"), ("DELETE", "x"), ("POST", "x/metrics")):
        body: Any = {"requirements": [], "updates": []} if method == "POST" else None
        answer = call(method, f"/lake/namespaces/db/tables/{path}", body)
        assert answer.get_json()["error"]["type"] == "NoSuchTableException"
    assert call("HEAD", "/lake/namespaces/db/tables/x").data == b""


def test_metrics_of_any_kind_are_taken(call: Call, table: dict[str, Any]) -> None:
    for report in ({"report-type": "scan-report"}, {"report-type": "new", "more": [1]}, {}):
        assert call("POST", T + "/metrics", report).status_code == 204


def test_an_identifier_that_is_not_the_path_is_400(call: Call, table: dict[str, Any]) -> None:
    other = {"identifier": {"namespace": ["db"], "name": "u"}}
    assert call("POST", T, set_x("1") | other).status_code == 400
    same = {"identifier": {"namespace": ["db"], "name": "t"}}
    assert call("POST", T, set_x("1") | same).status_code == 200


@pytest.mark.parametrize("body", [[], "x", {"updates": 1}, {"updates": [1]}, {}])
def test_a_malformed_commit_is_400(call: Call, table: dict[str, Any], body: Any) -> None:
    assert call("POST", T, body).status_code == 400


def test_a_request_sent_twice_with_one_key_is_done_once(call: Call, table: dict[str, Any]) -> None:
    first = call("POST", T, set_x("1"), Idempotency_Key=KEY)
    call("POST", T, set_x("2"))
    again = call("POST", T, set_x("1"), Idempotency_Key=KEY)
    assert again.get_json()["metadata-location"] == first.get_json()["metadata-location"]
    assert call("GET", T).get_json()["metadata"]["properties"]["x"] == "2"


def test_a_key_used_for_another_request_is_422(call: Call, table: dict[str, Any]) -> None:
    call("POST", T, set_x("1"), Idempotency_Key=KEY)
    assert call("POST", T, set_x("2"), Idempotency_Key=KEY).status_code == 422


def test_a_definite_error_is_remembered_too(call: Call, table: dict[str, Any]) -> None:
    body = {"namespace": ["db"]}
    first = call("POST", "/lake/namespaces", body, Idempotency_Key=KEY)
    call("DELETE", T), call("DELETE", "/lake/namespaces/db")
    again = call("POST", "/lake/namespaces", body, Idempotency_Key=KEY)
    assert first.status_code == again.status_code == 409
    assert first.get_json() == again.get_json()


def test_every_keyed_mutation_replays(call: Call, table: dict[str, Any]) -> None:
    keys = (f"01890a5d-ac96-774b-bcce-{n:012d}" for n in range(20))
    rename = {"source": {"namespace": ["db"], "name": "t"}}
    rename["destination"] = {"namespace": ["db"], "name": "u"}
    steps = [
        ("POST", "/lake/namespaces", {"namespace": ["n"]}),
        ("POST", "/lake/namespaces/n/properties", {"updates": {"a": "b"}, "removals": ["c"]}),
        ("DELETE", "/lake/namespaces/n", None),
        ("POST", "/lake/namespaces/db/tables", {"name": "k", "schema": SCHEMA}),
        ("POST", "/lake/transactions/commit", {"table-changes": [_change("t")]}),
        ("POST", "/lake/tables/rename", rename),
        ("POST", "/lake/namespaces/db/tables/k/unregister", None),
        ("DELETE", "/lake/namespaces/db/tables/u", None),
    ]
    for method, path, body in steps:
        key = next(keys)
        first = call(method, path, body, Idempotency_Key=key)
        again = call(method, path, body, Idempotency_Key=key)
        assert first.status_code in (200, 204), first.data
        assert (again.status_code, again.data) == (first.status_code, first.data), path


def _change(name: str) -> dict[str, Any]:
    return set_x("tx") | {"identifier": {"namespace": ["db"], "name": name}}


def test_a_malformed_idempotency_key_is_400(call: Call, table: dict[str, Any]) -> None:
    assert call("POST", T, set_x("1"), Idempotency_Key="nope").status_code == 400


def test_a_missing_metadata_file_is_404_in_the_references_words(
    call: Call, table: dict[str, Any], runtime: Runtime
) -> None:
    location = table["metadata-location"]
    Path(location.removeprefix("file://")).unlink()
    runtime.part(METADATA).clear()
    error = call("GET", T).get_json()["error"]
    assert error["message"] == f"Failed to open input stream for file: {location}"
    assert (error["code"], error["type"]) == (404, "NotFoundException")


def test_empty_transactions_are_400(call: Call, table: dict[str, Any]) -> None:
    assert call("POST", "/lake/transactions/commit", {"table-changes": []}).status_code == 400
