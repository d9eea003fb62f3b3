"""The rights of one principal in a tenant, by the scope of its grants; pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pangolin.services.authz.actions import Action
from pangolin.services.authz.visible_tree import VisibleTree
from pangolin.store.api import Version
from pangolin.store.identity_documents import ScopeDoc
from pangolin.store.kinds import parent_of


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant in effect: its actions with what they imply, and the role that it came through."""

    id: str
    scope: ScopeDoc
    actions: frozenset[Action]
    role: str = ""

    @property
    def ref(self) -> str | None:
        """The branch or tag that it is limited to."""
        return self.scope.get("ref")

    def allows(self, action: Action, ref: str | None) -> bool:
        """Return whether it allows an action on a ref (None: on all of them at once)."""
        return action in self.actions and self.ref in (None, ref)


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a check: a catalog's name at a ref, a namespace's path, an asset's id, a tag.

    Fields below the level in question are None; a `ref` of None means all refs.
    """

    catalog: str | None = None
    ref: str | None = None
    path: str | None = None
    asset: str | None = None
    tag: str | None = None


@dataclass(slots=True)
class Rights:
    """Grants by scope: a catalog's name, a namespace's path in it, an asset's id."""

    version: Version | None
    tenant: list[Granted] = field(default_factory=list)
    catalogs: dict[str, list[Granted]] = field(default_factory=dict)
    namespaces: dict[str, dict[str, list[Granted]]] = field(default_factory=dict)
    assets: dict[str, list[Granted]] = field(default_factory=dict)
    tags: dict[str, list[Granted]] = field(default_factory=dict)
    # What lists show; built when a list first needs it.
    visible_tree: VisibleTree | None = None

    def find(self, action: Action, target: Target) -> Granted | None:
        """Find a grant that allows an action, the widest first."""
        for granted in self._covering(target):
            if granted.allows(action, target.ref):
                return granted
        return None

    def mentions(self, catalog: str, ref: str) -> bool:
        """Return whether any grant is limited to a branch or tag of this name."""
        below = self.namespaces.get(catalog, {}).values()
        found = (self.catalogs.get(catalog, ()), *below, *self.assets.values())
        return any(granted.ref == ref for held in found for granted in held)

    def _covering(self, target: Target) -> Iterator[Granted]:
        yield from self.tenant
        if target.catalog is not None:
            yield from self.catalogs.get(target.catalog, ())
            if target.path is not None:
                yield from self._above(target.catalog, target.path)
        if target.asset is not None:
            yield from self.assets.get(target.asset, ())
        if target.tag is not None:
            yield from self.tags.get(target.tag, ())

    def _above(self, catalog: str, path: str) -> Iterator[Granted]:
        held = self.namespaces.get(catalog, {})
        for above in reversed(list(upwards(path))) if held else ():
            yield from held.get(above, ())


def upwards(path: str) -> Iterator[str]:
    """List a namespace's path and those of the namespaces that contain it."""
    while path:
        yield path
        path = parent_of(path)
