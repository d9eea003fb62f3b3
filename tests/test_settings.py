"""Settings come from the environment once, and a bad one is refused by name."""

from pathlib import Path

import pytest

from pangolin.errors import BadRequest
from pangolin.settings import Settings, masked_url, unknown_variables


def test_every_setting_has_a_help_text() -> None:
    fields = Settings.__dataclass_fields__.values()
    assert all(field.metadata["help"].endswith(".") for field in fields)


def test_values_are_read_by_the_type_of_their_default() -> None:
    environ = {
        "PANGOLIN_PORT": "9000",
        "PANGOLIN_NO_AUTH": "Yes",
        "PANGOLIN_REQUEST_TIMEOUT": "1.5",
        "PANGOLIN_FILE_ROOTS": "/a:/b",
        "PANGOLIN_DISABLED_PLUGINS": "x, y,",
        "PANGOLIN_STORE_URL": "memory:",
    }
    found = Settings.from_environ(environ)
    assert (found.port, found.no_auth, found.request_timeout) == (9000, True, 1.5)
    assert (found.file_roots, found.disabled_plugins) == (("/a", "/b"), ("x", "y"))


def test_what_is_given_wins_over_the_environment() -> None:
    assert Settings.from_environ({"PANGOLIN_PORT": "9000"}, port=1).port == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "x"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("NO_AUTH", "maybe"),
        ("THREADS", "0"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
        ("REQUEST_TIMEOUT", "0"),
        ("REQUEST_TIMEOUT", "nan"),
        ("MAX_PAGE_SIZE", "0"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadRequest, match=f"PANGOLIN_{name}"):
        Settings.from_environ({f"PANGOLIN_{name}": value})


def test_without_a_store_the_quick_start_fills_in_its_places(tmp_path: Path) -> None:
    found = Settings.from_environ({"PANGOLIN_DATA_DIR": str(tmp_path)})
    assert found.file_roots == (str(tmp_path / "warehouse"),)
    assert found.default_catalog == "lakehouse"
    assert found.effective_store_url == f"sqlite:///{tmp_path}/pangolin.db"


def test_with_a_store_of_its_own_nothing_is_filled_in() -> None:
    found = Settings.from_environ({"PANGOLIN_STORE_URL": "memory:"})
    assert (found.file_roots, found.default_catalog) == ((), "")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///a/b.db", "sqlite:///a/b.db"),
        ("postgresql://u:p@ss@host/db?password=x", "postgresql://u:***@host/db?***"),
        ("mongodb://u@a,b/db", "mongodb://u:***@a,b/db"),
        ("", ""),
    ],
)
def test_a_store_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert masked_url(url) == shown


def test_a_misspelt_variable_is_reported_with_the_nearest_setting() -> None:
    environ = {"PANGOLIN_PROT": "1", "PANGOLIN_PORT": "2", "HOME": "/", "PANGOLIN_TEST_X": "y"}
    [found] = unknown_variables(environ)
    assert (found.name, found.nearest) == ("PANGOLIN_PROT", "PANGOLIN_PORT")
    assert str(found) == (
        "PANGOLIN_PROT is not a setting and has no effect; did you mean PANGOLIN_PORT?"
    )


def test_a_variable_like_no_setting_is_reported_too() -> None:
    [found] = unknown_variables({"PANGOLIN_": "x"})
    assert (found.nearest, found.remedy) == ("", "see `pangolin settings`")


def test_a_secret_that_warehouses_may_refer_to_is_no_misspelt_setting() -> None:
    environ = {"PANGOLIN_S3_KEY": "x", "PANGOLIN_SECRET_REFERENCES": "env:PANGOLIN_S3_KEY"}
    assert unknown_variables(environ) == []
