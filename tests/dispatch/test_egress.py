import socket

import pytest

from worker.egress import EgressError, EgressPolicy

PUBLIC = [
    *("8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"),
    *("128.0.0.0", "168.63.129.15", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0"),
    *("192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255"),
    *("2606:4700:4700::1111", "2001:4860:4860::8888", "2001:200::1", "2a00::1", "3ffe::1"),
    *("::ffff:8.8.8.8", "64:ff9b::8.8.8.8"),
]

NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1"),
    *("127.255.255.254", "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255"),
    *("192.0.0.8", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1"),
    *("2001:db8::1", "3fff::1", "5f00::1", "2001:2::1", "2001:10::1", "2001:1::1"),
    # Addresses that hide 10.0.0.1 or 127.0.0.1: mapped, compatible, translated, NAT64, local NAT64, 6to4, Teredo.
    *("::ffff:10.0.0.1", "::ffff:7f00:1", "::10.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b::a00:1"),
    *("64:ff9b::127.0.0.1", "64:ff9b:1::a00:1", "2002:a00:1::", "2002:808:808::", "2001:0:a00:1::"),
    # What is no IP address in the canonical form.
    *("127.1", "2130706433", "0x7f.0.0.1", "localhost", ""),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_allows(address: str) -> None:
    assert EgressPolicy.PUBLIC.allows(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_public_refuses(address: str) -> None:
    assert not EgressPolicy.PUBLIC.allows(address)
    with pytest.raises(EgressError):
        EgressPolicy.PUBLIC.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)))


@pytest.mark.parametrize("address", [*PUBLIC, *NOT_PUBLIC])
def test_any_allows_everything(address: str) -> None:
    assert EgressPolicy.ANY.allows(address)


def test_the_policies_are_the_values_of_the_setting() -> None:
    assert [policy.value for policy in EgressPolicy] == ["any", "public"]
