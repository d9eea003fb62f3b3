"""Routing on raw paths: names keep their slashes, and the aliases of the Iceberg API fold."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask, request
from hypothesis import example, given
from hypothesis import strategies as st

from pangolin.web.http import access_log, errors, raw_path

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)
Ask = Callable[..., Any]


def make_app() -> Flask:
    app = Flask("routes", static_folder=None)
    raw_path.install(app)
    access_log.install(app)
    errors.install(app)

    @app.get("/v1/<prefix>/namespaces/<namespace:levels>/tables/<table>")
    def table(prefix: str, levels: tuple[str, ...], table: str) -> dict[str, Any]:
        base = request.environ.get(raw_path.BASE_CATALOG)
        return {"prefix": prefix, "levels": list(levels), "table": table, "base": base}

    @app.get("/v1/config")
    def config() -> dict[str, Any]:
        return {"base": request.environ.get(raw_path.BASE_CATALOG)}

    @app.get("/api/v1/things/<name>")
    def thing(name: str) -> dict[str, Any]:
        return {"name": name}

    @app.get("/api/v1/files/<path:name>")
    def file(name: str) -> dict[str, Any]:
        return {"name": name}

    return app


CLIENT = make_app().test_client()


def ask(path: str, **more: Any) -> Any:
    answer = CLIENT.get(path, **more)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


@given(NAMES, st.lists(NAMES, min_size=1, max_size=4), NAMES)
@example("c", ["a/b", "c.d", "%2F", "+ ", "😀", "..", "?#"], "x/../y")
def test_any_name_survives_percent_encoding(prefix: str, levels: list[str], name: str) -> None:
    joined = "%1F".join(quote(level, safe="") for level in levels)
    path = f"/v1/{quote(prefix, safe='')}/namespaces/{joined}/tables/{quote(name, safe='')}"
    found = ask(path)
    assert (found["prefix"], found["levels"], found["table"]) == (prefix, levels, name)


def test_a_plus_is_a_blank_in_iceberg_paths_only() -> None:
    assert ask("/v1/c/namespaces/a+b/tables/c%2Bd")["levels"] == ["a b"]
    assert ask("/v1/c/namespaces/a+b/tables/c%2Bd")["table"] == "c+d"
    assert ask("/api/v1/things/a+b")["name"] == "a+b"


def test_names_that_a_client_left_unencoded_are_read_as_they_are() -> None:
    assert ask("/v1/c/namespaces/n/tables/größe und")["table"] == "größe und"


def test_the_namespace_separator_may_be_lower_case() -> None:
    assert ask("/v1/c/namespaces/a%1fb/tables/t")["levels"] == ["a", "b"]


def test_a_path_converter_decodes_and_keeps_slashes() -> None:
    assert ask("/api/v1/files/a/b%2Fc/d%20e")["name"] == "a/b/c/d e"


@pytest.mark.parametrize("segment", ["%FF", "%zz", "a%", "%2"])
def test_a_segment_that_cannot_be_decoded_is_400(segment: str) -> None:
    answer = CLIENT.get(f"/api/v1/things/{segment}")
    assert answer.status_code == 400
    assert answer.get_json()["error"]["type"] == "BadRequestException"


def test_the_iceberg_alias_folds() -> None:
    assert ask("/iceberg/v1/c/namespaces/n/tables/t")["prefix"] == "c"
    assert ask("/iceberg/v1/config") == {"base": None}


def test_a_base_uri_that_names_the_catalog_folds() -> None:
    assert ask("/v1/lake/v1/config") == {"base": "lake"}
    found = ask("/v1/lake/v1/namespaces/n/tables/t")
    assert (found["prefix"], found["base"]) == ("lake", "lake")


def test_a_repeated_prefix_folds() -> None:
    assert ask("/v1/lake/v1/lake/namespaces/n/tables/t")["prefix"] == "lake"


def test_a_catalog_named_v1_is_reached() -> None:
    assert ask("/v1/v1/namespaces/n/tables/t")["prefix"] == "v1"


def test_a_catalog_named_namespaces_is_reached_by_its_base_uri() -> None:
    found = ask("/v1/namespaces/v1/namespaces/namespaces/n/tables/t")
    assert found["prefix"] == "namespaces"


@pytest.mark.parametrize("path", ["/v1/config/", "//v1/config", "/v1//config", "/", "/v1"])
def test_nothing_redirects_and_an_unknown_path_is_404(path: str) -> None:
    answer = CLIENT.get("/", environ_overrides={"RAW_URI": path, "REQUEST_URI": path})
    assert answer.status_code == 404
    assert answer.get_json()["error"]["type"] == "NoSuchEndpointException"


def test_without_a_raw_uri_the_decoded_path_serves() -> None:
    overrides = {"RAW_URI": "", "REQUEST_URI": "", "PATH_INFO": "/api/v1/things/a b"}
    assert CLIENT.get("/", environ_overrides=overrides).get_json() == {"name": "a b"}


def test_the_absolute_form_and_a_mount_point_are_stripped() -> None:
    overrides = {"RAW_URI": "http://host:1/in/api/v1/things/x%2Fy?q=1", "SCRIPT_NAME": "/in"}
    answer = CLIENT.get("/", environ_overrides=overrides)
    assert answer.get_json() == {"name": "x/y"}


def test_urls_are_built_encoded() -> None:
    adapter = make_app().url_map.bind("host")
    values = {"prefix": "a/b", "levels": ("x", "y/z"), "table": "t"}
    assert adapter.build("table", values) == "/v1/a%2Fb/namespaces/x%1Fy%2Fz/tables/t"
