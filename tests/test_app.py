"""The factory touches nothing, and health tells the truth."""

import runpy
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pangolin.app import create_app
from pangolin.errors import Unavailable
from pangolin.services.context.runtime import Runtime
from pangolin.services.operations import doctor
from pangolin.settings import Settings

ROOT = Path(__file__).parents[1]


def test_the_factory_touches_no_disk(tmp_path: Path) -> None:
    create_app(Settings(data_dir=str(tmp_path / "data"), store_url="memory:"))
    assert list(tmp_path.iterdir()) == []


def test_the_wsgi_module_offers_an_application(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANGOLIN_STORE_URL", "memory:")
    monkeypatch.setattr("pangolin.web.http.logs.configure", lambda settings: None)
    assert isinstance(runpy.run_path(str(ROOT / "wsgi.py"))["app"], Flask)


def test_an_application_keeps_its_parts_to_itself(settings: Settings) -> None:
    one, two = create_app(settings), create_app(settings)
    assert one.extensions["pangolin"].runtime.store is not two.extensions["pangolin"].runtime.store


def test_liveness_touches_nothing(settings: Settings) -> None:
    assert create_app(settings).test_client().get("/health/live").status_code == 200


def test_readiness_names_the_store_when_it_is_away(
    client: FlaskClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise Unavailable("no route to database")

    monkeypatch.setattr(runtime.store, "ping", away)
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.get_json()["store"] == "unreachable"
    assert "store is down" in answer.get_json()["error"]


def test_readiness_does_not_depend_on_a_tenants_warehouse(
    client: FlaskClient, runtime: Runtime, tmp_path: Path
) -> None:
    place = tmp_path / "files"
    place.mkdir()
    body = {"name": "files", "storage_config": {"type": "file", "file.root": str(place)}}
    assert client.post("/api/v1/warehouses", json=body).status_code == 201
    place.rename(tmp_path / "moved")
    place.write_text("in the way")
    wrong = [finding.part for finding in doctor.check_runtime(runtime) if not finding.fine]
    assert wrong == ["warehouse files"]
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ready", "store": "ok"})
