"""Settings, counts, names and plugins over HTTP."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from pangolin.app import create_app
from pangolin.services.context.context import Context
from pangolin.services.operations.bootstrap import initialise
from pangolin.services.tenants import sealed_settings
from pangolin.settings import Settings
from pangolin.store.kinds import TENANT_SETTINGS
from tests.answers import message
from tests.samples import SCHEMA
from tests.worlds.management import Call

DEFAULTS = {
    "allow_public_signup": False,
    "default_warehouse_bucket": None,
    "default_retention_days": 30,
    "smtp_host": None,
    "smtp_port": None,
    "smtp_user": None,
    "smtp_password": None,
}
PATH = "/config/settings"


def test_settings_begin_with_their_defaults(call: Call) -> None:
    assert call("GET", PATH).get_json() == DEFAULTS


def test_settings_that_are_given_change_and_null_brings_a_default_back(call: Call) -> None:
    call("PUT", PATH, {"default_retention_days": 7, "smtp_host": "mail", "smtp_port": 25})
    changed = call("PUT", PATH, {"default_retention_days": None, "allow_public_signup": True})
    kept = {"allow_public_signup": True, "smtp_host": "mail", "smtp_port": 25}
    assert changed.get_json() == call("GET", PATH).get_json() == DEFAULTS | kept


def test_the_mail_password_is_write_only(call: Call, ctx: Context) -> None:
    shown = call("PUT", PATH, {"smtp_password": "correct-horse-9abc"}).get_json()
    assert shown["smtp_password"] == "***9abc"
    assert call("PUT", PATH, shown).status_code == 200
    record = ctx.store.get(TENANT_SETTINGS, ())
    assert record is not None
    assert "correct-horse" not in str(record.doc)
    opened = sealed_settings.password(ctx.runtime, record.doc, ctx.tenant)
    assert opened == "correct-horse-9abc"
    assert "masked" in message(call("PUT", PATH, {"smtp_password": "***0000"}), 400)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("allow_public_signup", "no"),
        ("default_retention_days", -1),
        ("default_retention_days", "7"),
        ("smtp_port", 70000),
        ("smtp_host", 7),
        ("retention", 7),
    ],
)
def test_a_bad_setting_is_named(call: Call, field: str, value: Any) -> None:
    assert message(call("PUT", PATH, {field: value}), 400).startswith(f"{field}:")


def test_settings_are_a_tenants_own(call: Call) -> None:
    tenant = call("POST", "/tenants", {"name": "acme"}).get_json()["id"]
    call("PUT", PATH, {"smtp_host": "mail"}, X_Pangolin_Tenant=tenant)
    assert call("GET", PATH).get_json() == DEFAULTS


def test_stats_count_what_a_tenant_has(call: Call, client: FlaskClient, catalog: str) -> None:
    below = "/v1/lake/namespaces/default"
    client.post(f"{below}/tables", json={"name": "t", "schema": SCHEMA})
    call("POST", "/branches", {"name": "dev", "catalog": catalog})
    call("POST", "/tenants", {"name": "acme"})
    counts = call("GET", "/dashboard/stats").get_json()
    assert counts == {
        "catalogs_count": 1,
        "tables_count": 1,
        "views_count": 0,
        "assets_count": 0,
        "namespaces_count": 1,
        "users_count": 0,
        "warehouses_count": 1,
        "branches_count": 2,
        "tags_count": 0,
        "tenants_count": 1,
        "scope": "tenant",
    }


def test_stats_of_the_system_add_all_tenants_up(call: Call, catalog: str, root: str) -> None:
    tenant = call("POST", "/tenants", {"name": "acme"}).get_json()["id"]
    other = {"name": "w", "storage_config": {"file.root": f"{root}2"}}
    call("POST", "/warehouses", other, X_Pangolin_Tenant=tenant)
    counts = call("GET", "/dashboard/stats?scope=system").get_json()
    assert (counts["tenants_count"], counts["warehouses_count"]) == (2, 2)
    assert (counts["catalogs_count"], counts["users_count"], counts["scope"]) == (1, 1, "system")


def test_names_are_judged_one_by_one(call: Call, catalog: str) -> None:
    body = {"resource_type": "catalog", "names": ["lake", "sea", "a b", "oauth", "sea"]}
    results = call("POST", "/validate/names", body).get_json()["results"]
    assert [(row["name"], row["available"]) for row in results] == [
        ("lake", False),
        ("sea", True),
        ("a b", False),
        ("oauth", False),
        ("sea", True),
    ]
    assert results[0]["reason"] == "a catalog of this name exists"
    assert results[1]["reason"] is None
    body = {"resource_type": "warehouse", "names": ["w", "a b"]}
    results = call("POST", "/validate/names", body).get_json()["results"]
    assert [row["available"] for row in results] == [False, True]


def test_names_of_something_else_are_refused(call: Call) -> None:
    body = {"resource_type": "planet", "names": []}
    assert message(call("POST", "/validate/names", body), 400).startswith("resource_type")
    many = {"resource_type": "catalog", "names": ["a"] * 1001}
    assert message(call("POST", "/validate/names", many), 400).startswith("names")


def test_plugins_are_listed_with_their_schemes(call: Call) -> None:
    rows = {row["name"]: row for row in call("GET", "/plugins").get_json()}
    assert rows["local_files"]["schemes"] == ["file"]
    assert rows["local_files"]["hooks"] == ["pangolin_object_stores"]
    assert rows["local_files"]["distribution"] == "pangolin"


def test_app_config_needs_no_credential(client: FlaskClient) -> None:
    del client.environ_base["HTTP_AUTHORIZATION"]
    assert client.get("/api/v1/app-config").get_json() == {"auth_enabled": True}
    assert client.get("/api/v1/plugins").status_code == 401


def test_app_config_tells_of_a_server_without_authentication(tmp_path: Path) -> None:
    app = create_app(Settings(store_url="memory:", no_auth=True, data_dir=str(tmp_path)))
    initialise(app.extensions["pangolin"].runtime)
    assert app.test_client().get("/api/v1/app-config").get_json() == {"auth_enabled": False}
