"""Many clients at once cost few mints."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from pangolin.services.context.context import Context
from pangolin.services.tables import tables
from tests.credentials.conftest import Call, made
from tests.credentials.vendor import CountingVendor
from tests.samples import SCHEMA, TABLES

CLIENTS = 1_000
WANTED = ("vended-credentials",)


@pytest.mark.parametrize("count", [1, 100])
def test_a_thousand_loads_cost_one_mint_for_each_table(
    call: Call, lake: str, ctx: Context, vendor: CountingVendor, count: int
) -> None:
    for number in range(count):
        made(call("POST", TABLES, {"name": f"t{number}", "schema": SCHEMA}))
    vendor.slow_s = 0.05

    def load(number: int) -> str:
        answer = tables.load(ctx, "lake", ("db",), f"t{number % count}", delegation=WANTED)
        return answer.config["counting.key-id"]

    with ThreadPoolExecutor(64) as pool:
        found = list(pool.map(load, range(CLIENTS)))
    assert len(set(found)) == len(vendor.grants) == count


def test_a_thousand_requests_cost_one_mint(
    app: Flask, call: Call, lake: str, vendor: CountingVendor
) -> None:
    made(call("POST", TABLES, {"name": "t", "schema": SCHEMA}))
    vendor.slow_s = 0.2
    headers = {
        "X-Iceberg-Access-Delegation": "vended-credentials",
        "Authorization": f"Bearer {token(call)}",
    }

    def load(_: int) -> int:
        return app.test_client().get(f"{TABLES}/t", headers=headers).status_code

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(load, range(CLIENTS))) == {200}
    assert len(vendor.grants) == 1


def token(call: Call) -> str:
    """Log root in."""
    given = {"username": "root", "password": "correct horse"}
    return str(made(call("POST", "/api/v1/users/login", given))["token"])
