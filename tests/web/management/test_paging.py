"""Lists: bare arrays, pages, and the Link to the next one."""

import re

import pytest
from flask.testing import FlaskClient

from tests.answers import message
from tests.worlds.management import Call

NAMES = ["a", "b", "c", "d", "e"]


@pytest.fixture(autouse=True)
def catalogs(call: Call, warehouse: str) -> None:
    for name in NAMES:
        made = call("POST", "/catalogs", {"name": name, "warehouse": warehouse})
        assert made.status_code == 201


def names(call: Call, query: str) -> list[str]:
    return [row["name"] for row in call("GET", f"/catalogs{query}").get_json()]


def follow(client: FlaskClient, path: str | None) -> list[list[str]]:
    pages = []
    while path:
        answer = client.get(path)
        pages.append([row["name"] for row in answer.get_json()])
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("Link", ""))
        path = link[1] if link else None
    return pages


def test_a_list_without_a_limit_is_whole_and_has_no_next_page(call: Call) -> None:
    answer = call("GET", "/catalogs")
    assert [row["name"] for row in answer.get_json()] == NAMES
    assert "Link" not in answer.headers


def test_links_lead_through_all_pages(client: FlaskClient) -> None:
    pages = follow(client, "/api/v1/catalogs?limit=2")
    assert pages[:2] == [["a", "b"], ["c", "d"]]
    assert [name for page in pages for name in page] == NAMES


def test_a_link_keeps_the_rest_of_the_query(call: Call, client: FlaskClient) -> None:
    for name in ("dev", "next"):
        call("POST", "/branches", {"name": name, "catalog": "a"})
    pages = follow(client, "/api/v1/branches?catalog=a&limit=1")
    assert [name for page in pages for name in page] == ["dev", "main", "next"]


def test_rows_that_come_and_go_neither_repeat_nor_hide_others(
    call: Call, client: FlaskClient
) -> None:
    first = client.get("/api/v1/catalogs?limit=2")
    call("DELETE", "/catalogs/b")
    call("POST", "/catalogs", {"name": "aa", "warehouse": "w"})
    link = first.headers["Link"].split(">")[0][1:]
    assert [name for page in follow(client, link) for name in page] == ["c", "d", "e"]


def test_older_clients_page_by_offset(call: Call) -> None:
    assert names(call, "?limit=2&offset=0") == ["a", "b"]
    assert names(call, "?limit=2&offset=3") == ["d", "e"]
    assert names(call, "?offset=4") == ["e"]
    assert names(call, "?offset=5") == names(call, "?offset=999999") == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit must be 1 to 1000"),
        ("limit=x", "limit"),
        ("offset=-1", "offset"),
        ("page_token=x", "page_token"),
        ("page_token=WzFd", "page_token"),
        ("page_token=%C3%A9", "page_token"),
        ("page_token=WyJhIl0&offset=1", "page_token and offset"),
        ("limt=1", "limt: Unknown field"),
    ],
)
def test_a_bad_page_is_refused_by_name(call: Call, query: str, said: str) -> None:
    assert said in message(call("GET", f"/catalogs?{query}"), 400)
