"""`pangolin keys`, `pangolin secrets` and `pangolin root` as an operator runs them."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from pangolin.app import build_server
from pangolin.errors import Unauthorized
from pangolin.services.login.password_login import Attempt, login
from pangolin.services.sealing import keyring
from pangolin.settings import Settings
from pangolin.store.kinds import (
    AUDIT,
    ROOT_HOME,
    SERVER_SECRET,
    SIGNING_KEY,
    TENANT_SETTINGS,
    WAREHOUSE,
)
from tests.command_line import run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An initialised installation on SQLite, whose root has a random password."""
    for name, value in (("TIME_COST", 1), ("MEMORY_KIB", 8192), ("PARALLELISM", 1)):
        monkeypatch.setenv(f"PANGOLIN_ARGON2_{name}", str(value))
    monkeypatch.setenv("PANGOLIN_DATA_DIR", str(tmp_path))
    assert run("init").exit_code == 0
    return tmp_path


def asked(*words: str) -> Result:
    done = run(*words)
    assert done.exit_code == 0, done.output
    return done


def audited() -> list[str]:
    server = build_server(Settings.from_environ())
    found = [str(record.doc["action"]) for record in server.runtime.store.scan(AUDIT)]
    server.runtime.store.close()
    return found


def sign_in(password: str) -> None:
    server = build_server(Settings.from_environ())
    try:
        assert login(server.runtime, Attempt(ROOT_HOME, "root", password)).issued.token
    finally:
        server.runtime.store.close()


def test_keys_are_listed_rotated_and_revoked(home: Path) -> None:
    [first] = json.loads(asked("keys", "list", "--json").output)
    fresh = json.loads(asked("keys", "rotate", "--json").output)["kid"]
    listed = asked("keys", "list").output.splitlines()
    assert listed[0].startswith(first["kid"]) and "signs" not in listed[0]
    assert listed[1].startswith(fresh) and listed[1].endswith("signs")
    assert "refused" in asked("keys", "revoke", first["kid"]).output
    assert [row["kid"] for row in json.loads(asked("keys", "list", "--json").output)] == [fresh]
    assert audited() == ["rotate_keys", "revoke_key"]


def test_the_last_key_and_an_unknown_one_are_not_revoked(home: Path) -> None:
    [only] = json.loads(asked("keys", "list", "--json").output)
    for kid, why in ((only["kid"], "rotate first"), ("nobody", "does not exist")):
        done = run("keys", "revoke", kid)
        assert done.exit_code == 2 and why in done.output


def test_root_gets_a_new_password_once(home: Path) -> None:
    first = json.loads(asked("root", "reset", "--json").output)
    sign_in(first["password"])
    second = asked("root", "reset").output.split("password ")[1].split(" ")[0]
    sign_in(second)
    with pytest.raises(Unauthorized):
        sign_in(first["password"])
    assert "update_user" in audited()


def test_root_is_not_reset_while_a_setting_decides(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANGOLIN_ROOT_PASSWORD", "correct horse")
    done = run("root", "reset")
    assert done.exit_code == 2 and "PANGOLIN_ROOT_PASSWORD" in done.output


def test_a_new_key_is_one_that_the_setting_takes(home: Path) -> None:
    key = asked("secrets", "new-key").output.strip()
    assert keyring.parse(key).primary == key.partition(":")[0]
    assert asked("secrets", "new-key").output.strip() != key


def test_secrets_are_sealed_anew_with_the_first_key(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked("keys", "rotate")
    old, new = (home / keyring.KEY_FILE).read_text().strip(), keyring.new_key()
    monkeypatch.setenv("PANGOLIN_SECRET_KEYS", f"{new},{old}")
    done = json.loads(asked("secrets", "rotate", "--json").output)
    assert {each["kind"]: each["resealed"] for each in done} == {
        SIGNING_KEY.name: 2,
        SERVER_SECRET.name: 1,
        WAREHOUSE.name: 0,
        TENANT_SETTINGS.name: 0,
    }
    again = json.loads(asked("secrets", "rotate", "--json").output)
    assert [each["resealed"] for each in again] == [0, 0, 0, 0]
    assert "2 already current" in asked("secrets", "rotate").output
    # The old key is not needed any more.
    monkeypatch.setenv("PANGOLIN_SECRET_KEYS", new)
    sign_in(json.loads(asked("root", "reset", "--json").output)["password"])
    assert "reseal_secrets" in audited()


def test_a_missing_key_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANGOLIN_SECRET_KEYS", keyring.new_key())
    done = run("secrets", "rotate")
    assert done.exit_code == 2 and "PANGOLIN_SECRET_KEYS lacks" in done.output


@pytest.mark.parametrize(
    "words", [("keys", "list"), ("keys", "rotate"), ("root", "reset"), ("secrets", "rotate")]
)
def test_an_empty_store_is_not_filled_by_accident(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PANGOLIN_DATA_DIR", str(tmp_path))
    done = run(*words)
    assert done.exit_code == 2 and "pangolin init" in done.output
