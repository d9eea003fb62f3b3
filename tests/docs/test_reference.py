"""The reference is what the code says, and leaves nothing out."""

from dataclasses import fields

import pytest

from docs import generate
from docs.generators.endpoints import APIS, operations
from docs.generators.errors import errors
from docs.generators.hooks import hooks
from pangolin import plugin
from pangolin.cli import main
from pangolin.registry import Registry
from pangolin.settings import PREFIX, Settings


def page(name: str) -> str:
    """Read a page of the reference."""
    return (generate.REFERENCE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(generate.PAGES))
def test_a_page_is_what_the_code_says(name: str) -> None:
    assert page(name) == generate.PAGES[name](), "run `python -m docs.generate`"


def test_every_setting_is_listed() -> None:
    for item in fields(Settings):
        assert f"`{PREFIX}{item.name.upper()}`" in page("settings.md")


def test_every_hook_is_listed() -> None:
    assert len(hooks()) == 8
    for name in hooks():
        assert f"## `{name}`" in page("hooks.md")


def test_everything_a_plugin_may_import_is_listed_with_what_it_is() -> None:
    rows = [line for line in page("hooks.md").splitlines() if line.startswith("| `")]
    for name in plugin.__all__:
        assert any(row.startswith(f"| `{name}` | ") and len(row) > len(name) + 12 for row in rows)


def test_every_error_is_listed() -> None:
    assert errors()
    for error in errors():
        row = f"| {error.status} | `{error.type}` | `{error.__module__}.{error.__name__}` |"
        assert row in page("errors.md")


def test_every_command_and_option_is_listed() -> None:
    for name, command in main.commands.items():
        section = page("commands.md").split(f"## `pangolin {name}`")[1].split("\n## ")[0]
        for parameter in command.params:
            assert all(option in section for option in parameter.opts if option.startswith("--"))


@pytest.mark.parametrize("api", APIS)
def test_every_endpoint_is_listed(api: str) -> None:
    found = list(operations(api))
    assert found
    for method, path, _ in found:
        assert f"| `{method} {path}` |" in page("endpoints.md")


def test_every_option_of_an_installed_object_store_is_listed() -> None:
    backends = Registry(Settings(store_url="memory:")).object_backends
    assert {"file", "s3"} <= set(backends)
    for backend in backends.values():
        for option in backend.options:
            assert f"| `{option.name}` |" in page("object-stores.md")
