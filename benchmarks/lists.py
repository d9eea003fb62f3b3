"""Whether lists are as fast with authorization as without: `python -m benchmarks.lists sqlite`.

    python -m benchmarks.lists sqlite postgresql mongodb

It fills a namespace with 10,000 tables and calls the services in this process, without HTTP, as
root (whose role decides, so nothing is filtered) and as users with grants. Shown are medians in
milliseconds, and how many times root's that is. Rights are remembered, as they are on a server.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.scale import SPACE, median
from benchmarks.world import make_catalog
from pangolin.app import build_server
from pangolin.interfaces.authentication import TENANT_USER, Principal
from pangolin.services.assets import assets
from pangolin.services.authn import principals
from pangolin.services.authz import checks
from pangolin.services.context.context import Context, system_context
from pangolin.services.grants import grants
from pangolin.services.operations.bootstrap import initialise
from pangolin.services.sealing.keyring import new_key
from pangolin.services.tables import tables
from pangolin.services.warehouses.warehouses import create as create_warehouse
from pangolin.settings import Settings
from pangolin.store.api import Put
from pangolin.store.kinds import CATALOG, PRINCIPAL
from tests.servers.stores import STORES, database

GRANTS, PAGE, CHECKS = 50, 100, 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure lists with and without grants.")
    parser.add_argument("stores", nargs="+", choices=STORES)
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=15)
    given = parser.parse_args()
    print("| store | who | whole list, ms | × root | a page of 100, ms | × root |")
    print("|---|---|--:|--:|--:|--:|")
    for store in given.stores:
        with database(store) as running, tempfile.TemporaryDirectory() as directory:
            settings = Settings(
                store_url=running.new_url(),
                data_dir=directory,
                file_roots=(directory,),
                request_timeout=3600.0,
                secret_keys=new_key(),
            )
            measure(store, settings, given.tables, given.times)


def measure(store: str, settings: Settings, count: int, times: int) -> None:
    """Fill an empty store and print a row for each user."""
    runtime = build_server(settings).runtime
    initialise(runtime)
    root, catalog = system_context(runtime), f"of{count}"
    place = {"type": "file", "root": str(Path(settings.data_dir) / "warehouse")}
    create_warehouse(root, {"name": "local", "storage_config": place})
    make_catalog(runtime, root, count)
    base = spent(root, catalog, times)
    for name, ctx in ("root", root), *people(root, catalog):
        found = spent(ctx, catalog, times)
        cells = [f"{ms:,.2f} | {ms / first:.2f}" for ms, first in zip(found, base, strict=True)]
        print(f"| {store} | {name} | {' | '.join(cells)} |", flush=True)
    # That of the last user, who has grants on tables.
    asked = median(times, lambda _: checked(ctx, catalog))
    print(f"\n{CHECKS:,} permission checks of that user: {asked:.2f} ms\n")
    runtime.store.close()


def spent(ctx: Context, catalog: str, times: int) -> tuple[float, float]:
    """Measure the whole list and a page of it."""
    whole = median(times, lambda _: tables.list_names(ctx, catalog, SPACE))
    page = median(times, lambda _: tables.list_names(ctx, catalog, SPACE, limit=PAGE))
    return whole, page


def people(root: Context, catalog: str) -> Iterator[tuple[str, Context]]:
    """Make users: with a grant on the catalog, on the namespace, on some of the tables."""
    record = root.store.get(CATALOG, (catalog,))
    rows, _ = assets.page(root, catalog, SPACE, limit=1_000_000)
    assert record is not None
    below: dict[str, object] = {"type": "catalog", "catalog_id": record.doc["id"]}
    space: dict[str, object] = {**below, "type": "namespace", "namespace": list(SPACE)}
    some: list[dict[str, object]] = [
        {"type": "asset", "asset_id": row["id"]} for row in rows[:: len(rows) // GRANTS]
    ]
    yield "grant on the catalog", user(root, "a", [below])
    yield "grant on the namespace", user(root, "b", [space])
    yield f"grants on {GRANTS} tables", user(root, "c", some)


def user(root: Context, name: str, scopes: list[dict[str, object]]) -> Context:
    """Make a user who may read something; return its view, as of a credential that was checked."""
    doc = {"tenant": root.tenant, "id": name, "type": "user", "name": name, "role": TENANT_USER}
    root.store.apply(Put(PRINCIPAL, doc))
    for scope in scopes:
        grants.create(root, {"user_id": name, "scope": scope, "actions": ["read"]})
    stamp = principals.read_stamp(root.runtime, root.tenant, name)
    who = Principal(name, name, TENANT_USER, root.tenant, home=root.tenant, stamp=stamp)
    return replace(root, principal=who)


def checked(ctx: Context, catalog: str) -> object:
    """Ask whether a thousand tables may be read."""
    asked = [
        {
            "action": "read",
            "resource": {
                "type": "table",
                "catalog": catalog,
                "namespace": list(SPACE),
                "name": f"table_{number:06}",
            },
        }
        for number in range(CHECKS)
    ]
    return checks.check(ctx, asked)


if __name__ == "__main__":
    main()
