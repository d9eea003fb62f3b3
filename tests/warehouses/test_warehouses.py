"""Warehouses over HTTP."""

from typing import Any

import pytest

from pangolin.interfaces.object_storage import Warehouse
from pangolin.services.context.context import Context
from pangolin.services.storage.warehouse_secrets import as_plugin
from pangolin.store.kinds import WAREHOUSE
from tests.answers import message
from tests.worlds.management import Call

SECRET = "abcdefghijklmnop1234"
S3 = {
    "type": "s3",
    "bucket": "my-bucket",
    "region": "eu-west-1",
    "access_key_id": "AKIAEXAMPLE",
    "secret_access_key": SECRET,
}


def create(call: Call, name: str = "s", **fields: Any) -> dict[str, Any]:
    made = call("POST", "/warehouses", {"name": name, "storage_config": S3, **fields})
    assert made.status_code == 201, made.text
    return dict(made.get_json())


def opened(ctx: Context, name: str = "s") -> Warehouse:
    record = ctx.store.get(WAREHOUSE, (name,))
    assert record is not None
    assert SECRET not in str(record.doc)
    return as_plugin(ctx.runtime, record)


def test_both_spellings_are_stored_as_one(call: Call) -> None:
    dotted = {"s3.bucket": "my-bucket", "s3.region": "eu-west-1"}
    create(call, "plain", storage_config={"type": "s3", "bucket": "my-bucket"})
    call("PUT", "/warehouses/plain", {"storage_config": {"region": "eu-west-1"}})
    create(call, "dotted", storage_config=dotted)
    shown = [call("GET", f"/warehouses/{name}").get_json() for name in ("plain", "dotted")]
    assert shown[0]["storage_config"] == shown[1]["storage_config"] == {"type": "s3", **dotted}


def test_secrets_are_kept_and_shown_only_by_their_end(call: Call, ctx: Context) -> None:
    made = create(call)
    assert made["storage_config"]["s3.secret-access-key"] == "***1234"
    assert SECRET not in call("GET", "/warehouses").text
    assert opened(ctx).config["s3.secret-access-key"] == SECRET


def test_an_update_merges_options_key_by_key_and_null_removes(call: Call) -> None:
    create(call)
    change = {"secret_access_key": None, "s3.access-key-id": None, "s3.prefix": "data"}
    changed = call("PUT", "/warehouses/s", {"storage_config": change}).get_json()
    assert changed["storage_config"] == {
        "type": "s3",
        "s3.bucket": "my-bucket",
        "s3.region": "eu-west-1",
        "s3.prefix": "data",
    }


def test_a_secret_sent_back_as_it_was_shown_is_kept(call: Call, ctx: Context) -> None:
    shown = create(call)
    shown["storage_config"]["s3.region"] = "us-east-1"
    body = {key: shown[key] for key in ("name", "use_sts", "storage_config", "vending_strategy")}
    assert call("PUT", "/warehouses/s", body).status_code == 200
    assert opened(ctx).config["s3.secret-access-key"] == SECRET
    assert opened(ctx).config["s3.region"] == "us-east-1"


def test_another_mask_is_not_taken_for_a_secret(call: Call) -> None:
    create(call)
    change = {"storage_config": {"secret_access_key": "***9999"}}
    assert "masked" in message(call("PUT", "/warehouses/s", change), 400)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"type": "oss", "bucket": "b"}, "installed: azure, file, gcs, s3"),
        ({"type": "s3", "bucket": "my-bucket", "regoin": "x"}, "storage_config.regoin"),
        ({"type": "s3", "bucket": "aaa", "s3.bucket": "bbb"}, "different values"),
        ({"type": "s3"}, "s3.bucket is required"),
        ({"type": "s3", "bucket": 7}, "storage_config.bucket"),
        ({"type": "file", "root": "/etc"}, "file.root"),
    ],
)
def test_bad_options_are_named(call: Call, config: dict[str, Any], said: str) -> None:
    assert said in message(
        call("POST", "/warehouses", {"name": "x", "storage_config": config}), 400
    )


def test_an_unknown_option_is_refused_even_when_it_is_to_be_removed(call: Call) -> None:
    create(call)
    change = {"storage_config": {"regoin": None}}
    assert "regoin" in message(call("PUT", "/warehouses/s", change), 400)


def test_two_spellings_that_disagree_are_refused_in_a_change(call: Call) -> None:
    create(call)
    change = {"storage_config": {"region": "a-1", "s3.region": "b-1"}}
    assert "given twice" in message(call("PUT", "/warehouses/s", change), 400)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"storage_config": S3}, "name"),
        ({"name": "x", "storage_conf": S3}, "storage_conf: Unknown field"),
        ({"name": "x", "storage_config": S3, "use_sts": "yes"}, "use_sts"),
        ({"name": "a/b", "storage_config": S3}, "name"),
        ({"name": "", "storage_config": S3}, "name"),
        ({"name": "\ud800", "storage_config": S3}, "not valid JSON"),
        ([], "Invalid input type"),
    ],
)
def test_a_bad_field_is_named(call: Call, body: Any, said: str) -> None:
    assert said in message(call("POST", "/warehouses", body), 400)


ROLE = "arn:aws:iam::123456789012:role/r"
AZURE = {"type": "azure", "account_name": "acc", "container": "files"}
GCS = {"type": "gcs", "bucket": "my-bucket"}
ACCOUNT_KEY = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0"


@pytest.mark.parametrize(
    ("config", "given", "shown"),
    [
        (S3, "None", "None"),
        (S3, None, None),
        (
            S3,
            {"AwsSts": {"role_arn": ROLE, "external_id": None}},
            {"AwsSts": {"role_arn": ROLE}},
        ),
        (
            S3,
            {"AwsSts": {"role_arn": ROLE, "external_id": SECRET}},
            {"AwsSts": {"role_arn": ROLE, "external_id": "***1234"}},
        ),
        (
            S3,
            {"AwsStatic": {"access_key_id": "AK", "secret_access_key": SECRET}},
            {"AwsStatic": {"access_key_id": "AK", "secret_access_key": "***1234"}},
        ),
        (
            AZURE,
            {"AzureSas": {"account_name": "acc", "account_key": ACCOUNT_KEY}},
            {"AzureSas": {"account_name": "acc", "account_key": "***MjM0"}},
        ),
    ],
)
def test_a_vending_strategy_is_kept_and_its_secrets_masked(
    call: Call, ctx: Context, config: dict[str, str], given: Any, shown: Any
) -> None:
    made = create(call, storage_config=config, vending_strategy=given)
    assert made["vending_strategy"] == shown
    again = call("PUT", "/warehouses/s", {"vending_strategy": shown}).get_json()
    assert again["vending_strategy"] == shown
    assert "***" not in str(opened(ctx).vending_strategy)


def test_a_strategy_of_another_kind_of_storage_is_refused(call: Call) -> None:
    body = {"name": "x", "storage_config": S3, "vending_strategy": {"AzureSas": {}}}
    assert "azure" in message(call("POST", "/warehouses", body), 400)


def test_a_strategy_that_lacks_something_is_refused_before_it_is_used(call: Call) -> None:
    body = {"name": "x", "storage_config": GCS, "vending_strategy": {"GcpDownscoped": {}}}
    assert "gcs.service-account-key" in message(call("POST", "/warehouses", body), 400)


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ("AwsStatic", "must be"),
        ({"AzureCoin": {}}, "must be"),
        ({"AwsSts": {}}, "vending_strategy.AwsSts.role_arn is required"),
        ({"AwsSts": {"role_arn": "r", "rol": "x"}}, "vending_strategy.AwsSts.rol is unknown"),
        ({"AwsSts": {"role_arn": 7}}, "vending_strategy.AwsSts.role_arn must be text"),
        ({"AwsSts": "r"}, "vending_strategy.AwsSts must be an object"),
        ({"AzureSas": {"account_name": "a", "account_key": "***1234"}}, "masked"),
    ],
)
def test_a_bad_vending_strategy_is_named(call: Call, strategy: Any, said: str) -> None:
    body = {"name": "x", "storage_config": S3, "vending_strategy": strategy}
    assert said in message(call("POST", "/warehouses", body), 400)


def test_a_rename_keeps_the_id_and_the_catalogs(call: Call, catalog: str) -> None:
    before = call("GET", "/warehouses/w").get_json()
    after = call("PUT", "/warehouses/w", {"name": "w2"}).get_json()
    assert after == before | {"name": "w2"}
    assert call("GET", "/warehouses/w").status_code == 404
    assert call("GET", f"/catalogs/{catalog}").get_json()["warehouse_name"] == "w2"


def test_a_name_is_taken_once(call: Call, warehouse: str) -> None:
    create(call)
    taken = {"name": warehouse, "storage_config": S3}
    assert "w" in message(call("POST", "/warehouses", taken), 409)
    assert "w" in message(call("PUT", "/warehouses/s", {"name": warehouse}), 409)


def test_an_unknown_warehouse_is_404(call: Call) -> None:
    answers = [
        call("GET", "/warehouses/x"),
        call("PUT", "/warehouses/x", {}),
        call("DELETE", "/warehouses/x"),
    ]
    assert [message(answer, 404) for answer in answers] == ["Warehouse does not exist: x"] * 3


def test_a_warehouse_does_not_move_under_its_catalogs(call: Call, catalog: str, root: str) -> None:
    moved = {"storage_config": {"file.root": f"{root}2"}}
    assert "1 catalog: lake" in message(call("PUT", "/warehouses/w", moved), 409)
    assert call("DELETE", f"/catalogs/{catalog}").status_code == 204
    assert call("PUT", "/warehouses/w", moved).status_code == 200


def test_deleting_refuses_a_warehouse_that_catalogs_use(call: Call, catalog: str) -> None:
    call("POST", "/catalogs", {"name": "sea", "warehouse": "w"})
    assert "2 catalogs: lake, sea" in message(call("DELETE", "/warehouses/w"), 409)
    assert call("DELETE", "/warehouses/w?force=true").status_code == 204
    assert call("GET", "/catalogs").get_json() == []


def test_a_body_that_is_not_json_is_415(call: Call, client: Any) -> None:
    answer = client.post("/api/v1/warehouses", data="name=x", content_type="text/plain")
    assert "application/json" in message(answer, 415)


def test_a_request_sent_twice_with_one_key_is_done_once(call: Call) -> None:
    key = {"Idempotency_Key": "0190a6de-0000-7000-8000-000000000001"}
    body = {"name": "s", "storage_config": S3}
    first, second = (call("POST", "/warehouses", body, **key) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.get_json() == second.get_json()
    assert len(call("GET", "/warehouses").get_json()) == 1
    other = call("POST", "/warehouses", body | {"name": "other"}, **key)
    assert "Idempotency-Key" in message(other, 422)
