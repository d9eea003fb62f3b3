from ipaddress import ip_address

import pytest

from pangolin.errors import BadRequest
from pangolin.settings import Settings
from pangolin.toolkit.networks import is_reachable, networks_of

OPEN = networks_of(Settings(endpoint_networks=("loopback", "private")))


@pytest.mark.parametrize("text", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_is_always_reachable(text: str) -> None:
    assert is_reachable(ip_address(text), ())


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "10.1.2.3",
        "172.31.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "fd12::1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_a_near_address_is_reachable_only_where_its_network_is_named(text: str) -> None:
    assert not is_reachable(ip_address(text), ())
    assert is_reachable(ip_address(text), OPEN)


@pytest.mark.parametrize(
    "text",
    [
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "255.255.255.255",
        "fe80::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "ff02::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
    ],
)
def test_metadata_link_local_and_multicast_are_never_reachable(text: str) -> None:
    everything = networks_of(Settings(endpoint_networks=("0.0.0.0/0", "::/0")))
    assert not is_reachable(ip_address(text), everything)


def test_a_network_of_ones_own_may_be_named() -> None:
    mine = networks_of(Settings(endpoint_networks=("10.20.0.0/16",)))
    assert is_reachable(ip_address("10.20.3.4"), mine)
    assert not is_reachable(ip_address("10.21.0.1"), mine)


def test_what_is_no_network_is_refused_with_the_settings_name() -> None:
    with pytest.raises(BadRequest, match=r"^PANGOLIN_ENDPOINT_NETWORKS must"):
        networks_of(Settings(endpoint_networks=("ten",)))


def test_only_a_quick_start_on_this_machine_opens_what_is_near_it() -> None:
    assert networks_of(Settings())
    assert not networks_of(Settings(host="0.0.0.0"))
    assert not networks_of(Settings(store_url="memory:"))
    assert not networks_of(Settings(endpoint_networks=("none",)))
