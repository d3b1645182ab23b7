"""What is set for some addresses of targets. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")

_url = re.compile(
    r"(?P<scheme>https?)://(?P<user>[^/?#@]*@)?(?P<host>\[[^\]]*\]|[^:/?#]*)(?::(?P<port>[0-9]*))?(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a URL leads, and what else it says. `str()` gives the URL back."""

    scheme: str
    user: str
    host: str
    port: str
    """Empty if the URL names none."""
    rest: str

    @classmethod
    def of(cls, url: str) -> "Origin | None":
        """The parts of an http or https URL, else None."""
        match = _url.fullmatch(url)
        if match is None:
            return None
        scheme, user, host, port, rest = match.groups(default="")
        return cls(scheme.lower(), user, host, port, rest)

    @property
    def port_in_use(self) -> str:
        """The port that is connected to."""
        return self.port or _PORTS[self.scheme]

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{self.user}{self.host}{port}{self.rest}"


@dataclass(frozen=True, slots=True)
class AddressMap(Generic[Value]):
    """Values by address: [SCHEME://]HOST[:PORT] in lower case, HOST a name, an IP address, *.DOMAIN or *."""

    values: Mapping[str, Value]

    def find(self, origin: Origin) -> Value | None:
        """The value for where a URL leads. A longer name goes before a shorter one, then one with a port or scheme."""
        for key in _keys(origin):
            if key in self.values:
                return self.values[key]
        return None


def _keys(origin: Origin) -> Iterator[str]:
    port = f":{origin.port_in_use}"
    for name in _names(origin.host.lower()):
        yield f"{origin.scheme}://{name}{port}"
        yield f"{name}{port}"
        yield f"{origin.scheme}://{name}"
        yield name


def _names(host: str) -> Iterator[str]:
    """The name itself, then wildcards, those of longer domains first."""
    yield host
    if not host.startswith("["):
        _, dot, domain = host.partition(".")
        while dot:
            yield f"*.{domain}"
            _, dot, domain = domain.partition(".")
    yield "*"
