"""Every hook a plugin may implement; each registers typed objects that core lists and checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click
    from flask_smorest import Blueprint

    from pangolin.interfaces.authentication import (
        AuthRequest,
        AuthServices,
        IdentityProvider,
        Principal,
    )
    from pangolin.interfaces.credential_vending import CredentialVendor
    from pangolin.interfaces.events import EventSink
    from pangolin.interfaces.object_storage import ObjectBackend
    from pangolin.interfaces.store_backend import StoreBackend
    from pangolin.settings import Settings

hookspec = pluggy.HookspecMarker("pangolin")


@hookspec
def pangolin_stores() -> Sequence[StoreBackend]:  # type: ignore[empty-body]
    """Register record stores by URL scheme."""


@hookspec
def pangolin_object_stores() -> Sequence[ObjectBackend]:  # type: ignore[empty-body]
    """Register kinds of object storage by warehouse type and location scheme."""


@hookspec
def pangolin_credential_vendors(  # type: ignore[empty-body]
    settings: Settings,
) -> Sequence[CredentialVendor]:
    """Register credential vendors by strategy."""


@hookspec(firstresult=True)
def pangolin_authenticate(request: AuthRequest, services: AuthServices) -> Principal | None:
    """Return the caller; None for another's credential; raise `Unauthorized` for a bad one."""


@hookspec
def pangolin_identity_providers(  # type: ignore[empty-body]
    settings: Settings,
) -> Sequence[IdentityProvider]:
    """Register interactive login providers."""


@hookspec
def pangolin_event_sinks(settings: Settings) -> Sequence[EventSink]:  # type: ignore[empty-body]
    """Register sinks that receive changes after they are committed."""


@hookspec
def pangolin_blueprints() -> Sequence[Blueprint]:  # type: ignore[empty-body]
    """Return flask-smorest blueprints; they are mounted under `/api/v1/x/<plugin>`.

    Every request to them is authenticated first; its context is in `flask.g.context`.
    """


@hookspec
def pangolin_commands(cli: click.Group) -> None:
    """Add commands to the `pangolin` command line."""
