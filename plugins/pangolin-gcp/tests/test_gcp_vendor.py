import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pangolin_gcp import pangolin_credential_vendors
from pangolin_gcp.identity import identity_of
from pangolin_gcp.sources import PLATFORM, READ_ONLY, READ_WRITE, Sources, Wanted
from pangolin_gcp.vendor import GcpVendor

from pangolin.plugin import Access, BadRequest, Forbidden, Grant, Settings, Unavailable, Warehouse
from tests.servers.front import Answer
from tests.servers.gcp import ACCOUNT, BUCKET, TARGET, said
from tests.servers.seaweed import free_ports

from .conftest import LOCAL, Cloud

TABLE = (f"gs://{BUCKET}/sales/orders",)
READ = Access(TABLE)
ALL = Access(TABLE, TABLE, TABLE)
LENT = Settings(server_identity=True, endpoint_networks=("loopback",))


def warehouse(cloud: Cloud, strategy: object = None, **more: str) -> Warehouse:
    options = cloud.options(**more)
    return Warehouse("t", "id", "w", 1, options, True, strategy)


def grant(made: Warehouse, access: Access = ALL, ttl_s: int = 3600) -> Grant:
    return Grant(made, access, "ann", "Ann", ttl_s)


def vendor(cloud: Cloud, settings: Settings = LOCAL) -> GcpVendor:
    return GcpVendor(settings, cloud.transport)


def test_a_token_is_exchanged_for_one_with_a_boundary(tokens: Cloud) -> None:
    vended = vendor(tokens).vend(grant(warehouse(tokens)))
    given = tokens.gate.given[vended.config["gcs.oauth2.token"]]
    assert given.account == ACCOUNT
    assert given.rules is not None
    assert tokens.gate.asked == ["token", "token"]
    assert vended.details == {"rules": "1", "account": ACCOUNT}


def test_clients_find_it_under_every_name_they_read(tokens: Cloud) -> None:
    vended = vendor(tokens).vend(grant(warehouse(tokens, project_id="p")))
    expires = str(vended.expires_at_ms)
    assert vended.config == {
        "gcs.oauth2.token": vended.config["gcs.oauth2.token"],
        "gcs.oauth2.token-expires-at": expires,
        "expiration-time": expires,
        "gcs.project-id": "p",
        "gcs.service.host": f"http://127.0.0.1:{tokens.port}",
    }
    assert vended.config["gcs.oauth2.token"] not in repr(vended)
    assert abs(vended.expires_at_ms / 1000 - time.time() - 3600) < 30


def test_an_impersonated_account_lives_as_long_as_is_wished(tokens: Cloud) -> None:
    made = warehouse(tokens, impersonate=TARGET)
    vended = vendor(tokens).vend(grant(made, ttl_s=900))
    assert tokens.gate.given[vended.config["gcs.oauth2.token"]].account == TARGET
    assert abs(vended.expires_at_ms / 1000 - time.time() - 900) < 30
    assert vended.details["account"] == TARGET


def test_an_account_that_may_not_impersonate_is_refused(tokens: Cloud) -> None:
    tokens.gate.impersonators.clear()
    with pytest.raises(Forbidden, match="PERMISSION_DENIED"):
        vendor(tokens).vend(grant(warehouse(tokens, impersonate=TARGET)))


def test_many_tables_share_a_source_while_it_is_fresh(tokens: Cloud) -> None:
    now = [time.time()]
    made, shared = warehouse(tokens), GcpVendor(LOCAL, tokens.transport, lambda: now[0])
    for number in range(5):
        table = (f"gs://{BUCKET}/sales/{number}",)
        shared.vend(grant(made, Access(table)))
    assert len(tokens.gate.asked) == 6
    now[0] += 400
    shared.vend(grant(made))
    assert len(tokens.gate.asked) == 8


def test_sixteen_threads_ask_for_one_source(tokens: Cloud) -> None:
    made, shared = warehouse(tokens), vendor(tokens)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: shared.vend(grant(made)), range(16)))
    assert len({vended.config["gcs.oauth2.token"] for vended in found}) == 16
    assert len(tokens.gate.asked) == 17


def test_another_tenant_or_key_has_a_source_of_its_own(tokens: Cloud) -> None:
    sources = Sources(tokens.transport)
    identity = identity_of(tokens.options())
    wanted = Wanted("t", identity, PLATFORM)
    assert sources.get(wanted) is sources.get(replace(wanted, life_s=900))
    acting = replace(identity, impersonate=TARGET)
    for other in (
        replace(wanted, tenant="u"),
        replace(wanted, identity=acting),
        replace(wanted, identity=acting, life_s=900),
    ):
        assert sources.get(other).value != sources.get(wanted).value


def test_a_child_process_asks_for_a_source_of_its_own(tokens: Cloud) -> None:
    sources, wanted = (
        Sources(tokens.transport),
        Wanted("t", identity_of(tokens.options()), PLATFORM),
    )
    parents = sources.get(wanted).value
    child = os.fork()
    if child == 0:
        os._exit(17 if sources.get(wanted).value != parents else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 17


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (said(400, {"error": "invalid_grant"}), Forbidden),
        (said(403, {"error": "access_denied"}), Forbidden),
        (said(503, {"error": "backend_error"}), Unavailable),
        (said(429, {"error": "rate_limit"}), Unavailable),
        (Answer(502, b"<html>bad gateway</html>"), Unavailable),
        (said(200, {"unexpected": True}), Unavailable),
    ],
)
def test_an_exchange_that_fails_says_whether_it_may_pass(
    tokens: Cloud, refusal: Answer, error: type[Exception]
) -> None:
    shared, made = vendor(tokens), warehouse(tokens)
    shared.vend(grant(made))
    tokens.gate.refusal = refusal
    with pytest.raises(error):
        shared.vend(grant(made))
    tokens.gate.refusal = None
    shared.vend(grant(made))


def test_services_that_are_away_are_unavailable(tokens: Cloud) -> None:
    (port,) = free_ports(1)
    away = Cloud(port, tokens.gate)
    with pytest.raises(Unavailable, match="no connection"):
        vendor(away).vend(grant(warehouse(away)))


def test_a_private_key_that_is_none_is_refused_and_not_repeated(tokens: Cloud) -> None:
    key = tokens.gate.service_account(private_key="private-words")
    with pytest.raises(BadRequest, match="private_key") as raised:
        vendor(tokens).vend(grant(warehouse(tokens, service_account_key=key)))
    assert "private-words" not in str(raised.value)


@pytest.mark.parametrize(("access", "scope"), [(READ, READ_ONLY), (ALL, READ_WRITE)])
def test_a_whole_token_has_the_scope_of_the_access(
    tokens: Cloud, access: Access, scope: str
) -> None:
    vended = vendor(tokens).vend(grant(warehouse(tokens, {"GcpToken": {}}), access))
    assert tokens.gate.given[vended.config["gcs.oauth2.token"]].rules is None
    assert vended.details["scope"] == scope


@pytest.mark.parametrize("access", [Access(), Access(TABLE, TABLE), Access((), TABLE)])
def test_a_whole_token_does_not_go_where_no_scope_fits(tokens: Cloud, access: Access) -> None:
    with pytest.raises(Forbidden, match="GcpToken"):
        vendor(tokens).vend(grant(warehouse(tokens, {"GcpToken": {}}), access))


def test_the_operator_may_lend_the_servers_identity_but_to_google_only(tokens: Cloud) -> None:
    ambient = {"gcs.bucket": BUCKET}
    bare = Warehouse("t", "id", "w", 1, ambient, True, None)
    with pytest.raises(BadRequest, match="PANGOLIN_SERVER_IDENTITY"):
        vendor(tokens).validate(bare, Settings())
    vendor(tokens).validate(bare, LENT)
    with pytest.raises(BadRequest, match="to Google Cloud and nowhere else"):
        vendor(tokens).validate(warehouse(tokens, service_account_key=""), LENT)


def test_a_server_without_credentials_of_its_own_says_so(
    tokens: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/does/not/exist")
    bare = Warehouse("t", "id", "w", 1, {"gcs.bucket": BUCKET}, True, None)
    with pytest.raises(Unavailable, match="no credentials of its own"):
        vendor(tokens, LENT).vend(grant(bare))


def test_the_servers_own_credentials_are_impersonated_like_any(
    tokens: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("own") / "key.json"
    file.write_text(tokens.gate.service_account())
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    config = {"gcs.bucket": BUCKET, "gcs.impersonate": TARGET}
    bare = Warehouse("t", "id", "w", 1, config, True, None)
    vended = vendor(tokens, LENT).vend(grant(bare))
    assert tokens.gate.given[vended.config["gcs.oauth2.token"]].account == TARGET
    with pytest.raises(BadRequest, match="PANGOLIN_SERVER_IDENTITY"):
        vendor(tokens).vend(grant(bare))


def test_the_grants_are_commands_to_paste(tokens: Cloud) -> None:
    found = vendor(tokens).prepare(warehouse(tokens, impersonate=TARGET))
    assert found is not None
    text = json.dumps(found.documents)
    assert "uniform-bucket-level-access" in text
    assert f"--member=serviceAccount:{TARGET} --role=roles/storage.objectUser" in text
    assert f"{TARGET} --member=serviceAccount:{ACCOUNT}" in text
    assert "PRIVATE KEY" not in text


def test_the_plugin_registers_its_strategies() -> None:
    (found,) = pangolin_credential_vendors(LOCAL)
    assert (found.strategies, found.types) == (("GcpDownscoped", "GcpToken"), ("gcs",))
