"""Branches and tags over HTTP."""

from flask.testing import FlaskClient

from tests.answers import message
from tests.worlds.management import Call

BRANCH: dict[str, object] = {"head_commit_id": None, "assets": []}


def test_a_branch_is_forked_read_listed_and_deleted(call: Call, catalog: str) -> None:
    made = call("POST", "/branches", {"name": "dev", "catalog": catalog})
    assert made.status_code == 201
    shown = {"name": "dev", "branch_type": "experimental"} | BRANCH
    assert made.get_json() == shown == call("GET", "/branches/dev?catalog=lake").get_json()
    main = {"name": "main", "branch_type": "ingest"} | BRANCH
    assert call("GET", "/branches?catalog=lake").get_json() == [shown, main]
    assert call("DELETE", "/branches/dev?catalog=lake").status_code == 204
    assert call("GET", "/branches/dev?catalog=lake").status_code == 404


def test_a_branch_is_forked_from_another(call: Call, client: FlaskClient, catalog: str) -> None:
    call("POST", "/branches", {"name": "dev", "catalog": catalog})
    client.post("/v1/lake@dev/namespaces", json={"namespace": ["new"]})
    body = {"name": "a/b", "catalog": catalog, "from_branch": "dev", "branch_type": "ingest"}
    assert call("POST", "/branches", body).get_json()["branch_type"] == "ingest"
    assert call("GET", "/branches/a%2Fb?catalog=lake").status_code == 200
    spaces = client.get("/v1/lake@a%2Fb/namespaces").get_json()["namespaces"]
    assert spaces == [["default"], ["new"]]


def test_bad_branches_are_refused_by_name(call: Call, catalog: str) -> None:
    def refused(status: int, **fields: object) -> str:
        body = {"name": "dev", "catalog": catalog} | fields
        return message(call("POST", "/branches", body), status)

    assert "assets" in refused(400, assets=["default.t"])
    assert "branch_type" in refused(400, branch_type="other")
    assert refused(400, name="a b").startswith("name")
    assert "nope" in refused(404, catalog="nope")
    assert "nope" in refused(404, from_branch="nope")
    assert refused(409, name="main") == "Branch or tag already exists: main"
    assert (
        call("POST", "/branches", {"name": "d", "catalog": "lake", "assets": []}).status_code == 201
    )


def test_main_stays(call: Call, catalog: str) -> None:
    assert "main" in message(call("DELETE", "/branches/main?catalog=lake"), 400)


def test_the_catalog_must_be_named(call: Call) -> None:
    for path in ("/branches", "/branches/main", "/tags"):
        assert message(call("GET", path), 400).startswith("catalog")


def test_a_branch_is_no_tag_and_a_tag_no_branch(call: Call, catalog: str) -> None:
    call("POST", "/branches", {"name": "dev", "catalog": catalog})
    call("POST", "/tags", {"name": "v1", "catalog": catalog})
    assert call("DELETE", "/tags/dev?catalog=lake").status_code == 404
    assert call("DELETE", "/branches/v1?catalog=lake").status_code == 404
    assert call("GET", "/branches/v1?catalog=lake").status_code == 404


def test_a_tag_keeps_what_a_branch_showed(call: Call, client: FlaskClient, catalog: str) -> None:
    made = call("POST", "/tags", {"name": "v1", "catalog": catalog})
    assert made.status_code == 200
    assert call("GET", "/tags?catalog=lake").get_json() == [made.get_json()]
    client.post("/v1/lake/namespaces", json={"namespace": ["later"]})
    assert client.get("/v1/lake@v1/namespaces").get_json()["namespaces"] == [["default"]]
    assert call("DELETE", "/tags/v1?catalog=lake").status_code == 204
    assert call("GET", "/tags?catalog=lake").get_json() == []


def test_a_tag_is_made_of_a_ref_or_of_another_tags_commit(
    call: Call, client: FlaskClient, catalog: str
) -> None:
    first = call("POST", "/tags", {"name": "v1", "catalog": catalog}).get_json()
    client.post("/v1/lake/namespaces", json={"namespace": ["later"]})
    for name, source in {
        "by-commit": {"commit_id": first["commit_id"]},
        "by-name": {"commit_id": "v1"},
        "by-ref": {"from_ref": "v1"},
    }.items():
        made = call("POST", "/tags", {"name": name, "catalog": catalog} | source)
        assert made.get_json() == {"name": name, "commit_id": first["commit_id"]}
        assert client.get(f"/v1/lake@{name}/namespaces").get_json()["namespaces"] == [["default"]]


def test_a_tag_of_nothing_known_is_refused(call: Call, catalog: str) -> None:
    body = {"name": "v1", "catalog": catalog, "commit_id": "0190a6de-0000-7000-8000-000000000001"}
    assert "commit_id" in message(call("POST", "/tags", body), 404)
    both = {"name": "v1", "catalog": catalog, "commit_id": "main", "from_ref": "main"}
    assert "commit_id and from_ref" in message(call("POST", "/tags", both), 400)


def test_a_fork_sent_twice_with_one_key_is_done_once(call: Call, catalog: str) -> None:
    key = {"Idempotency_Key": "0190a6de-0000-7000-8000-000000000002"}
    body = {"name": "dev", "catalog": catalog}
    first, second = (call("POST", "/branches", body, **key) for _ in range(2))
    assert (first.status_code, first.get_json()) == (201, second.get_json())
    gone = {"Idempotency_Key": "0190a6de-0000-7000-8000-000000000003"}
    deleted = [call("DELETE", "/branches/dev?catalog=lake", **gone).status_code for _ in range(2)]
    assert deleted == [204, 204]
