"""Where requests really go: tests and containers send what is meant for one host to another. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from broker.model.targets import UNIX
from worker.address_map import AddressMap, Origin


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """A program on this host that listens at a path."""

    path: str


@dataclass(frozen=True, slots=True)
class Rewrites:
    """What is connected to in place of some addresses.

    Nothing of the request itself changes: its Host header, the audience of its token and the name that a certificate
    must hold stay those of the task's URL.
    """

    targets: AddressMap[Origin | UnixSocket]

    @classmethod
    def of(cls, addresses: Mapping[str, str]) -> "Rewrites":
        """From texts [SCHEME://]HOST[:PORT] or unix:/PATH, as the settings have checked them."""
        return cls(AddressMap({source.lower(): _target(target) for source, target in addresses.items()}))

    def connect_to(self, url: str) -> str:
        """The URL to connect to for a URL. Scheme and port stay unless the rewrite names others."""
        origin, target = self._find(url)
        if origin is None or not isinstance(target, Origin):
            return url
        return str(
            replace(
                origin,
                scheme=target.scheme or origin.scheme,
                host=target.host,
                port=target.port or origin.port,
            )
        )

    def socket_path(self, url: str) -> str:
        """The unix socket to connect to for a URL; empty if there is none. The scheme says whether TLS is spoken."""
        _, target = self._find(url)
        return target.path if isinstance(target, UnixSocket) else ""

    def _find(self, url: str) -> tuple[Origin | None, Origin | UnixSocket | None]:
        origin = Origin.of(url) if self.targets.values else None
        return origin, self.targets.find(origin) if origin else None


def _target(address: str) -> Origin | UnixSocket:
    """An address as the parts of a URL; empty are those that it does not name."""
    if address.startswith(UNIX):
        return UnixSocket(address.removeprefix(UNIX))
    scheme, separator, _ = address.rpartition("://")
    origin = Origin.of(address if separator else f"http://{address}")
    assert origin is not None, address
    return replace(origin, scheme=scheme.lower())
