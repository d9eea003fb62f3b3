"""`pangolin upgrade` and `pangolin secrets rotate`, as an operator runs them on warehouses."""

import json
from pathlib import Path

import pytest

from pangolin.cli.sessions import opened_server
from pangolin.services.context.context import system_context
from pangolin.services.operations.layout import write_layout
from pangolin.services.sealing import keyring
from pangolin.services.storage import warehouse_secrets
from pangolin.services.warehouses import warehouses
from pangolin.settings import Settings
from pangolin.store.api import Put
from pangolin.store.kinds import WAREHOUSE
from tests.command_line import run
from tests.warehouses.conftest import S3, SECRET


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation on SQLite of layout 2, with a warehouse whose secret is in clear."""
    monkeypatch.setenv("PANGOLIN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PANGOLIN_ROOT_PASSWORD", "correct horse")
    monkeypatch.setenv("PANGOLIN_WAREHOUSE_CHECKS", "off")
    run("init")
    with opened_server(Settings.from_environ()) as server:
        ctx = system_context(server.runtime)
        warehouses.create(ctx, {"name": "s", "storage_config": S3})
        found = warehouses.find(ctx, "s")
        clear = warehouse_secrets.plain(server.runtime, found.doc, ctx.tenant)
        del clear["secrets"]
        server.runtime.store.apply(Put(WAREHOUSE, clear, found.version))
        write_layout(server.runtime.store, 2)
    return tmp_path


def in_database(home: Path) -> bool:
    files = [path.read_bytes() for path in home.glob("pangolin.db*")]
    return any(SECRET.encode() in content for content in files)


def config() -> dict[str, str]:
    with opened_server(Settings.from_environ()) as server:
        found = warehouses.find(system_context(server.runtime), "s")
        return dict(warehouse_secrets.as_plugin(server.runtime, found).config)


def test_upgrade_seals_what_is_in_clear(home: Path) -> None:
    assert "sealed (1 records)" in run("upgrade", "--dry-run").output
    assert in_database(home)
    assert (
        "layout 3: secrets of warehouses and settings are sealed (1 records)"
        in run("upgrade").output
    )
    assert "up to date" in run("upgrade").output
    assert config() == S3


def test_rotate_seals_warehouses_anew(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("upgrade")
    old, new = (home / keyring.KEY_FILE).read_text().strip(), keyring.new_key()
    monkeypatch.setenv("PANGOLIN_SECRET_KEYS", f"{new},{old}")
    done = {row["kind"]: row for row in json.loads(run("secrets", "rotate", "--json").output)}
    assert (done["warehouse"]["resealed"], done["warehouse"]["current"]) == (1, 0)
    monkeypatch.setenv("PANGOLIN_SECRET_KEYS", new)
    assert config() == S3
