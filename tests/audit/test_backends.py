"""The log on every kind of database: what was signed is what comes back, in the same order."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pangolin.registry import Registry
from pangolin.services.audit import query, trail
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.changes import batch
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.settings import Settings
from pangolin.store.api import ABSENT, Put
from pangolin.store.documents import GuardDoc
from pangolin.store.kinds import GUARD
from tests.audit.log import broken, overwrite, records, verdict
from tests.servers.stores import STORES, database
from tests.worlds.one_catalog import context_on

ODD = "\x00 $.a 𝄞 %_'\"\\" + "é" * 600


@pytest.fixture(params=STORES, scope="module")
def log(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Context]:
    """A tenant's log that eight threads wrote, with whatever a request may bring."""
    with database(request.param) as running:
        store = Registry(Settings()).open_store(running.new_url())
        ctx = context_on(Path(tmp_path_factory.mktemp("lake")), store)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda thread: write(ctx, thread), range(8)))
        yield ctx
        store.close()


def write(ctx: Context, thread: int) -> None:
    for at in range(10):
        doc: GuardDoc = {"name": f"{thread}-{at}"}
        put = Put(GUARD, doc, ABSENT)
        what = Resource("table", ("lake", ODD, str(at)))
        details = {"a.b": {"$c": [1, 2.5, None, True, ODD]}, "": 2**53}
        batch.apply(
            ctx,
            [put],
            AuditEvent(AuditAction.COMMIT_TABLE, what, after={"id": ODD}, details=details),
        )
    trail.record(
        ctx,
        AuditEvent(AuditAction.LOGIN_FAILED, Resource("user", (ODD,)), result="failure", error=ODD),
    )


def test_what_threads_wrote_together_verifies(log: Context) -> None:
    found = verdict(log)
    assert (found.broken, found.records) == (None, 88)
    assert found.segments <= 8


def test_pages_follow_the_same_order(log: Context) -> None:
    wanted = sorted((doc["id"] for doc in records(log.runtime.store)), reverse=True)
    ids: list[str] = []
    after = None
    while len(ids) < len(wanted):
        rows, after = query.page(log, {}, limit=30, after=after)
        ids += [row["id"] for row in rows]
    assert (ids, after) == (wanted, None)


def test_filters_find_what_a_request_brought(log: Context) -> None:
    name = f"lake.{ODD}.3"
    filters = {"resource_type": "table", "resource_name": name, "action": "commit_table"}
    assert query.count(log, filters) == 8
    assert query.count(log, {"result": "failure"}) == 8


def test_tampering_is_found(log: Context) -> None:
    doc = records(log.runtime.store)[3]
    overwrite(log.runtime.store, doc, ip_address="192.0.2.1")
    assert broken(log).id == doc["id"]
    overwrite(log.runtime.store, doc)
    assert verdict(log).broken is None
