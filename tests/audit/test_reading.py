"""The log is read newest first, by any filter, in full pages, by nobody of another tenant."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from pangolin.errors import BadRequest, Forbidden, NoSuchAuditRecord
from pangolin.interfaces.authentication import TENANT_ADMIN, TENANT_USER, Principal
from pangolin.services.audit import query, trail
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from tests.audit.log import HOUR, START, Clock, elsewhere, event, records
from tests.worlds.one_catalog import context_on

WHO = ("ann", "bob")
WHAT = ("create_table", "commit_table", "drop_table")
OTHER = "00000000-0000-0000-0000-00000000000b"


def acting(ctx: Context, name: str, role: str = TENANT_USER) -> Context:
    return replace(ctx, principal=Principal(f"id-{name}", name, role, ctx.tenant))


@pytest.fixture
def log(ctx: Context, clock: Clock) -> list[dict[str, Any]]:
    """Sixty records, a minute apart, of two people in two processes; newest first."""
    processes = [ctx, elsewhere(ctx)]
    for at in range(60):
        clock.now = START + at * 60_000 - 1
        who = acting(processes[at % 2], WHO[at % 3 == 0])
        what = Resource("table", ("lake@dev" if at % 5 else "lake", f"t{at % 4}"))
        result = "failure" if at % 7 == 0 else "success"
        after = {"id": f"asset-{at % 4}"}
        trail.record(
            who, AuditEvent(cast(AuditAction, WHAT[at % 3]), what, result=result, after=after)
        )
    found: list[dict[str, Any]] = [dict(doc) for doc in records(ctx.runtime.store)]
    return sorted(found, key=lambda doc: str(doc["id"]), reverse=True)


def everything(ctx: Context, limit: int = 7, **filters: Any) -> Iterator[list[dict[str, Any]]]:
    after = None
    while True:
        rows, after = query.page(ctx, filters, limit=limit, after=after)
        yield rows
        if after is None:
            return


FILTERS: list[dict[str, Any]] = [
    {},
    {"user_id": "id-ann"},
    {"action": "create_table"},
    {"resource_type": "table"},
    {"resource_type": "table", "resource_name": "lake.t1"},
    {"resource_name": "lake.t1"},
    {"resource_id": "asset-3"},
    {"result": "failure"},
    {"user_id": "id-ann", "action": "commit_table", "result": "success"},
    {"resource_type": "table", "resource_name": "lake.t2", "result": "failure"},
    {"user_id": "nobody"},
]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_each_filter_gives_full_pages_newest_first(
    ctx: Context, log: list[dict[str, Any]], filters: dict[str, Any]
) -> None:
    wanted = [
        doc["id"] for doc in log if all(doc.get(name) == value for name, value in filters.items())
    ]
    pages = list(everything(ctx, **filters))
    assert [row["id"] for rows in pages for row in rows] == wanted
    assert all(len(rows) == 7 for rows in pages[:-1])
    assert len(pages) == max(1, -(-len(wanted) // 7))
    assert query.count(ctx, filters) == len(wanted)


@pytest.mark.parametrize("user", [None, "id-ann"])
@pytest.mark.parametrize(("first", "last"), [(10, 20), (None, 20), (10, None), (59, 59), (90, 99)])
def test_times_bound_what_is_read_and_count(
    ctx: Context,
    log: list[dict[str, Any]],
    first: int | None,
    last: int | None,
    user: str | None,
) -> None:
    begin = datetime.fromtimestamp(START / 1000, UTC)
    filters: dict[str, Any] = {"user_id": user} if user else {}
    if first is not None:
        filters["start_time"] = begin + timedelta(minutes=first) - timedelta(microseconds=1)
    if last is not None:
        filters["end_time"] = begin + timedelta(minutes=last, microseconds=999)
    low = 0 if first is None else START + first * 60_000
    high = START + (99 if last is None else last) * 60_000
    wanted = [
        doc["id"] for doc in log if low <= doc["at_ms"] <= high and user in (None, doc["user_id"])
    ]
    assert [row["id"] for rows in everything(ctx, **filters) for row in rows] == wanted
    assert query.count(ctx, filters) == len(wanted)


def test_a_row_shows_what_the_original_did_and_no_signature(
    ctx: Context, log: list[dict[str, Any]]
) -> None:
    row = query.get(ctx, log[0]["id"])
    assert row["tenant_id"] == ctx.tenant
    assert row["timestamp"].startswith("2023-11-14T")
    assert (row["resource_name"], row["resource_id"]) == ("lake.t3", "asset-3")
    assert not {"mac", "prev", "segment", "number", "at_ms", "tenant"} & set(row)


def test_a_record_that_is_not_there_is_missed(ctx: Context, log: list[dict[str, Any]]) -> None:
    with pytest.raises(NoSuchAuditRecord):
        query.get(ctx, "no-such-id")


@pytest.mark.parametrize("name", ["action", "resource_type"])
def test_a_word_nobody_ever_recorded_is_refused_by_its_field(ctx: Context, name: str) -> None:
    with pytest.raises(BadRequest, match=f"{name} must be one of"):
        query.page(ctx, {name: "creat_table"})


def test_a_word_of_a_plugin_is_known_once_it_was_recorded(ctx: Context) -> None:
    trail.record(ctx, event("polish_table", "widget"))
    assert query.count(ctx, {"action": "polish_table", "resource_type": "widget"}) == 1


def test_only_admins_and_root_may_read(ctx: Context, log: list[dict[str, Any]]) -> None:
    with pytest.raises(Forbidden):
        query.page(acting(ctx, "ann"), {})
    assert query.count(acting(ctx, "eve", TENANT_ADMIN), {}) == 60


def test_an_admin_sees_nothing_of_another_tenant(
    ctx: Context, log: list[dict[str, Any]], clock: Clock
) -> None:
    made = context_on(ctx.settings.data_path, ctx.runtime.store, tenant=OTHER)
    theirs = replace(made, runtime=replace(ctx.runtime))
    trail.record(theirs, AuditEvent(AuditAction.DROP_TABLE, Resource("table", ("secret",))))
    admin = acting(theirs, "eve", TENANT_ADMIN)
    rows, _ = query.page(admin, {})
    assert [row["resource_name"] for row in rows] == ["secret"]
    with pytest.raises(NoSuchAuditRecord):
        query.get(admin, log[0]["id"])
    for read in (query.page, query.count):
        with pytest.raises(Forbidden):
            read(admin, {}, everywhere=True)


def test_root_may_read_the_logs_of_all_tenants_as_one(
    ctx: Context, log: list[dict[str, Any]], clock: Clock
) -> None:
    made = context_on(ctx.settings.data_path, ctx.runtime.store, tenant=OTHER)
    theirs = replace(made, runtime=ctx.runtime)
    clock.now = START + HOUR // 2
    trail.record(theirs, AuditEvent(AuditAction.DROP_TABLE, Resource("table", ("mine",))))
    (found,) = (doc for doc in records(ctx.runtime.store) if doc["tenant"] == OTHER)
    rows, more = query.page(ctx, {}, everywhere=True, limit=40)
    rest, last = query.page(ctx, {}, everywhere=True, limit=40, after=more)
    ids = [row["id"] for row in (*rows, *rest)]
    assert ids == sorted((doc["id"] for doc in (*log, found)), reverse=True)
    assert last is None
    assert query.count(ctx, {}, everywhere=True) == 61
    assert query.get(ctx, found["id"], everywhere=True)["tenant_id"] == OTHER
