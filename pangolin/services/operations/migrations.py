"""Data upgrades, written once against the store interface for all backends.

Each raises the layout's number by one. It may be stopped anywhere and run again: a finished step
changes nothing, and the number is raised only after the last record of a step.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pangolin.services.context.runtime import Runtime
from pangolin.services.operations.layout import check_not_newer, read_layout, write_layout
from pangolin.services.operations.migration_v2_users import to_principals
from pangolin.services.storage import warehouse_secrets
from pangolin.services.tenants import sealed_settings
from pangolin.store.api import Conflict, Delete, Kind, Put, Store
from pangolin.store.kinds import TENANT_SETTINGS, WAREHOUSE

# Returns the new document, the same one if nothing is to be done, or None to delete the record.
Change = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The upgrade to layout `number`: a description, and the changes by kind of record."""

    number: int
    what: str
    steps: Sequence[tuple[Kind, Change]] = ()
    # The same for steps that need the keys and the plugins.
    sealing: Sequence[tuple[Kind, Callable[[Runtime, Any], Any]]] = ()
    # For what no change of single records can do; receives `dry_run`, returns the count.
    work: Callable[[Store, bool], int] | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """An upgrade that was (or in a dry run would be) applied, and how many records it changed."""

    number: int
    what: str
    records: int


# Layout 1 is the first; later upgrades are listed here, in order.
UPGRADES: tuple[Upgrade, ...] = (
    Upgrade(2, "users become principals of their tenant; sessions end", work=to_principals),
    Upgrade(
        3,
        "secrets of warehouses and settings are sealed",
        sealing=(
            (WAREHOUSE, warehouse_secrets.upgraded),
            (TENANT_SETTINGS, sealed_settings.upgraded),
        ),
    ),
)
FIRST = 1


def newest(upgrades: Sequence[Upgrade] = UPGRADES) -> int:
    """Return the number of the layout that this release writes."""
    return max((each.number for each in upgrades), default=FIRST)


def run(
    store: Store,
    upgrades: Sequence[Upgrade] = UPGRADES,
    *,
    runtime: Runtime | None = None,
    dry_run: bool = False,
) -> list[Done]:
    """Upgrade a store's data to this release; `runtime` is needed where secrets are sealed.

    Raises `LayoutMismatch` if a newer release wrote it, `BadRequest` without a key to seal with,
    and `UnknownPlugin` if the plugin that declares the secret options is missing.
    """
    found = read_layout(store)
    check_not_newer(found, newest(upgrades))
    present = FIRST if found is None else int(found.doc["number"])
    done = []
    for upgrade in sorted(upgrades, key=lambda each: each.number):
        if upgrade.number <= present:
            continue
        steps = [*upgrade.steps, *_bound(upgrade, runtime)]
        count = sum(_rewrite(store, kind, change, dry_run) for kind, change in steps)
        count += upgrade.work(store, dry_run) if upgrade.work else 0
        if not dry_run:
            write_layout(store, upgrade.number)
        done.append(Done(upgrade.number, upgrade.what, count))
    if not done and present < newest(upgrades):
        done.append(Done(newest(upgrades), "nothing to change", 0))
        if not dry_run:
            write_layout(store, newest(upgrades))
    return done


def _bound(upgrade: Upgrade, runtime: Runtime | None) -> list[tuple[Kind, Change]]:
    if not upgrade.sealing:
        return []
    if runtime is None:
        raise ValueError(f"upgrade {upgrade.number} needs the runtime")
    return [(kind, partial(change, runtime)) for kind, change in upgrade.sealing]


def _rewrite(store: Store, kind: Kind, change: Change, dry_run: bool) -> int:
    count = 0
    for record in store.scan(kind):
        fresh = change(record.doc)
        if fresh == record.doc:
            continue
        count += 1
        if not dry_run:
            _replace(store, kind, record.doc, change)
    return count


def _replace(store: Store, kind: Kind, doc: Mapping[str, Any], change: Change) -> None:
    key = kind.key_of(doc)
    while (record := store.get(kind, key)) is not None:
        fresh = change(record.doc)
        try:
            if fresh is None:
                store.apply(Delete(kind, key, record.version))
            elif fresh != record.doc:
                store.apply(Put(kind, fresh, record.version))
        except Conflict:
            continue
        return
