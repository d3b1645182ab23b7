"""Which URLs a task may call, and how they are stored (Cloud Tasks specification, 2.8)."""

import re
from urllib.parse import quote

from broker.service import texts

_parts = re.compile(r"(?P<scheme>https?://)(?P<authority>[^/?#]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_authority = re.compile(
    r"(?:[A-Za-z0-9\-._~%!$&'()*+,;=:]*@)?"
    r"(?:[A-Za-z0-9\-._~]+|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{0,5}))?"
)
_LARGEST_PORT = 65_535

# Every reserved and unreserved character of RFC 3986, and %: escapes are kept as sent, broken ones too.
_SAFE = "!#$%&'()*+,/:;=?@[]~-._"


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
        raise texts.url_too_long(longest)
    return encoded


def _check_authority(authority: str) -> None:
    host = authority.rpartition("@")[2]
    if not host or host.startswith(":"):
        raise texts.url_host_missing()
    match = _authority.fullmatch(authority)
    if match is None or int(match["port"] or 0) > _LARGEST_PORT:
        raise texts.url_authority_invalid(host)
