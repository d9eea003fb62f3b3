"""`pangolin audit export` and `verify`, and a log that was moved, as an operator runs them."""

import json
from pathlib import Path

import pytest

from pangolin.app import create_app
from pangolin.registry import Registry
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.settings import Settings
from pangolin.store.api import ANY, Delete, Put
from pangolin.store.kinds import AUDIT
from tests.command_line import run
from tests.headers import basic

PASSWORD = "correct horse"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation on SQLite in which root has made three tenants."""
    monkeypatch.setenv("PANGOLIN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PANGOLIN_ROOT_PASSWORD", PASSWORD)
    assert run("init").exit_code == 0
    app = create_app(Settings.from_environ())
    client = app.test_client()
    for name in ("a", "b", "c"):
        headers = {"Authorization": basic("root", PASSWORD)}
        made = client.post("/api/v1/tenants", json={"name": name}, headers=headers)
        assert made.status_code == 201, made.text
    app.extensions["pangolin"].runtime.store.close()
    return tmp_path


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def tamper(path: Path, *, remove: bool) -> None:
    """Change the last record, or take it out."""
    store = Registry(Settings.from_environ()).open_store(url(path))
    *_, last = store.scan(AUDIT)
    change = Delete(AUDIT, AUDIT.key_of(last.doc)) if remove else None
    store.apply(change or Put(AUDIT, last.doc | {"username": "nobody"}, ANY))
    store.close()


def names(lines: str) -> list[str]:
    rows = [json.loads(line) for line in lines.splitlines()]
    return [row["resource_name"] for row in rows if row["action"] == "create_tenant"]


def test_export_writes_records_oldest_first_with_their_signatures(home: Path) -> None:
    done = run("audit", "export")
    assert done.exit_code == 0, done.output
    assert names(done.output) == ["a", "b", "c"]
    row = json.loads(done.output.splitlines()[0])
    assert len(row["mac"]) == 64 and row["timestamp"].endswith("+00:00")


def test_export_goes_to_a_file_and_knows_days_and_tenants(home: Path) -> None:
    file = home / "audit.jsonl"
    assert run("audit", "export", str(file), "--tenant", "default").exit_code == 0
    assert names(file.read_text()) == ["a", "b", "c"]
    assert run("audit", "export", "--until", "2001-01-01").output == ""
    assert names(run("audit", "export", "--since", "2001-01-01T00:00:00Z").output) == list("abc")
    assert run("audit", "export", "--tenant", "nobody").exit_code == 2


def test_verify_counts_and_gives_the_digest_of_a_whole_log(home: Path) -> None:
    done = run("audit", "verify")
    assert done.exit_code == 0, done.output
    assert f"tenant {DEFAULT_TENANT}: 3 records in 1 segments, head " in done.output
    row = json.loads(run("audit", "verify", "--json", "--tenant", DEFAULT_TENANT).output)
    assert (row["records"], row["broken"], len(row["digest"])) == (3, None, 64)


def test_verify_names_the_first_broken_record_and_exits_1(home: Path) -> None:
    tamper(home / "pangolin.db", remove=False)
    done = run("audit", "verify")
    assert done.exit_code == 1
    assert done.output.startswith(f"BROKEN tenant {DEFAULT_TENANT}, segment ")
    assert "record 3 (" in done.output
    broken = json.loads(run("audit", "verify", "--json").output)["broken"]
    assert broken["number"] == 3


def test_verify_against_heads_kept_elsewhere_misses_what_was_cut_off(home: Path) -> None:
    heads = home / "heads"
    assert run("audit", "verify", "--keep", str(heads)).exit_code == 0
    tamper(home / "pangolin.db", remove=True)
    assert run("audit", "verify").exit_code == 0
    done = run("audit", "verify", "--against", str(heads))
    assert (done.exit_code, "ends with record 2" in done.output) == (1, True)
    heads.write_text("rubbish\n")
    assert run("audit", "verify", "--against", str(heads)).exit_code == 2


def test_a_restored_export_verifies(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = run("audit", "verify", "--json").output
    backup = home / "backup.jsonl"
    assert run("export", str(backup)).exit_code == 0
    monkeypatch.setenv("PANGOLIN_STORE_URL", url(home / "restored.db"))
    done = run("import", str(backup))
    assert done.exit_code == 0, done.output
    assert run("audit", "verify", "--json").output == before


def test_a_copied_installation_verifies(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = run("audit", "verify", "--json").output
    target = url(home / "other.db")
    assert run("copy", url(home / "pangolin.db"), target).exit_code == 0
    monkeypatch.setenv("PANGOLIN_STORE_URL", target)
    assert run("audit", "verify", "--json").output == before


def test_the_export_of_one_tenant_leaves_the_log_where_it_can_be_proved(home: Path) -> None:
    done = run("export", "--tenant", DEFAULT_TENANT)
    assert done.exit_code == 0
    assert '"kind":"audit' not in done.output
