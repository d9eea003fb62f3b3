"""The client's address: X-Forwarded-For counts only as far as trusted proxies vouch for it."""

from dataclasses import replace

import pytest

from pangolin.errors import BadRequest
from pangolin.settings import Settings
from pangolin.web.http.proxies import check_settings, client_address

TRUSTED = ("10.0.0.0/8", "2001:db8:1::/48", "127.0.0.1")


def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    assert client_address("10.0.0.1", "192.0.2.1", ()) == "10.0.0.1"


@pytest.mark.parametrize("peer", ["192.0.2.9", "2001:db8:2::1", "", None, "unix:", "nonsense"])
def test_a_header_of_an_untrusted_peer_is_ignored(peer: str | None) -> None:
    assert client_address(peer, "198.51.100.1", TRUSTED) == peer


@pytest.mark.parametrize("header", [None, ""])
def test_a_trusted_peer_that_forwards_nothing_is_the_client(header: str | None) -> None:
    assert client_address("10.0.0.1", header, TRUSTED) == "10.0.0.1"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("198.51.100.1,10.0.0.3,10.0.0.2", "198.51.100.1"),
        ("203.0.113.7, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("2001:db8:2::9, 2001:db8:1::5", "2001:db8:2::9"),
        ("2001:DB8:2:0::9", "2001:db8:2::9"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("198.51.100.1:4711", "198.51.100.1"),
        ("[2001:db8:2::9]:4711", "2001:db8:2::9"),
        ("[2001:db8:2::9]", "2001:db8:2::9"),
    ],
)
def test_the_walk_ends_at_the_nearest_hop_that_is_not_trusted(header: str, found: str) -> None:
    assert client_address("10.0.0.1", header, TRUSTED) == found


def test_an_ipv4_peer_of_a_dual_stack_socket_is_known_as_itself() -> None:
    assert client_address("::ffff:10.0.0.1", "198.51.100.1", TRUSTED) == "198.51.100.1"


@pytest.mark.parametrize(
    "entry",
    [
        "unknown",
        "_hidden",
        "",
        "198.51.100",
        "198.51.100.1:x",
        "198.51.100.1:\u0661",
        "[2001:db8::1",
        "[2001:db8::1]4711",
        "fe80::1%eth0",
        "fe80::1%\nforged",
        "1" * 5000,
    ],
)
def test_a_malformed_entry_ends_the_walk(entry: str) -> None:
    header = f"198.51.100.1, {entry}, 10.0.0.2"
    assert client_address("10.0.0.1", header, TRUSTED) == "10.0.0.2"


def test_a_client_cannot_choose_its_address_by_sending_the_header_itself() -> None:
    assert client_address("10.0.0.1", "127.0.0.1, 198.51.100.66", TRUSTED) == "198.51.100.66"


@pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0.1/8", "proxy.example", "*", "10.0.0"])
def test_a_bad_network_is_named_at_the_start(settings: Settings, text: str) -> None:
    given = replace(settings, trusted_proxies=("192.0.2.0/24", text))
    with pytest.raises(BadRequest, match="PANGOLIN_TRUSTED_PROXIES") as refused:
        check_settings(given)
    assert repr(text) in refused.value.message


def test_addresses_and_networks_are_taken(settings: Settings) -> None:
    check_settings(replace(settings, trusted_proxies=TRUSTED))
