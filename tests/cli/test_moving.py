"""`pangolin copy`, `export`, `import`, `upgrade` and `doctor --store` as an operator runs them."""

import json
from pathlib import Path

import pytest

from pangolin.registry import Registry
from pangolin.services.operations.layout import write_layout
from pangolin.services.operations.migrations import newest
from pangolin.settings import Settings
from tests.command_line import run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An initialised installation on SQLite."""
    monkeypatch.setenv("PANGOLIN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PANGOLIN_ROOT_PASSWORD", "correct horse")
    assert run("init").exit_code == 0
    return tmp_path


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def test_copy_moves_an_installation_and_proves_it(home: Path) -> None:
    done = run("copy", url(home / "pangolin.db"), url(home / "other.db"))
    assert done.exit_code == 0, done.output
    assert "counts and digests agree" in done.output
    again = run("copy", url(home / "pangolin.db"), url(home / "other.db"))
    assert again.exit_code == 2 and "not empty" in again.output


def test_copy_to_a_scheme_nobody_serves_lists_what_is_installed(home: Path) -> None:
    done = run("copy", url(home / "pangolin.db"), "oracle://x")
    assert done.exit_code == 2 and "sqlite" in done.output


def test_export_and_import_bring_a_lost_store_back(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = home / "backup.jsonl"
    assert run("export", str(backup)).exit_code == 0
    monkeypatch.setenv("PANGOLIN_STORE_URL", url(home / "restored.db"))
    done = run("import", str(backup), "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["tenant"] == 1
    assert run("upgrade").output.startswith(f"layout {newest()} is up to date")


def test_a_damaged_backup_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = home / "backup.jsonl"
    run("export", str(backup))
    backup.write_bytes(backup.read_bytes()[:-20])
    monkeypatch.setenv("PANGOLIN_STORE_URL", url(home / "restored.db"))
    done = run("import", str(backup))
    assert done.exit_code == 2 and "damaged" in done.output


def test_a_server_on_an_older_layout_says_so_and_exits_2(home: Path) -> None:
    store = Registry(Settings.from_environ()).open_store(url(home / "pangolin.db"))
    write_layout(store, newest() - 1)
    store.close()
    done = run("serve")
    assert done.exit_code == 2 and "pangolin upgrade" in done.output
    assert f"layout {newest()}: " in run("upgrade", "--dry-run").output
    assert run("serve").exit_code == 2
    assert run("upgrade").exit_code == 0
    assert "up to date" in run("upgrade").output


def test_doctor_measures_the_store_and_proves_its_rules(home: Path) -> None:
    done = run("doctor", "--store", "--json")
    assert done.exit_code == 0, done.output
    parts = [row["part"] for row in json.loads(done.output)]
    assert any(part.startswith("read of one record: ") for part in parts)
    assert "batches hold their preconditions" in parts
