"""Logs and metrics: enough to follow a request, and never a secret."""

import json
import logging
import re
from dataclasses import replace

from flask.testing import FlaskClient

from pangolin.services.context import metrics
from pangolin.settings import Settings
from pangolin.web.http import logs
from tests.conftest import ROOT_PASSWORD
from tests.headers import basic
from tests.logged import Read


def sample(client: FlaskClient, name: str) -> float:
    text = client.get("/metrics").get_data(as_text=True)
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_a_text_line_tells_who_asked_what(
    logged: Read, settings: Settings, client: FlaskClient
) -> None:
    logs.configure(settings)
    client.get("/api/v1/users/me", headers={"X-Request-Id": "abc"})
    line = logged()
    assert re.search(r"INFO pangolin\.access \[abc\] GET /api/v1/users/me 200 [\d.]+ms root", line)


def test_a_json_line_has_the_same_fields(
    logged: Read, settings: Settings, client: FlaskClient
) -> None:
    logs.configure(replace(settings, log_format="json"))
    client.get("/api/v1/x%2Fy", headers={"X-Request-Id": "abc"})
    line = json.loads(logged())
    assert {"time", "level", "logger", "message", "ms"} <= line.keys()
    assert (line["request_id"], line["path"], line["status"]) == ("abc", "/api/v1/x%2Fy", 404)


def test_a_json_line_of_a_failure_holds_the_traceback(logged: Read, settings: Settings) -> None:
    logs.configure(replace(settings, log_format="json"))
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        logging.getLogger("x").exception("failed")
    assert "ZeroDivisionError" in json.loads(logged())["traceback"]


def test_health_checks_are_logged_at_debug_only(
    logged: Read, settings: Settings, client: FlaskClient
) -> None:
    logs.configure(settings)
    client.get("/health/live")
    assert logged() == ""


def test_no_credential_is_logged_at_any_level(
    logged: Read, settings: Settings, client: FlaskClient
) -> None:
    logs.configure(replace(settings, log_level="debug"))
    body = {"username": "root", "password": ROOT_PASSWORD}
    token = client.post("/api/v1/users/login", json=body).get_json()["token"]
    client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})
    client.get("/api/v1/users/me", headers={"Authorization": basic("root", "wrong one")})
    client.post("/api/v1/users/login", json={"username": "root", "password": "wrong one"})
    lines = logged()
    assert "POST /api/v1/users/login 200" in lines
    for secret in (ROOT_PASSWORD, token, "wrong one", basic("root", ROOT_PASSWORD)):
        assert secret not in lines


def test_requests_are_counted_by_rule_not_by_path(client: FlaskClient) -> None:
    for number in range(3):
        client.get(f"/nope/{number}")
    text = client.get("/metrics").get_data(as_text=True)
    assert "/nope/" not in text
    name = 'pangolin_http_requests_total{method="GET",route="unmatched",status="404"}'
    assert sample(client, name) >= 3


def test_an_unknown_method_is_one_label(client: FlaskClient) -> None:
    client.open("/health/live", method="BREW")
    assert 'method="BREW"' not in client.get("/metrics").get_data(as_text=True)


def test_credentials_are_counted_by_result(client: FlaskClient) -> None:
    good, bad = 'pangolin_auth_total{result="success"}', 'pangolin_auth_total{result="failure"}'
    before = sample(client, good), sample(client, bad)
    client.get("/api/v1/users/me")
    client.get("/api/v1/users/me", headers={"Authorization": "Bearer pgs_wrong"})
    assert (sample(client, good), sample(client, bad)) == (before[0] + 1, before[1] + 1)


def test_commits_and_retries_are_counted(client: FlaskClient) -> None:
    commits = 'pangolin_table_commits_total{result="conflicted"}'
    retries = "pangolin_table_commit_retries_total"
    before = sample(client, commits), sample(client, retries)
    metrics.commit("conflicted")
    metrics.commit_retried()
    assert (sample(client, commits), sample(client, retries)) == (before[0] + 1, before[1] + 1)
