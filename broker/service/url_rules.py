"""Which URLs a task may call, and how they are stored (Cloud Tasks specification, 2.8 and 2.9)."""

import re
from functools import lru_cache
from urllib.parse import quote

from broker.service import our_texts, texts

_parts = re.compile(r"(?P<scheme>https?://)(?P<authority>[^/?#]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_HOST = r"(?:[A-Za-z0-9\-._~]+|\[[0-9A-Fa-f:.]+\])"
_host = re.compile(_HOST)
_authority = re.compile(rf"(?:[A-Za-z0-9\-._~%!$&'()*+,;=:]*@)?{_HOST}(?::(?P<port>[0-9]{{0,5}}))?")
LARGEST_PORT = 65_535

# Every reserved and unreserved character of RFC 3986, and %: escapes are kept as sent, broken ones too.
_SAFE = "!#$%&'()*+,/:;=?@[]~-._"


@lru_cache(maxsize=1024)
def stored_url(url: str, longest: int) -> str:
    """`url` with unsafe characters percent-encoded, as it is stored, shown and called.

    Raises HeadraceError unless it is an http or https URL with a host, of at most `longest` characters.
    """
    if not url:
        raise texts.url_missing()
    parts = _parts.fullmatch(url)
    if parts is None:
        raise texts.url_scheme()
    _check_authority(parts["authority"])
    encoded = parts["scheme"] + parts["authority"] + quote(parts["rest"], safe=_SAFE)
    if len(encoded) > longest:
        raise our_texts.url_too_long(longest)
    return encoded


def stored_relative_uri(uri: str, longest: int) -> str:
    """`uri` with unsafe characters percent-encoded, as it is stored, shown and called; "/" if it is empty.

    Raises HeadraceError unless it begins with a slash, has no spaces and at most `longest` characters.
    """
    if not uri:
        return "/"
    if not uri.startswith("/") or any(map(str.isspace, uri)):
        raise our_texts.relative_uri_invalid(uri)
    encoded = quote(uri, safe=_SAFE)
    if len(encoded) > longest:
        raise our_texts.relative_uri_too_long(longest)
    return encoded


def is_host(text: str) -> bool:
    """Whether a text is a host: a name in ASCII, an IPv4 address, or an IPv6 address in brackets."""
    return _host.fullmatch(text) is not None


def _check_authority(authority: str) -> None:
    host = authority.rpartition("@")[2]
    if not host or host.startswith(":"):
        raise our_texts.url_host_missing()
    match = _authority.fullmatch(authority)
    if match is None or int(match["port"] or 0) > LARGEST_PORT:
        raise our_texts.url_authority_invalid(host)
