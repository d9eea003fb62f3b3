"""The stores to measure on, filled, and the servers that use them."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from benchmarks import servers, world
from benchmarks.cases import BRANCHED
from benchmarks.farm import CONNECTIONS
from benchmarks.servers import Server
from pangolin.settings import Settings
from tests.servers.stores import STORES, database

MEMORY = "memory"
NAMES = (MEMORY, *STORES)
COLD = {"PANGOLIN_METADATA_CACHE_BYTES": "0"}


@dataclass(frozen=True, slots=True)
class Measurable:
    """Pangolin with and without a metadata cache, the application to compare with, the database.

    `answers` is where that application finds what to send; `database` is the process of the
    database server, if the store has one of ours.
    """

    warm: Server
    cold: Server
    bare: Server
    answers: Path
    database: int | None = None


@contextmanager
def running(store: str, given: Namespace, directory: Path) -> Iterator[Measurable]:
    """Fill an empty store and run the servers until the block ends."""
    began, clients = monotonic(), given.clients * CONNECTIONS
    with ExitStack() as stack:
        if store == MEMORY:
            # Records in memory cannot be shared, so each of the two servers has its own.
            settings = world.settings_of(directory, "memory:", 1, given.threads)
            pid = None
        else:
            place = stack.enter_context(database(store))
            pid = place.process.pid if place.process else None
            settings = world.settings_of(directory, place.new_url(), given.workers, given.threads)
            world.fill(settings, clients, BRANCHED)
        warm, cold = (
            stack.enter_context(_product(settings, clients, directory, extra))
            for extra in ({}, COLD)
        )
        bare = stack.enter_context(_bare(settings, directory))
        print(f"\n{store}: set up in {monotonic() - began:.1f} s\n", flush=True)
        yield Measurable(warm, cold, bare, directory, pid)


def _product(
    settings: Settings, clients: int, directory: Path, extra: dict[str, str]
) -> AbstractContextManager[Server]:
    port = servers.free_port()
    program: tuple[str, ...] = ("pangolin.cli", "serve", "--port", str(port))
    if settings.store_url == "memory:":
        program = ("benchmarks.inmemory", str(port), str(clients))
    metrics = directory / f"metrics-{port}"
    metrics.mkdir()
    environ = {**world.environ_of(settings), **extra, "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
    return servers.running(directory, environ, port, *program)


def _bare(settings: Settings, directory: Path) -> AbstractContextManager[Server]:
    port = servers.free_port()
    shape = (str(port), str(settings.workers), str(settings.threads), str(directory))
    return servers.running(directory, {}, port, "benchmarks.bare", *shape)
