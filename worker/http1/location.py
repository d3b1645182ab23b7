"""Where a URL leads, in the terms of HTTP/1.1 (RFC 9112, section 3). Pure."""

import re
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import quote, unquote

from yarl import URL

_PLAIN = re.compile(
    r"(https?)://([A-Za-z0-9][A-Za-z0-9.\-]*)(?::([0-9]{1,5}))?(/[A-Za-z0-9_.\-~!$%&'()*+,/:;=?@\[\]]*)?\Z"
)
_host = re.compile(r"[^\s%]+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*%\S+")
"""A name, or an address, which may have a zone. It goes into request lines to proxies as it is."""
_URL_CHARACTERS = "!#$%&'()*+,/:;=?@[]~"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """What connections are kept by."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Location:
    """A URL taken apart."""

    origin: Origin
    host_header: str
    path: str
    """Path and query, percent-encoded, as they stand in the request line; to a proxy, the whole URL."""
    authorization: str = ""
    """The value that user name and password of the URL ask for."""
    proxy_authorization: str = ""
    """Who we are to a proxy that makes the request in our place."""


def locate(url: str) -> Location:
    """The parts of a URL; nothing of it is changed but characters that no URL may hold. Raises ValueError."""
    match = _PLAIN.match(url)
    if match is None:
        return _locate_any(url)
    scheme, host, port_text, path = match.groups()
    port = int(port_text) if port_text else _PORTS[scheme]
    return Location(_origin(scheme, host.lower(), port), _host_header(scheme, host.lower(), port), path or "/")


def _locate_any(text: str) -> Location:
    url = URL(quote(text, safe=_URL_CHARACTERS), encoded=True) if text.isascii() else URL(text)
    if url.scheme not in _PORTS or not url.raw_host or url.port is None:
        raise ValueError(f"{text[:100]!r} is not an http or https URL")
    host = url.raw_host
    if not _host.fullmatch(host):
        raise ValueError(f"{text[:100]!r} has a host that is none")
    shown = f"[{host}]" if ":" in host else host
    authorization = ""
    if url.raw_user is not None:
        credentials = f"{unquote(url.raw_user)}:{unquote(url.raw_password or '')}"
        authorization = "Basic " + b64encode(credentials.encode()).decode()
    origin = _origin(url.scheme, host, url.port)
    return Location(origin, _host_header(url.scheme, shown, url.port), url.raw_path_qs or "/", authorization)


def _origin(scheme: str, host: str, port: int) -> Origin:
    if not 0 < port < 65536:
        raise ValueError(f"port {port} is not between 1 and 65535")
    return Origin(scheme, host, port)


def _host_header(scheme: str, host: str, port: int) -> str:
    return host if port == _PORTS[scheme] else f"{host}:{port}"
