"""Object stores of all warehouses: their plugins and options, and a cache of open stores."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from pangolin.errors import BadRequest, UnknownPlugin
from pangolin.interfaces.checks import Check
from pangolin.interfaces.object_storage import ObjectBackend, ObjectStore, Option, Warehouse
from pangolin.services.context.redaction import MASK, mask
from pangolin.services.context.runtime import Part
from pangolin.settings import Settings

CAPACITY: Final = 256
_Key = tuple[str, str, int]


class Objects:
    """The installed kinds of object storage, and a bounded cache of opened stores.

    One per process; safe to share between threads.
    """

    def __init__(
        self, backends: Sequence[ObjectBackend], settings: Settings, *, capacity: int = CAPACITY
    ) -> None:
        self._types = {backend.type: backend for backend in backends}
        self._schemes = {scheme: backend for backend in backends for scheme in backend.schemes}
        self._settings = settings
        self._capacity = capacity
        self._lock = threading.Lock()
        self._opened: OrderedDict[_Key, ObjectStore] = OrderedDict()

    def backend_for_type(self, kind: str) -> ObjectBackend:
        """Find a backend by warehouse type; raise `UnknownPlugin` listing those installed."""
        found = self._types.get(kind.lower())
        if found is None:
            raise UnknownPlugin(
                f"no installed plugin serves warehouses of type {kind!r}; "
                f"installed: {_listed(self._types)}"
            )
        return found

    def backend_for_scheme(self, scheme: str) -> ObjectBackend:
        """Find a backend by location scheme; raise `UnknownPlugin` listing those installed."""
        found = self._schemes.get(scheme.lower())
        if found is None:
            raise UnknownPlugin(
                f"no installed plugin serves locations with {scheme + '://'!r}; "
                f"installed: {_listed(self._schemes)}"
            )
        return found

    def open(self, warehouse: Warehouse) -> ObjectStore:
        """Open a warehouse's store, or return the one that is open for this version of it."""
        opened = self._opened
        key = (warehouse.tenant, warehouse.id, warehouse.version)
        with self._lock:
            store = opened.get(key)
            if store is None:
                store = self._backend(warehouse.config).open(warehouse, self._settings)
                opened[key] = store
            opened.move_to_end(key)
            while len(opened) > self._capacity:
                opened.popitem(last=False)
        return store

    def normalise_config(self, config: Mapping[str, str | None]) -> dict[str, str]:
        """Turn every accepted spelling into its canonical key; keys set to None are left out.

        Raises `BadRequest` naming an unknown key, two spellings that disagree, a missing option
        or a secret that is only its mask; `UnknownPlugin` for a type that is not installed.
        """
        given = {key: _text(key, value) for key, value in config.items() if value is not None}
        kind = given.pop("type", "")
        backend = self.backend_for_type(kind) if kind else self._inferred(given)
        found = _canonical(backend, given)
        for option in backend.options:
            _check(option, found.get(option.name, ""))
        return {"type": backend.type, **found}

    def masked(self, config: Mapping[str, str]) -> dict[str, str]:
        """Mask secrets except their last four characters; all values if the plugin is missing."""
        backend = self._types.get(config.get("type", ""))
        options = backend.options if backend else ()
        visible = {"type", *(option.name for option in options if not option.secret)}
        return {key: value if key in visible else mask(value) for key, value in config.items()}

    def secret_options(self, config: Mapping[str, str]) -> list[str]:
        """List the secret options of a config's type; raise `UnknownPlugin`."""
        return [option.name for option in self._backend(config).options if option.secret]

    def open_unsaved(self, warehouse: Warehouse) -> ObjectStore:
        """Open the store of a warehouse that may never be saved; the store is not cached."""
        return self._backend(warehouse.config).open(warehouse, self._settings)

    def root(self, config: Mapping[str, str]) -> str:
        """Return the root of a canonical config; raise `BadRequest` naming a bad option."""
        return self._backend(config).root(config, self._settings)

    def flaws(self, config: Mapping[str, str]) -> Iterable[Check]:
        """Return a failed check for each option that is legal but unlikely to work."""
        return self._backend(config).flaws(config)

    def _backend(self, config: Mapping[str, str]) -> ObjectBackend:
        return self.backend_for_type(config.get("type", ""))

    def _inferred(self, given: Iterable[str]) -> ObjectBackend:
        keys = set(given)
        dotted = {key for key in keys if "." in key}
        for wanted, enough in ((dotted, any), (keys, all)):
            found = [
                backend
                for backend in self._types.values()
                if wanted and enough(key in _spellings(backend) for key in wanted)
            ]
            if len(found) == 1:
                return found[0]
        raise BadRequest(f"storage_config.type is required: one of {_listed(self._types)}")


def _canonical(backend: ObjectBackend, given: Mapping[str, str]) -> dict[str, str]:
    spellings = _spellings(backend)
    found: dict[str, str] = {}
    spelled: dict[str, str] = {}
    for key, value in given.items():
        name = spellings.get(key)
        if name is None:
            raise _unknown(backend, key, spellings)
        if found.setdefault(name, value) != value:
            raise BadRequest(
                f"storage_config.{spelled[name]} and storage_config.{key} mean the same "
                "and have different values"
            )
        spelled.setdefault(name, key)
    return found


def _spellings(backend: ObjectBackend) -> dict[str, str]:
    return {
        spelling: option.name
        for option in backend.options
        for spelling in (option.name, *option.aliases)
    }


def _unknown(backend: ObjectBackend, key: str, spellings: Mapping[str, str]) -> BadRequest:
    nearest = get_close_matches(key, spellings, n=1, cutoff=0.5)
    advice = f"did you mean {nearest[0]}?" if nearest else f"known: {_listed(spellings.values())}"
    return BadRequest(f"storage_config.{key} is not an option of type {backend.type!r}; {advice}")


def _check(option: Option, value: str) -> None:
    if option.required and not value:
        raise BadRequest(f"storage_config.{option.name} is required: {option.help}")
    if option.secret and value.startswith(MASK):
        raise BadRequest(f"storage_config.{option.name} is masked; give the secret itself")


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"storage_config.{key} must be text")
    return value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))) or "none"


OBJECTS: Final = Part(lambda runtime: Objects(runtime.object_backends, runtime.settings))
