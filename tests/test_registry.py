"""Plugins are found through real entry points; each way one can be wrong is told by name."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from pangolin.errors import UnknownPlugin
from pangolin.plugin import Settings, StoreBackend, hookimpl
from pangolin.registry import BrokenPlugin, Registry

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Lay a distribution with one plugin on sys.path, as pip would."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def lay(name: str, source: str, *, distribution: str = "") -> None:
        owner = distribution or f"acme-{name}"
        module = f"plugin_of_{owner.replace('-', '_')}"
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{owner.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {owner}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[pangolin]\n{name} = {module}\n")
        made.append(module)
        importlib.invalidate_caches()

    yield lay
    for module in made:
        sys.modules.pop(module, None)


STORE = """
from pangolin.plugin import StoreBackend, hookimpl
@hookimpl
def pangolin_stores():
    return [StoreBackend(("{scheme}",), lambda url, settings: None)]
"""


def test_the_default_plugins_are_loaded() -> None:
    rows = {row.name: row for row in Registry(Settings()).plugins()}
    assert {"memory_store", "local_files", "tokens", "passwords"} <= rows.keys()
    assert rows["memory_store"].schemes == ("memory",)
    assert rows["memory_store"].hooks == ("pangolin_stores",)
    assert rows["memory_store"].distribution == "pangolin"


def test_an_installed_distribution_is_found(install: Install) -> None:
    install("flat", STORE.format(scheme="flat"))
    row = next(row for row in Registry(Settings()).plugins() if row.name == "flat")
    assert (row.distribution, row.version, row.schemes) == ("acme-flat", "1.2", ("flat",))


def test_an_import_failure_names_plugin_and_distribution_and_the_way_out(install: Install) -> None:
    install("flat", "import no_such_module_anywhere")
    with pytest.raises(BrokenPlugin) as failure:
        Registry(Settings())
    for word in (
        "'flat'",
        "acme-flat",
        "no_such_module_anywhere",
        "PANGOLIN_DISABLED_PLUGINS=flat",
    ):
        assert word in failure.value.message


def test_a_disabled_plugin_is_not_imported(install: Install) -> None:
    install("flat", "raise RuntimeError('imported')")
    registry = Registry(Settings(disabled_plugins=("flat",)))
    assert "flat" not in {row.name for row in registry.plugins()}


def test_a_default_plugin_may_be_disabled() -> None:
    registry = Registry(Settings(disabled_plugins=("memory_store",)))
    assert "memory" not in registry.store_schemes


def test_two_plugins_of_one_name_are_an_error_naming_both(install: Install) -> None:
    install("flat", STORE.format(scheme="one"), distribution="first-dist")
    install("flat", STORE.format(scheme="two"), distribution="second-dist")
    with pytest.raises(BrokenPlugin, match=r"'flat'.*(first|second)-dist.*(first|second)-dist"):
        Registry(Settings())


def test_two_plugins_of_one_scheme_are_an_error_naming_both(install: Install) -> None:
    install("one", STORE.format(scheme="flat"))
    install("two", STORE.format(scheme="flat"))
    with pytest.raises(BrokenPlugin, match=r"'(one|two)' and '(one|two)'.*scheme 'flat'"):
        Registry(Settings())


def test_an_unknown_hook_is_an_error_naming_the_plugin(install: Install) -> None:
    install("flat", "from pangolin.plugin import hookimpl\n@hookimpl\ndef pangolin_stoers(): ...")
    with pytest.raises(BrokenPlugin, match=r"'flat' of acme-flat 1\.2.*pangolin_stoers"):
        Registry(Settings())


def test_a_hook_with_an_unknown_argument_is_an_error_naming_the_plugin(install: Install) -> None:
    install("flat", "from pangolin.plugin import hookimpl\n@hookimpl\ndef pangolin_stores(x): ...")
    with pytest.raises(BrokenPlugin, match=r"'flat' of acme-flat"):
        Registry(Settings())


def test_a_hook_that_fails_is_an_error_naming_the_plugin(install: Install) -> None:
    install("flat", "from pangolin.plugin import hookimpl\n@hookimpl\ndef pangolin_stores(): 1/0")
    with pytest.raises(BrokenPlugin, match=r"pangolin_stores of plugin 'flat'.*ZeroDivisionError"):
        Registry(Settings())


def test_a_hook_that_registers_another_type_is_an_error() -> None:
    class Wrong:
        name = "wrong"

        @hookimpl
        def pangolin_stores(self) -> list[str]:
            return ["sqlite"]

    with pytest.raises(BrokenPlugin, match=r"'wrong'.*must return StoreBackend objects"):
        Registry(Settings(), [Wrong()])


def test_two_vendors_of_one_strategy_are_an_error() -> None:
    class Twice:
        name = "twice"

        @hookimpl
        def pangolin_credential_vendors(self) -> list[object]:
            return [SimpleNamespace(strategies=("sts",)), SimpleNamespace(strategies=("sts",))]

    with pytest.raises(BrokenPlugin, match=r"vending strategy 'sts'"):
        Registry(Settings(), [Twice()])


def test_a_plugin_object_may_be_passed() -> None:
    class Mine:
        name = "mine"

        @hookimpl
        def pangolin_stores(self) -> list[StoreBackend]:
            return [StoreBackend(("mine",), lambda url, settings: opened)]

    opened = Registry(Settings()).open_store("memory:")
    assert Registry(Settings(), [Mine()]).open_store("MINE://x") is opened


def test_an_unknown_store_scheme_lists_the_installed_and_how_to_add_it() -> None:
    registry = Registry(Settings(disabled_plugins=("sql",)))
    with pytest.raises(UnknownPlugin, match=r"sqlite.*memory.*pip install pangolin-sql"):
        registry.open_store("sqlite:///x.db")


def test_an_unknown_vending_strategy_is_told() -> None:
    with pytest.raises(UnknownPlugin, match=r"vending_strategy.*'magic'"):
        Registry(Settings()).vendor("magic")
