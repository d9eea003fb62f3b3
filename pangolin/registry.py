"""Find plugins, check what they register, and look it up by scheme or name."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from pangolin import __version__, hookspecs
from pangolin.errors import PangolinError, UnknownPlugin
from pangolin.interfaces.authentication import AuthRequest, AuthServices, Principal
from pangolin.interfaces.object_storage import ObjectBackend
from pangolin.interfaces.store_backend import StoreBackend
from pangolin.settings import Settings

if TYPE_CHECKING:
    import click
    from flask_smorest import Blueprint

    from pangolin.interfaces.authentication import IdentityProvider
    from pangolin.interfaces.credential_vending import CredentialVendor
    from pangolin.interfaces.events import EventSink
    from pangolin.store.api import Store

PROJECT = GROUP = "pangolin"
DEFAULT_PLUGINS = (
    "pangolin.default_plugins.memory_store",
    "pangolin.default_plugins.local_files",
    "pangolin.default_plugins.tokens",
    "pangolin.default_plugins.keys",
    "pangolin.default_plugins.passwords",
)
# What to install for a scheme that no plugin serves.
KNOWN = {
    "sqlite": "pangolin-sql",
    "postgresql": "pangolin-sql",
    "postgres": "pangolin-sql",
    "mongodb": "pangolin-mongodb",
    "mongodb+srv": "pangolin-mongodb",
    "s3": "pangolin-aws",
    "s3a": "pangolin-aws",
    "abfss": "pangolin-azure",
    "gs": "pangolin-gcp",
}
T = TypeVar("T")
Entry = tuple[str, T]


class BrokenPlugin(PangolinError):
    """A plugin cannot be loaded or registers something invalid; the message says what to do."""

    type = "BrokenPluginException"


@dataclass(frozen=True, slots=True)
class PluginRow:
    """One loaded plugin, as `pangolin plugins` and `GET /api/v1/plugins` list it."""

    name: str
    distribution: str
    version: str
    hooks: tuple[str, ...]
    schemes: tuple[str, ...]


class Registry:
    """The plugins of one application and the typed objects they register.

    Raises `BrokenPlugin` when a plugin cannot be imported, implements an unknown hook, shares its
    name or a scheme with another, or registers something of the wrong type.
    """

    def __init__(self, settings: Settings, extra: Sequence[object] = ()) -> None:
        self._settings = settings
        self._sources: dict[str, tuple[str, str]] = {}
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._load(extra)
        self._stores = _by_scheme(self._typed("pangolin_stores", StoreBackend))
        objects = self._typed("pangolin_object_stores", ObjectBackend)
        self._object_types = _unique(
            ((backend.type, name, backend) for name, backend in objects), "warehouse type"
        )
        self._object_schemes = _by_scheme(objects)
        self._vendors = _unique(
            (
                (strategy, name, vendor)
                for name, vendor in self._registered("pangolin_credential_vendors")
                for strategy in vendor.strategies
            ),
            "vending strategy",
        )

    def _load(self, extra: Sequence[object]) -> None:
        for name in DEFAULT_PLUGINS:
            short = name.rpartition(".")[2]
            if short not in self._settings.disabled_plugins:
                self._add(short, importlib.import_module(name), PROJECT, __version__)
        for entry in importlib.metadata.entry_points(group=GROUP):
            if entry.name not in self._settings.disabled_plugins:
                owner, version = _distribution(entry)
                self._add(entry.name, _import(entry, owner), owner, version)
        for plugin in extra:
            self._add(_name_of(plugin), plugin, "passed to create_app", "")
        self._check_pending()

    def _add(self, name: str, plugin: object, distribution: str, version: str) -> None:
        if name in self._sources:
            raise BrokenPlugin(
                f"two plugins are named {name!r}: one of {self._sources[name][0]} and one of "
                f"{distribution}; uninstall one, or set PANGOLIN_DISABLED_PLUGINS={name}"
            )
        self._sources[name] = (distribution, version)
        try:
            self._manager.register(plugin, name)
        except (pluggy.PluginValidationError, ValueError) as error:
            raise BrokenPlugin(f"{self._describe(name)} does not match a hook: {error}") from error

    def _check_pending(self) -> None:
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            name = self._manager.get_name(error.plugin) or "?"
            raise BrokenPlugin(
                f"{self._describe(name)} implements a hook that Pangolin {__version__} does not "
                f"have: {error}; {_way_out(name)}"
            ) from error

    def _describe(self, name: str) -> str:
        distribution, version = self._sources.get(name, ("?", ""))
        return f"plugin {name!r} of {f'{distribution} {version}'.strip()}"

    def _registered(self, hook: str) -> list[Entry[Any]]:
        """Call a registering hook of every plugin, keeping each plugin's name."""
        caller = getattr(self._manager.hook, hook)
        found: list[Entry[Any]] = []
        for implementation in caller.get_hookimpls():
            given = {"settings": self._settings}
            arguments = [given[name] for name in implementation.argnames]
            try:
                objects = list(implementation.function(*arguments))
            except Exception as error:
                raise BrokenPlugin(
                    f"{hook} of {self._describe(implementation.plugin_name)} failed: "
                    f"{type(error).__name__}: {error}; {_way_out(implementation.plugin_name)}"
                ) from error
            found.extend((implementation.plugin_name, item) for item in objects)
        return found

    def _typed(self, hook: str, kind: type[T]) -> list[Entry[T]]:
        found = self._registered(hook)
        for name, item in found:
            if not isinstance(item, kind):
                raise BrokenPlugin(
                    f"{hook} of {self._describe(name)} must return {kind.__name__} objects, "
                    f"not {item!r:.80}"
                )
        return found

    @property
    def store_schemes(self) -> tuple[str, ...]:
        """The URL schemes of the installed record stores."""
        return tuple(sorted(self._stores))

    @property
    def object_backends(self) -> dict[str, ObjectBackend]:
        """The installed kinds of object storage by warehouse type."""
        return dict(self._object_types)

    @property
    def object_schemes(self) -> tuple[str, ...]:
        """The location schemes of the installed object stores."""
        return tuple(sorted(self._object_schemes))

    def open_store(self, url: str) -> Store:
        """Open the record store of a URL; raise `UnknownPlugin` naming the installed schemes."""
        scheme = url.partition(":")[0].lower()
        backend = self._stores.get(scheme)
        if backend is None:
            raise unknown("store_url", scheme, "store", self.store_schemes)
        store: Store = backend.open(url, self._settings)
        return store

    @property
    def vendors(self) -> dict[str, CredentialVendor]:
        """The installed credential vendors by strategy."""
        return dict(self._vendors)

    def vendor(self, strategy: str) -> CredentialVendor:
        """Look up a credential vendor; raise `UnknownPlugin` naming the installed strategies."""
        if strategy not in self._vendors:
            raise unknown("vending_strategy", strategy, "credential vendor", sorted(self._vendors))
        vendor: CredentialVendor = self._vendors[strategy]
        return vendor

    def event_sinks(self) -> list[EventSink]:
        """List the registered event sinks."""
        return [sink for _, sink in self._registered("pangolin_event_sinks")]

    def identity_providers(self) -> list[IdentityProvider]:
        """List the registered interactive login providers.

        Raises `BrokenPlugin` for two of one name, or if PANGOLIN_IDENTITY_PROVIDERS has no reader.
        """
        found = self._registered("pangolin_identity_providers")
        if self._settings.identity_providers and not found:
            raise BrokenPlugin(
                "PANGOLIN_IDENTITY_PROVIDERS is set, and no loaded plugin reads it; "
                "to add one: pip install pangolin-oidc"
            )
        rows = ((item.name, plugin, item) for plugin, item in found)
        return list(_unique(rows, "identity provider").values())

    def blueprints(self) -> list[Entry[Blueprint]]:
        """List (plugin name, blueprint)."""
        return self._registered("pangolin_blueprints")

    def authenticate(self, request: AuthRequest, services: AuthServices) -> Principal | None:
        """Return the caller as the first plugin that knows the credential sees it."""
        found: Principal | None = self._manager.hook.pangolin_authenticate(
            request=request, services=services
        )
        return found

    def add_commands(self, cli: click.Group) -> None:
        """Let plugins add their commands."""
        self._manager.hook.pangolin_commands(cli=cli)

    def plugins(self) -> list[PluginRow]:
        """List what is loaded, by name."""
        return [self._row(name) for name in sorted(self._sources)]

    def _row(self, name: str) -> PluginRow:
        callers = self._manager.get_hookcallers(self._manager.get_plugin(name)) or []
        schemes = {
            scheme
            for table in (self._stores, self._object_schemes, self._vendors)
            for scheme, owner in table.owners.items()
            if owner == name
        }
        hooks = tuple(sorted(caller.name for caller in callers))
        return PluginRow(name, *self._sources[name], hooks, tuple(sorted(schemes)))


class _Owned(dict[str, T]):
    """Registered objects by scheme or name, and the plugin that each comes from."""

    def __init__(self) -> None:
        super().__init__()
        self.owners: dict[str, str] = {}


def _by_scheme(entries: Sequence[Entry[Any]]) -> _Owned[Any]:
    rows = ((scheme, name, item) for name, item in entries for scheme in item.schemes)
    return _unique(rows, "scheme")


def _unique(rows: Iterable[tuple[str, str, T]], what: str) -> _Owned[T]:
    table: _Owned[T] = _Owned()
    for key, plugin, item in rows:
        if key in table:
            raise BrokenPlugin(
                f"plugins {table.owners[key]!r} and {plugin!r} both register the {what} "
                f"{key!r}; set PANGOLIN_DISABLED_PLUGINS to the one you do not want"
            )
        table[key] = item
        table.owners[key] = plugin
    return table


def unknown(field: str, name: str, what: str, installed: Sequence[str]) -> UnknownPlugin:
    """Build the error for a scheme or name that no installed plugin serves."""
    package = KNOWN.get(name)
    remedy = f"pip install {package}" if package else "pip install a plugin that serves it"
    have = ", ".join(installed) or "none"
    return UnknownPlugin(f"{field}: no {what} serves {name!r}; installed: {have}; to add: {remedy}")


def _distribution(entry: importlib.metadata.EntryPoint) -> tuple[str, str]:
    owner = entry.dist
    return (owner.name, owner.version) if owner else ("an unknown distribution", "")


def _import(entry: importlib.metadata.EntryPoint, owner: str) -> object:
    try:
        return entry.load()
    except Exception as error:
        raise BrokenPlugin(
            f"plugin {entry.name!r} of distribution {owner} cannot be imported: "
            f"{type(error).__name__}: {error}; {_way_out(entry.name)}"
        ) from error


def _way_out(name: str) -> str:
    return f"fix or uninstall it, or set PANGOLIN_DISABLED_PLUGINS={name}"


def _name_of(plugin: object) -> str:
    if isinstance(plugin, ModuleType):
        return plugin.__name__
    return str(getattr(plugin, "name", "") or type(plugin).__name__)
