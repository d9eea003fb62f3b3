"""A small world for service tests: one tenant, one file warehouse, one catalog, no web."""

from itertools import count
from pathlib import Path
from typing import Any

import orjson

from pangolin.default_plugins.local_files import pangolin_object_stores
from pangolin.default_plugins.memory_store import MemoryStore
from pangolin.interfaces.authentication import ROOT, Principal
from pangolin.services.branches import refs
from pangolin.services.context.context import Context
from pangolin.services.context.runtime import Runtime
from pangolin.services.tables import commits, creation, tables
from pangolin.settings import Settings
from pangolin.store import kinds
from pangolin.store.api import ABSENT, Put, Store
from tests.samples import SCHEMA
from tests.servers.keys import SECRET_KEYS

TENANT = "00000000-0000-0000-0000-00000000000a"
CATALOG = "c1"


def context_on(
    root: Path, store: Store | None = None, catalog: str = "lake", tenant: str = TENANT
) -> Context:
    """Build a scope over a store with a warehouse in `root` and one catalog of a new tenant."""
    settings = Settings(
        file_roots=(str(root),),
        data_dir=str(root),
        secret_keys=SECRET_KEYS,
        metadata_cache_bytes=1 << 24,
    )
    store = store or MemoryStore()
    store.setup(kinds.ALL)
    ticks = count(1_700_000_000_000)
    runtime = Runtime(
        store,
        settings,
        lambda: next(ticks),
        object_backends=pangolin_object_stores(),
    )
    ctx = Context(Principal("root", "root", ROOT), tenant, runtime, 1 << 62)
    _fill(ctx, root, catalog)
    return ctx


def _fill(ctx: Context, root: Path, catalog: str) -> None:
    ctx.runtime.store.apply(Put(kinds.TENANT, {"tenant": ctx.tenant, "name": ctx.tenant}, ABSENT))
    warehouse = {
        "name": "w",
        "id": "w1",
        "storage_config": {"type": "file", "file.root": str(root)},
        "use_sts": False,
        "vending_strategy": None,
    }
    record = {
        "name": catalog,
        "id": CATALOG,
        "warehouse_id": "w1",
        "storage_location": f"file://{root}/{catalog}",
        "properties": {},
    }
    ctx.store.apply(
        Put(kinds.WAREHOUSE, warehouse, ABSENT),
        Put(kinds.CATALOG, record, ABSENT),
        *refs.main_changes(CATALOG, ctx.now()),
    )


def create(ctx: Context, name: str = "t", prefix: str = "lake", **more: Any) -> dict[str, Any]:
    """Create a table in the namespace `db`; answer its metadata."""
    answer = creation.create(ctx, prefix, ["db"], {"name": name, "schema": SCHEMA} | more)
    return dict(orjson.loads(answer.metadata))


def set_property(ctx: Context, value: str, prefix: str = "lake", name: str = "t") -> Any:
    """Set the property `x` of a table."""
    updates = [{"action": "set-properties", "updates": {"x": value}}]
    return commits.commit(ctx, prefix, ["db"], name, [], updates)


def property_of(ctx: Context, prefix: str = "lake", name: str = "t") -> str | None:
    """Read the property `x` of a table."""
    loaded = tables.load(ctx, prefix, ["db"], name)
    properties: dict[str, str] = orjson.loads(loaded.metadata)["properties"]
    return properties.get("x")


def files(tmp_path: Path) -> list[Path]:
    """List all files below a directory."""
    return sorted(path for path in tmp_path.rglob("*") if path.is_file())
