"""A request as the bytes that go over the wire (RFC 9112). Pure."""

from worker.http1.location import Location
from worker.request import OutgoingRequest

_SENDS_NO_LENGTH = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that say nothing of a body that they do not have."""


def request_bytes(request: OutgoingRequest, location: Location) -> bytes:
    """Header and body. Host comes first, Content-Length last. Raises ValueError if a header would break the line."""
    headers = request.headers
    host = location.host_header
    credentials = location.authorization
    lines = []
    for name, value in headers:
        lowered = name.lower()
        if lowered == "host":
            host = value
            continue
        if lowered == "authorization":
            credentials = ""
        lines.append(f"{name}: {value}")
    if credentials:
        lines.append(f"Authorization: {credentials}")
    body = request.body
    if body or request.method not in _SENDS_NO_LENGTH:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join((f"{request.method} {location.path} HTTP/1.1", f"Host: {host}", *lines, "", ""))
    if head.count("\r") != len(lines) + 3 or head.count("\n") != len(lines) + 3:
        raise ValueError("a header holds a line break")
    return head.encode() + body
