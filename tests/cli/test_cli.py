"""The command line: what it prints, and how it ends."""

import json
from pathlib import Path

import pytest

from pangolin.settings import Settings
from tests.command_line import run

COMMANDS = {"serve", "init", "upgrade", "plugins", "settings", "gc", "openapi", "doctor"}


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A store in memory and a directory of the test's own."""
    monkeypatch.setenv("PANGOLIN_STORE_URL", "memory:")
    monkeypatch.setenv("PANGOLIN_DATA_DIR", str(tmp_path))
    return monkeypatch


def test_help_lists_every_command() -> None:
    printed = run("--help").stdout
    assert all(name in printed for name in COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(name: str) -> None:
    assert run(name, "--help").exit_code == 0


def test_plugins_lists_names_distributions_hooks_and_schemes() -> None:
    rows = {row["name"]: row for row in json.loads(run("plugins", "--json").stdout)}
    assert rows["memory_store"]["schemes"] == ["memory"]
    assert rows["tokens"]["hooks"] == ["pangolin_authenticate"]
    assert "memory_store" in run("plugins").stdout


def test_settings_show_every_setting_its_source_and_no_secret(
    environ: pytest.MonkeyPatch,
) -> None:
    environ.setenv("PANGOLIN_ROOT_PASSWORD", "correct horse")
    result = run("settings", "--json")
    rows = {row["name"]: row for row in json.loads(result.stdout)}
    assert rows.keys() == Settings.__dataclass_fields__.keys()
    assert rows["store_url"] | {"help": ""} == {
        "name": "store_url",
        "variable": "PANGOLIN_STORE_URL",
        "value": "memory:",
        "source": "environment",
        "help": "",
    }
    assert rows["port"]["source"] == "default"
    assert rows["root_password"]["value"] == "***"
    assert "correct horse" not in result.stdout + run("settings").stdout


def test_what_the_quick_start_filled_in_is_told(environ: pytest.MonkeyPatch) -> None:
    environ.delenv("PANGOLIN_STORE_URL")
    rows = {row["name"]: row for row in json.loads(run("settings", "--json").stdout)}
    assert rows["default_catalog"]["source"] == "quick start"


def test_init_says_what_it_did() -> None:
    notes = json.loads(run("init", "--json").stdout)["notes"]
    assert "created tenant default" in notes
    assert any("user root" in note for note in notes)


def test_upgrade_says_what_it_did() -> None:
    assert "created layout" in run("upgrade").stdout


@pytest.mark.parametrize("api", ["iceberg", "management"])
def test_openapi_prints_a_document(api: str) -> None:
    document = json.loads(run("openapi", api).stdout)
    assert document["openapi"].startswith("3.")
    assert document["paths"]


def test_gc_counts(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run("gc", "--dry-run", "--json").exit_code in (0, 1)


@pytest.mark.parametrize("command", ["serve", "init", "upgrade", "gc", "openapi"])
def test_an_unknown_store_scheme_ends_with_2_and_says_what_to_install(
    environ: pytest.MonkeyPatch, command: str
) -> None:
    environ.setenv("PANGOLIN_STORE_URL", "mongodb://host/db")
    environ.setenv("PANGOLIN_DISABLED_PLUGINS", "mongodb")
    result = run(command)
    assert result.exit_code == 2
    assert "'mongodb'" in result.stderr
    assert "memory" in result.stderr
    assert "pip install pangolin-mongodb" in result.stderr


@pytest.mark.parametrize("command", ["serve", "init"])
def test_no_auth_off_loopback_ends_with_2(environ: pytest.MonkeyPatch, command: str) -> None:
    environ.setenv("PANGOLIN_NO_AUTH", "true")
    environ.setenv("PANGOLIN_HOST", "0.0.0.0")
    result = run(command)
    assert (result.exit_code, "PANGOLIN_NO_AUTH" in result.stderr) == (2, True)


def test_serve_refuses_several_workers_on_records_in_memory() -> None:
    result = run("serve", "--workers", "2")
    assert (result.exit_code, "PANGOLIN_WORKERS" in result.stderr) == (2, True)


def test_a_bad_setting_ends_with_2(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("PANGOLIN_PORT", "many")
    assert run("settings").exit_code == 2


def test_doctor_of_an_empty_store_says_how_to_fix_it() -> None:
    result = run("doctor")
    assert result.exit_code == 1
    assert "WRONG layout" in result.stdout
    assert "pangolin init" in result.stdout


def test_doctor_reports_a_broken_plugin_instead_of_failing(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("PANGOLIN_STORE_URL", "mongodb://host/db")
    environ.setenv("PANGOLIN_DISABLED_PLUGINS", "mongodb")
    result = run("doctor", "--json")
    assert result.exit_code == 1
    wrong = [row for row in json.loads(result.stdout) if row["problem"]]
    assert "pangolin-mongodb" in wrong[0]["problem"]


def test_doctor_reports_a_bad_setting(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("PANGOLIN_LOG_LEVEL", "loud")
    result = run("doctor")
    assert (result.exit_code, "PANGOLIN_LOG_LEVEL" in result.stdout) == (1, True)


def test_a_variable_that_is_no_setting_is_reported(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("PANGOLIN_PROT", "9000")
    for_settings, for_doctor = run("settings", "--json"), run("doctor", "--json")
    assert "PANGOLIN_PROT is not a setting" in for_settings.stderr
    assert json.loads(for_settings.stdout)
    [found] = [row for row in json.loads(for_doctor.stdout) if row["part"] == "PANGOLIN_PROT"]
    assert found["remedy"] == "did you mean PANGOLIN_PORT?"


def test_a_variable_that_kubernetes_sets_does_not_fail_doctor(environ: pytest.MonkeyPatch) -> None:
    environ.delenv("PANGOLIN_STORE_URL")
    assert run("init").exit_code == 0
    environ.setenv("PANGOLIN_API_SERVICE_HOST", "10.0.0.1")
    result = run("doctor")
    assert "note  PANGOLIN_API_SERVICE_HOST" in result.stdout
    assert result.exit_code == 0, result.stdout


def test_doctor_reports_a_data_directory_that_is_a_file(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    environ.setenv("PANGOLIN_DATA_DIR", str(tmp_path / "file" / "data"))
    assert "is not writable" in run("doctor").stdout


def test_an_unknown_command_is_an_error() -> None:
    assert run("fly").exit_code == 2
