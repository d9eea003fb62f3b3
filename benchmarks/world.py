"""What the requests are about: tables of three sizes, and catalogs of three sizes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.farm import PATIENCE
from pangolin.app import build_server
from pangolin.iceberg.create import new_table
from pangolin.services.catalogs import catalogs, namespaces
from pangolin.services.context.context import Context, system_context
from pangolin.services.context.runtime import Runtime
from pangolin.services.operations.bootstrap import initialise
from pangolin.services.operations.quick_start import quick_start
from pangolin.services.sealing.keyring import new_key
from pangolin.services.storage import metadata_files
from pangolin.services.tables import creation
from pangolin.services.versioned import resolution
from pangolin.settings import Settings
from pangolin.store.api import Doc, Put
from pangolin.store.kinds import ASSET

CATALOG = "lakehouse"
# Snapshots that bring the metadata of a table to about 5 KB, 50 KB and 1 MB.
SNAPSHOTS = {"5 KB": 7, "50 KB": 100, "1 MB": 2050}
BATCH = 1000


def table_name(size: str) -> str:
    """Name the table of a size."""
    return "t" + size.replace(" ", "").lower()


def fill(settings: Settings, clients: int, sizes: tuple[int, ...]) -> None:
    """Make everything in an empty store; `sizes` are tables per catalog."""
    # All of it is one request here.
    runtime = build_server(replace(settings, request_timeout=3600.0)).runtime
    populate(runtime, clients, sizes)
    runtime.store.close()


def populate(runtime: Runtime, clients: int, sizes: tuple[int, ...]) -> None:
    """Make everything in the store of a runtime."""
    initialise(runtime)
    quick_start(runtime)
    ctx = system_context(runtime)
    namespaces.create(ctx, CATALOG, ("bench",), {})
    for size, count in SNAPSHOTS.items():
        _register(ctx, table_name(size), count)
        for client in range(clients):
            _register(ctx, f"{table_name(size)}_{client}", count)
    for number in sizes:
        make_catalog(runtime, ctx, number)


def _register(ctx: Context, name: str, snapshots: int) -> None:
    resolved, _ = resolution.resolve(ctx, CATALOG)
    location = f"{resolved.catalog.doc['storage_location']}/bench/{name}"
    document = sample(location, snapshots)
    path = f"{location}/metadata/00000-{uuid4()}.metadata.json"
    metadata_files.write(ctx, resolved, path, metadata_files.dump(document))
    creation.register(ctx, CATALOG, ("bench",), name, path)


def sample(location: str, snapshots: int) -> dict[str, Any]:
    """Build the metadata of a table of 12 columns with a history."""
    columns = [
        {"id": number, "name": f"column_{number}", "required": False, "type": "long"}
        for number in range(1, 13)
    ]
    request = {
        "name": "t",
        "schema": {"type": "struct", "schema-id": 0, "fields": columns},
        # One old version in the log, so that commits do not make the metadata grow.
        "properties": {"format-version": "2", "write.metadata.previous-versions-max": "1"},
    }
    document = new_table(request, location=location, uuid=str(uuid4()), now_ms=1)
    document["snapshots"] = [_snapshot(location, number) for number in range(1, snapshots + 1)]
    document["snapshot-log"] = [
        {"snapshot-id": 10**18 + number, "timestamp-ms": number + 1}
        for number in range(1, snapshots + 1)
    ]
    document["current-snapshot-id"] = 10**18 + snapshots
    document["last-sequence-number"] = snapshots
    document["last-updated-ms"] = snapshots + 1
    document["refs"] = {"main": {"snapshot-id": 10**18 + snapshots, "type": "branch"}}
    return document


def _snapshot(location: str, number: int) -> dict[str, Any]:
    counts = ("added-data-files", "added-records", "added-files-size", "total-data-files")
    summary = {"operation": "append", **dict.fromkeys(counts, str(number * 1000))}
    parent = {"parent-snapshot-id": 10**18 + number - 1} if number > 1 else {}
    return {
        "snapshot-id": 10**18 + number,
        **parent,
        "sequence-number": number,
        "timestamp-ms": number + 1,
        "manifest-list": f"{location}/metadata/snap-{10**18 + number}-1-{uuid4()}.avro",
        "summary": summary,
        "schema-id": 0,
    }


def make_catalog(runtime: Runtime, ctx: Context, tables: int) -> None:
    """Make a catalog `of{tables}` with tables that have no metadata files."""
    name = f"of{tables}"
    catalogs.create(ctx, {"name": name, "warehouse_name": "local"})
    namespaces.create(ctx, name, ("bench",), {})
    resolved, _ = resolution.resolve(ctx, name)
    docs = _documents(resolved, tables)
    while batch := list(islice(docs, BATCH)):
        ctx.store.apply(*(Put(ASSET, doc) for doc in batch))


def _documents(place: resolution.ResolvedRef, count: int) -> Iterator[Doc]:
    root = place.catalog.doc["storage_location"]
    for number in range(count):
        location = f"{root}/bench/table_{number:06}-{uuid4().hex}"
        yield {
            "catalog": place.catalog_id,
            "line": place.line_id,
            "epoch": 0,
            "namespace": "bench",
            "name": f"table_{number:06}",
            "type": "table",
            "kind": "ICEBERG_TABLE",
            "id": str(uuid4()),
            "uuid": str(uuid4()),
            "location": location,
            "metadata_location": f"{location}/metadata/00000-{uuid4()}.metadata.json",
            "created_at_ms": 1,
            "updated_at_ms": 1,
        }


def settings_of(directory: Path, url: str, workers: int, threads: int) -> Settings:
    """Return the settings of the measured server; without a URL they are those of a quick start."""
    data = directory / "data"
    return Settings(
        data_dir=str(data),
        store_url=url,
        default_catalog=CATALOG,
        file_roots=(str(data / "warehouse"),),
        root_password="benchmark",
        secret_keys=new_key(),
        # Every round signs in again.
        rate_limit=100_000,
        request_timeout=PATIENCE,
        workers=workers,
        threads=threads,
    )


def environ_of(settings: Settings) -> dict[str, str]:
    """Return the environment in which `pangolin serve` has these settings."""
    return {
        "PANGOLIN_DATA_DIR": settings.data_dir,
        "PANGOLIN_STORE_URL": settings.store_url,
        "PANGOLIN_DEFAULT_CATALOG": settings.default_catalog,
        "PANGOLIN_FILE_ROOTS": ":".join(settings.file_roots),
        "PANGOLIN_ROOT_PASSWORD": settings.root_password,
        "PANGOLIN_SECRET_KEYS": settings.secret_keys,
        "PANGOLIN_RATE_LIMIT": str(settings.rate_limit),
        "PANGOLIN_REQUEST_TIMEOUT": str(settings.request_timeout),
        "PANGOLIN_WORKERS": str(settings.workers),
        "PANGOLIN_THREADS": str(settings.threads),
    }


def create_body() -> str:
    """Build the request that creates a table `made_{n}`."""
    schema = sample("x", 1)["schemas"][0]
    return json.dumps({"name": "made_NUMBER", "schema": schema}).replace("NUMBER", "{n}")
