"""Which addresses a dispatcher may connect to.

The table is explicit because the answers of `ipaddress.is_global` differ between Python versions and miss
addresses that hide an IPv4 one. The check sits in the socket factory, which sees each address about to be
connected, be it a literal or the answer of a name server: nothing can change between check and connect.
"""

import errno
import socket
from collections.abc import Callable
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]]
SocketFactory = Callable[[AddressInfo], socket.socket]

_NOT_PUBLIC_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier NAT, and metadata of some clouds
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # host agent of every Azure machine
        "169.254.0.0/16",  # link-local, and metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, withdrawn
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")
"""The only IPv6 space handed out for the Internet: loopback, private, link-local, multicast are outside."""

_NOT_PUBLIC_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, with Teredo, which hides an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, out of use, hides an IPv4 address
        "3fff::/20",  # documentation
    )
)

_EMBEDDED_V4 = (
    IPv6Network("::ffff:0:0/96"),  # IPv4-mapped
    IPv6Network("64:ff9b::/96"),  # NAT64
)


class EgressError(OSError):
    """The egress policy does not allow an address. The text is always the same: connectors compare it."""

    def __init__(self) -> None:
        super().__init__(errno.EPERM, "the egress policy 'public' does not allow the target's address")


class EgressPolicy(StrEnum):
    """Where tasks may go. The values are those of the setting `egress`."""

    ANY = "any"
    PUBLIC = "public"

    def allows(self, address: str) -> bool:
        """Whether a socket may connect to this IP address. What is no IP address is not public."""
        return self is EgressPolicy.ANY or _is_public(address)

    def open_socket(self, address_info: AddressInfo) -> socket.socket:
        """A socket for the address about to be connected. Raises EgressError."""
        family, kind, protocol, _, address = address_info
        if not self.allows(str(address[0])):
            raise EgressError
        return socket.socket(family, kind, protocol)


def _is_public(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if not any(address in network for network in _EMBEDDED_V4):
            return address in _GLOBAL_UNICAST_V6 and not any(address in network for network in _NOT_PUBLIC_V6)
        address = IPv4Address(int(address) & 0xFFFF_FFFF)
    return not any(address in network for network in _NOT_PUBLIC_V4)
