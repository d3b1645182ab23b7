"""A request as the bytes that go over the wire (RFC 9112). Pure."""

from worker.http1.location import Location
from worker.request import OutgoingRequest, RequestShape

_SENDS_NO_LENGTH = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that say nothing of a body that they do not have."""


def head_of(shape: RequestShape, location: Location) -> bytes:
    """What requests of a shape begin with. Host comes first. Raises ValueError if a header would break the line."""
    host = location.host_header
    credentials = location.authorization
    lines = [f"Proxy-Authorization: {location.proxy_authorization}"] if location.proxy_authorization else []
    for name, value in shape.headers:
        lowered = name.lower()
        if lowered == "host":
            host = value
            continue
        if lowered == "authorization":
            credentials = ""
        lines.append(f"{name}: {value}")
    if credentials:
        lines.append(f"Authorization: {credentials}")
    head = "\r\n".join((f"{shape.method} {location.path} HTTP/1.1", f"Host: {host}", *lines, ""))
    if head.count("\r") != len(lines) + 2 or head.count("\n") != len(lines) + 2:
        raise ValueError("a header holds a line break")
    return head.encode()


def request_bytes(head: bytes, request: OutgoingRequest) -> bytes:
    """Header and body of a request whose shape begins so. Content-Length comes last."""
    shape, body, last_lines = request
    if body or shape.method not in _SENDS_NO_LENGTH:
        return b"%b%bContent-Length: %d\r\n\r\n%b" % (head, last_lines, len(body), body)
    return b"%b%b\r\n" % (head, last_lines)
