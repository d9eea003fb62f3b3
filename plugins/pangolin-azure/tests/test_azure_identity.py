"""Every identity against an authority that speaks Entra's protocol over TLS."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pangolin_azure.account import Account
from pangolin_azure.delegation import fetch_key
from pangolin_azure.identity import SCOPE, Identity, credential_of, identity_of
from pangolin_azure.vendor import AzureVendor

from pangolin.plugin import Access, BadRequest, Forbidden, Grant, Unavailable, Warehouse
from tests.servers.azurite import ACCOUNT
from tests.servers.entra import ASSERTION, CLIENT, SECRET, TENANT, Entra, refused
from tests.servers.seaweed import free_ports

from .conftest import LOCAL

PLACE = Account(ACCOUNT, "warehouse", "core.windows.net")


def certificate_pem() -> str:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pangolin")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return (private + made.public_bytes(serialization.Encoding.PEM)).decode()


def identity(kind: str, secret: str = "") -> Identity:
    return Identity(kind, TENANT, CLIENT, secret)


@pytest.mark.parametrize("kind", ["client-secret", "client-certificate", "client-assertion"])
def test_an_application_proves_itself(entra: Entra, kind: str) -> None:
    secret = {"client-secret": SECRET, "client-assertion": ASSERTION}.get(kind) or certificate_pem()
    found = credential_of(identity(kind, secret), PLACE).get_token(SCOPE)
    assert found.token
    assert entra.forms[-1]["client_id"] == CLIENT
    assert entra.forms[-1]["scope"] == SCOPE


def test_a_workload_identity_shows_the_servers_token_file(
    entra: Entra, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text(ASSERTION)
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(file))
    credential_of(identity("workload-identity"), PLACE).get_token(SCOPE)
    assert entra.forms[-1]["client_assertion"] == ASSERTION


def test_a_server_without_a_workload_identity_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_FEDERATED_TOKEN_FILE", raising=False)
    with pytest.raises(Unavailable, match="AZURE_FEDERATED_TOKEN_FILE is not set"):
        credential_of(identity("workload-identity"), PLACE)


def test_a_certificate_that_is_none_is_refused_without_being_repeated() -> None:
    with pytest.raises(BadRequest, match=r"adls\.client-certificate") as raised:
        credential_of(identity("client-certificate", "no-certificate-words"), PLACE)
    assert "no-certificate-words" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"adls.client-secret": "s"}, "client-secret"),
        ({"adls.client-certificate": "c", "adls.account-key": "k"}, "client-certificate"),
        ({"adls.client-assertion": "a"}, "client-assertion"),
        ({"adls.account-key": "k"}, "account-key"),
        ({"adls.client-secret": "s", "adls.identity": "managed-identity"}, "managed-identity"),
    ],
)
def test_what_is_given_says_which_identity_it_is(options: dict[str, str], kind: str) -> None:
    ids = {"adls.tenant-id": TENANT, "adls.client-id": CLIENT}
    assert identity_of(ids | options).kind == kind


def test_an_identity_does_not_show_its_secret() -> None:
    assert "s3cret" not in repr(identity("client-secret", "s3cret"))


def test_a_refusal_is_told_by_its_code(entra: Entra) -> None:
    entra.refusal = refused("AADSTS700016: Application with identifier was not found.", 400)
    with pytest.raises(Forbidden, match="AADSTS700016") as raised:
        fetch_key(PLACE, identity("client-secret", "wrong-secret-word"), 0, 3600)
    assert "wrong-secret-word" not in str(raised.value)


def test_an_authority_that_is_away_is_unavailable(
    entra: Entra, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = free_ports(1)
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", f"https://127.0.0.1:{port}")
    with pytest.raises(Unavailable):
        fetch_key(PLACE, identity("client-secret", SECRET), 0, 3600)


def test_a_token_is_vended_fresh_and_with_its_own_expiry(entra: Entra) -> None:
    config = {
        "adls.account-name": ACCOUNT,
        "adls.container": "warehouse",
        "adls.tenant-id": TENANT,
        "adls.client-id": CLIENT,
        "adls.client-secret": SECRET,
    }
    table = (f"abfss://warehouse@{PLACE.host}/t",)
    made = Warehouse("t", "id", "w", 1, config, True, {"AzureOAuth": {}})
    grant = Grant(made, Access(table, table, table), "ann", "ann", 3600)
    entra.lives = 1800
    before = datetime.now(UTC).timestamp()
    vended = AzureVendor(LOCAL).vend(grant)
    AzureVendor(LOCAL).vend(grant)
    assert len(entra.forms) == 2
    assert vended.config["adls.token"].startswith("ey")
    assert abs(vended.expires_at_ms / 1000 - before - 1800) < 10
    assert vended.config["expiration-time"] == str(vended.expires_at_ms)
