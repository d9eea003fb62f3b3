"""Root in somebody else's tenant: allowed, and written to that tenant's log."""

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.store.api import Put
from pangolin.store.identity_documents import AuditDoc
from pangolin.store.kinds import AUDIT, TENANT
from tests.samples import ACME

ACTION = "tenant_impersonation"


def visit(client: FlaskClient, runtime: Runtime, tenant: str = ACME) -> TestResponse:
    """Read something in a tenant, which is made first."""
    if runtime.store.get(TENANT, (ACME,)) is None:
        doc = {"tenant": ACME, "name": "acme", "properties": {}}
        runtime.store.apply(Put(TENANT, doc))
    return client.get("/api/v1/catalogs", headers={"X-Pangolin-Tenant": tenant})


def recorded(runtime: Runtime, tenant: str) -> list[AuditDoc]:
    """List the visits that a tenant's log tells of."""
    found = (record.doc for record in runtime.store.scan(AUDIT, (tenant,)))
    return [doc for doc in found if doc["action"] == ACTION]


def test_a_visit_is_in_the_log_of_the_tenant(client: FlaskClient, runtime: Runtime) -> None:
    assert visit(client, runtime).status_code == 200
    [record] = recorded(runtime, ACME)
    assert (record["username"], record["role"], record["result"]) == ("root", "root", "success")
    assert recorded(runtime, DEFAULT_TENANT) == []


def test_looking_around_is_told_once_in_a_while(client: FlaskClient, runtime: Runtime) -> None:
    for _ in range(5):
        visit(client, runtime)
    assert len(recorded(runtime, ACME)) == 1


def test_root_in_the_default_tenant_without_a_header_visits_nobody(
    client: FlaskClient, runtime: Runtime
) -> None:
    assert client.get("/api/v1/catalogs").status_code == 200
    assert recorded(runtime, DEFAULT_TENANT) == []


def test_a_tenant_that_does_not_exist_has_no_visits(client: FlaskClient, runtime: Runtime) -> None:
    assert visit(client, runtime, "nowhere").status_code == 404
    assert not [record for record in runtime.store.scan(AUDIT) if record.doc["action"] == ACTION]
