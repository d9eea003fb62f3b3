"""Stores that a command opens and closes when it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from pangolin.settings import Settings

if TYPE_CHECKING:
    from pangolin.services.context.context import Context
    from pangolin.store.api import Store
    from pangolin.web.context import Server


@contextmanager
def opened_server(settings: Settings) -> Iterator[Server]:
    """Build the layers below the web; the store is closed at the end."""
    from pangolin.app import build_server

    server = build_server(settings)
    try:
        yield server
    finally:
        server.runtime.store.close()


@contextmanager
def opened_context() -> Iterator[Context]:
    """Open the installation for its operator, who has root's rights; raise `LayoutMismatch`."""
    from pangolin.services.context.context import ClientInfo, system_context
    from pangolin.services.operations import layout, migrations

    with opened_server(Settings.from_environ()) as server:
        layout.check_ready(server.runtime.store, migrations.newest())
        if layout.read_layout(server.runtime.store) is None:
            raise layout.LayoutMismatch("the store is empty: run `pangolin init` first")
        yield replace(system_context(server.runtime), client=ClientInfo(agent="pangolin command"))


@contextmanager
def opened_store(url: str) -> Iterator[Store]:
    """Open a store by URL; it is closed at the end."""
    from pangolin.registry import Registry

    store = Registry(Settings.from_environ()).open_store(url)
    try:
        yield store
    finally:
        store.close()
