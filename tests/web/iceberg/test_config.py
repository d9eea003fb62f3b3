"""`GET /v1/config` and the forms of the base URI."""

from flask import Flask
from werkzeug.test import TestResponse

from pangolin.web.iceberg.endpoints import endpoints_of
from tests.web.iceberg.conftest import Call


def error_of(answer: TestResponse) -> tuple[int, str]:
    error = answer.get_json()["error"]
    assert error["code"] == answer.status_code
    return error["code"], error["type"]


def test_config_answers_the_prefix_of_the_named_catalog(call: Call) -> None:
    found = call("GET", "/config?warehouse=lake").get_json()
    assert found["overrides"] == {"prefix": "lake"}
    assert found["defaults"] == {}
    assert found["idempotency-key-lifetime"] == "PT30M"


def test_config_answers_a_ref_as_part_of_the_prefix(call: Call) -> None:
    found = call("GET", "/config?warehouse=lake@main").get_json()
    assert found["overrides"] == {"prefix": "lake"}
    assert error_of(call("GET", "/config?warehouse=lake@x")) == (404, "NoSuchWarehouseException")


def test_config_refuses_an_unknown_catalog_and_none_at_all(call: Call) -> None:
    assert error_of(call("GET", "/config?warehouse=x")) == (404, "NoSuchWarehouseException")
    assert error_of(call("GET", "/config")) == (400, "BadRequestException")


def test_a_base_uri_that_names_the_catalog_gets_no_prefix(call: Call) -> None:
    assert call("GET", "/lake/v1/config").get_json()["overrides"] == {}
    assert call("GET", "/lake/v1/namespaces").status_code == 200
    assert call("GET", "/lake/v1/lake/namespaces").status_code == 200


def test_config_without_a_credential_is_401(app: Flask, catalog: str) -> None:
    answer = app.test_client().get("/v1/config?warehouse=lake")
    assert error_of(answer) == (401, "NotAuthorizedException")


BELOW = "/v1/{prefix}/namespaces"
NAMESPACE = BELOW + "/{namespace}"
TABLE = NAMESPACE + "/tables/{table}"
VIEW = NAMESPACE + "/views/{view}"
ENDPOINTS = (
    f"GET {BELOW}",
    f"POST {BELOW}",
    f"GET {NAMESPACE}",
    f"HEAD {NAMESPACE}",
    f"DELETE {NAMESPACE}",
    f"POST {NAMESPACE}/properties",
    f"GET {NAMESPACE}/tables",
    f"POST {NAMESPACE}/tables",
    f"GET {TABLE}",
    f"HEAD {TABLE}",
    f"POST {TABLE}",
    f"DELETE {TABLE}",
    f"POST {TABLE}/unregister",
    f"POST {TABLE}/metrics",
    f"GET {TABLE}/credentials",
    f"POST {TABLE}/sign",
    f"POST {NAMESPACE}/register",
    "POST /v1/{prefix}/tables/rename",
    "POST /v1/{prefix}/transactions/commit",
    f"GET {NAMESPACE}/views",
    f"POST {NAMESPACE}/views",
    f"GET {VIEW}",
    f"HEAD {VIEW}",
    f"POST {VIEW}",
    f"DELETE {VIEW}",
    f"POST {NAMESPACE}/register-view",
    "POST /v1/{prefix}/views/rename",
)


def test_the_advertised_endpoints_are_those_of_the_protocol(app: Flask) -> None:
    offered = endpoints_of(app)
    assert sorted(offered) == sorted(ENDPOINTS)


def test_every_advertised_endpoint_is_routed_and_none_is_left_out(app: Flask) -> None:
    routed = {
        f"{method} {_spelled(rule.rule)}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/v1/<prefix>/")
        for method in (rule.methods or set()) - {"OPTIONS"}
    }
    unlisted = {"GET /v1/{prefix}/config", "HEAD /v1/{prefix}/config"}
    # A client asks for a token before it knows what is on offer.
    expected = set(ENDPOINTS) | unlisted | {"POST /v1/{prefix}/oauth/tokens"}
    lists = {e.replace("GET", "HEAD", 1) for e in ENDPOINTS if e.startswith("GET")}
    assert set(ENDPOINTS) <= routed
    assert routed - lists <= expected


def _spelled(rule: str) -> str:
    rule = rule.replace("<namespace:", "<")
    return rule.replace("<", "{").replace(">", "}")
