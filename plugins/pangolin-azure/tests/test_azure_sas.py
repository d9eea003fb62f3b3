"""Signatures against the SDK's own of 12.17.0 (azure-storage-file-datalake 12.12.0).

They were written down once, with that SDK's version set to ours: newer ones sign other fields.
"""

from base64 import b64encode
from urllib.parse import parse_qsl

import pytest
from pangolin_azure.sas import DelegationKey, Terms, account_sas, delegated_sas

VALUE = b64encode(b"a delegation key of 32 bytes ....").decode()
STARTS, ENDS = 1767322800, 1767326400  # 2026-01-02 at 3:00 and 4:00
CORRELATION = "12345678-1234-5678-1234-567812345678"
KEY = DelegationKey(
    {
        "skoid": "99999999-8888-7777-6666-555555555555",
        "sktid": "11111111-2222-3333-4444-555555555555",
        "skt": "2026-01-02T03:04:05Z",
        "ske": "2026-01-02T07:04:05Z",
        "sks": "b",
        "skv": "2023-11-03",
    },
    VALUE,
    1767337445,
)
TIMES = "st=2026-01-02T03%3A00%3A00Z&se=2026-01-02T04%3A00%3A00Z"
OF_KEY = (
    f"scid={CORRELATION}&skoid=99999999-8888-7777-6666-555555555555"
    "&sktid=11111111-2222-3333-4444-555555555555&skt=2026-01-02T03%3A04%3A05Z"
    "&ske=2026-01-02T07%3A04%3A05Z&sks=b&skv=2023-11-03"
)
PATHS = {
    "plain": "lake/sales/orders",
    "odd": "a b/ü日本/x=1 %20'\"",
    "deep": "deep/deep/deep/deep/deep/deep/t",
}
DELEGATED = {
    "plain": (3, "N5qlG%2BQRiC6QAzOU/VTh9nH%2BD8vooe5EHqEg2Xky7NU%3D"),
    "odd": (3, "1IB3%2Bp3BefSMzYcUwJYEE5xfvhfoAbRX/XJdFBe2V0c%3D"),
    "deep": (7, "KiVAMZyaofXyF7OM%2Bj/90fZQTtya6WxjDz3JricRWIY%3D"),
}
BY_ACCOUNT = {
    "plain": (3, "BTeSMTVK2i4ZhMTZcckHW7OSDxp8fa14a%2BI5ivyUgSE%3D"),
    "odd": (3, "Ez7mPYqfUG0hBLsYSQlRjoXOTwZOSwMFxlDWBXzQODU%3D"),
    "deep": (7, "4JfGqCsT9U1qZ7HGF9hbPnjdKYzUl1u8cXglIdnI1L0%3D"),
}


def terms(path: str, permissions: str = "racwdl") -> Terms:
    segments = tuple(path.split("/")) if path else ()
    return Terms("account1", "container", segments, permissions, STARTS, ENDS, CORRELATION)


def read(sas: str) -> dict[str, str]:
    return dict(parse_qsl(sas, strict_parsing=True))


@pytest.mark.parametrize("name", PATHS)
def test_a_delegated_signature_is_the_sdks(name: str) -> None:
    depth, signature = DELEGATED[name]
    sdks = f"{TIMES}&sp=racwdl&spr=https&sv=2023-11-03&sr=d&sdd={depth}&{OF_KEY}&sig={signature}"
    assert read(delegated_sas(terms(PATHS[name]), KEY)) == read(sdks)


@pytest.mark.parametrize("name", PATHS)
def test_a_signature_by_the_accounts_key_is_the_sdks(name: str) -> None:
    depth, signature = BY_ACCOUNT[name]
    sdks = f"{TIMES}&sp=racwdl&spr=https&sv=2023-11-03&sr=d&sdd={depth}&sig={signature}"
    assert read(account_sas(terms(PATHS[name]), VALUE)) == read(sdks)


def test_a_signature_for_a_container_is_the_sdks() -> None:
    signature = "Y0rWaDYFf28YBmmNAbVFJjci0BSqTJwTh6mUXtYyL0k%3D"
    sdks = f"{TIMES}&sp=rl&spr=https&sv=2023-11-03&sr=c&{OF_KEY}&sig={signature}"
    assert read(delegated_sas(terms("", "rl"), KEY)) == read(sdks)


def test_a_key_does_not_show_itself() -> None:
    assert VALUE not in repr(KEY)
