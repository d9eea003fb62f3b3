"""Validating, checking and preparing a warehouse: would it work, does it, what does it need?"""

from collections.abc import Mapping
from typing import Any

from pangolin.errors import BadRequest
from pangolin.interfaces.object_storage import Warehouse
from pangolin.services.audit import trail
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authz.access import require
from pangolin.services.changes import batch
from pangolin.services.changes.guards import hold_record
from pangolin.services.changes.idempotency import once
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.storage import vending_strategies
from pangolin.services.storage.warehouse_secrets import as_plugin, for_audit
from pangolin.services.warehouses import builder, checks, warehouses
from pangolin.store.api import Change, Conflict
from pangolin.store.kinds import WAREHOUSE

OPTIONS = ("storage_config", "vending_strategy", "use_sts")


def validate(ctx: Context, fields: Mapping[str, Any]) -> Json:
    """Check a warehouse in the form that `create` takes, without saving it; return its checks.

    Raises `BadRequest` and `UnknownPlugin` like `create`, whatever PANGOLIN_WAREHOUSE_CHECKS is.
    """
    what = warehouses.resource(fields["name"])
    require(ctx, "create", what)
    _, warehouse = builder.new(ctx, fields)
    found = checks.run_checks(ctx.runtime, warehouse, ctx.settings.request_timeout)
    trail.record(ctx, AuditEvent(AuditAction.VALIDATE_WAREHOUSE, what, details=_counted(found)))
    return _answer(found)


def check(ctx: Context, name: str) -> Json:
    """Check a saved warehouse and store the report.

    Raises `NoSuchWarehouse`, and `Conflicting` if it was changed meanwhile.
    """
    require(ctx, "update", warehouses.resource(name))
    return once(ctx, lambda: _checked(ctx, name), Json)


def prepare(ctx: Context, fields: Mapping[str, Any]) -> Json:
    """Return what a warehouse needs in the cloud: its external id, and policies to paste.

    The external id follows from the tenant and the warehouse's `id`, which the server generates:
    create the warehouse with that id. With only a name, the answer is about the existing
    warehouse. Raises `BadRequest` for one that vends nothing.
    """
    what = warehouses.resource(fields["name"])
    require(ctx, "create", what)
    warehouse = _meant(ctx, fields)
    strategy = vending_strategies.strategy_of(checks.as_record(warehouse))
    if strategy is None:
        raise BadRequest("there is nothing to prepare: set use_sts or a vending_strategy")
    found = ctx.runtime.vendor(strategy).prepare(warehouse)
    trail.record(
        ctx, AuditEvent(AuditAction.PREPARE_WAREHOUSE, what, details={"strategy": strategy})
    )
    return {
        "id": warehouse.id,
        "name": warehouse.name,
        "external_id": (found.external_id or None) if found else None,
        "documents": dict(found.documents) if found else {},
    }


def _meant(ctx: Context, fields: Mapping[str, Any]) -> Warehouse:
    if any(fields.get(name) is not None for name in OPTIONS):
        return builder.new(ctx, fields, whole=False)[1]
    return as_plugin(ctx.runtime, warehouses.find(ctx, fields["name"]))


def _checked(ctx: Context, name: str) -> Json:
    record, what = warehouses.find(ctx, name), warehouses.resource(name)
    warehouse = as_plugin(ctx.runtime, record)
    found = checks.run_checks(ctx.runtime, warehouse, ctx.settings.request_timeout)
    changes: list[Change] = [
        hold_record(WAREHOUSE, record),
        found.put(record.doc["id"]),
    ]
    outcome, details, state = _answer(found), _counted(found), for_audit(record.doc)
    try:
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.CHECK_WAREHOUSE, what, after=state, details=details),
            outcome=outcome,
        )
    except Conflict:
        raise checks.changed_meanwhile(name) from None
    return outcome


def _answer(found: checks.CheckReport) -> Json:
    return {"valid": not found.failed, **found.to_json()}


def _counted(found: checks.CheckReport) -> dict[str, Any]:
    return {"checks": len(found.checks), "failed": [check.name for check in found.failed]}
