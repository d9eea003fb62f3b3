"""What a principal with grants on parts of a catalog sees of it: the containers on the way to them.

A container is visible if it holds something granted, whatever the action; of its contents, only
what may be listed. The tree is read once, so a list reads only the few names that it can show,
however much the container holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pangolin.store.kinds import parent_of

# A catalog's name and a namespace's path in it; '' is the catalog itself.
Container = tuple[str, str]
Limits = Iterable[str | None]


@dataclass(slots=True)
class VisibleTree:
    """By container: the refs on which it leads to something, and the names that it shows.

    `refs` holds None where a grant is not limited to a ref. `namespaces` are paths, and `assets`
    names: each that a granted asset has or had, on any ref.
    """

    refs: dict[Container, set[str | None]] = field(default_factory=dict)
    namespaces: dict[Container, set[str]] = field(default_factory=dict)
    assets: dict[Container, set[str]] = field(default_factory=dict)

    def contains_visible(self, catalog: str, path: str, ref: str | None) -> bool:
        """Return whether a container leads to something on a ref (None: on any ref)."""
        found = self.refs.get((catalog, path), set())
        return bool(found) and (ref is None or None in found or ref in found)

    def catalogs(self) -> list[str]:
        """List the names of the catalogs in which anything is granted."""
        return sorted(catalog for catalog, path in self.refs if not path)

    def add(self, catalog: str, path: str, refs: Limits) -> None:
        """Add a container that leads to something, and all that contain it."""
        fresh = set(refs)
        while True:
            known = self.refs.setdefault((catalog, path), set())
            if not fresh - known:
                return
            known |= fresh
            if not path:
                return
            above = parent_of(path)
            self.namespaces.setdefault((catalog, above), set()).add(path)
            path = above

    def add_asset(self, catalog: str, path: str, name: str, refs: Limits) -> None:
        """Add an asset by one of its names."""
        self.add(catalog, path, refs)
        self.assets.setdefault((catalog, path), set()).add(name)
