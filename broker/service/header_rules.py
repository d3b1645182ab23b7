"""Which headers a task may carry, and how they are stored (Cloud Tasks specification, 2.8 and 2.12).

Headers that are dropped or replaced when the task is sent stay stored as the caller gave them, but for
User-Agent.
"""

import re

from broker.model.task import USER_AGENT
from broker.service import texts

Headers = tuple[tuple[str, str], ...]

_token = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# A colon, a space and a line end, as on the wire.
_OVERHEAD_BYTES = 4


def stored_headers(headers: Headers, largest_bytes: int) -> Headers:
    """`headers` as they are stored: casing kept, User-Agent set to that of the service.

    Raises HeadraceError for a header that cannot be sent, and for more than `largest_bytes` in all:
    names, values and 4 bytes for each header.
    """
    if sum(map(_wire_bytes, headers)) > largest_bytes:
        raise texts.headers_too_large(largest_bytes)
    for name, value in headers:
        if not _token.fullmatch(name):
            raise texts.header_name_invalid(name)
        if _control.search(value):
            raise texts.header_value_invalid(name)
    kept = tuple(header for header in headers if header[0].lower() != "user-agent")
    return (*kept, ("User-Agent", USER_AGENT))


def _wire_bytes(header: tuple[str, str]) -> int:
    name, value = header
    return len(name.encode()) + len(value.encode()) + _OVERHEAD_BYTES
