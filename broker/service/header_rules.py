"""Which headers a task may carry, and how they are stored (Cloud Tasks specification, 2.8, 2.9 and 2.12).

Headers that are dropped or replaced when the task is sent stay stored as the caller gave them, but for
User-Agent.
"""

import re

from broker.model.task import APP_ENGINE_USER_AGENT, USER_AGENT
from broker.service import our_texts

Headers = tuple[tuple[str, str], ...]

_ONLY_USER_AGENT: Headers = (("User-Agent", USER_AGENT),)
_token = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# A colon, a space and a line end, as on the wire.
_OVERHEAD_BYTES = 4


def stored_headers(headers: Headers, largest_bytes: int) -> Headers:
    """The headers of an HTTP task as they are stored: casing kept, User-Agent set to that of the service.

    Raises HeadraceError, as `check_headers`.
    """
    if not headers:
        return _ONLY_USER_AGENT
    check_headers(headers, "HttpRequest.headers", largest_bytes)
    return (*_without(headers, "user-agent"), *_ONLY_USER_AGENT)


def stored_app_engine_headers(headers: Headers, body: bytes) -> Headers:
    """The headers of an App Engine task as they are stored: what describes the body filled in, User-Agent extended.

    Their size counts only as a part of the task's. Raises HeadraceError for a header that cannot be sent.
    """
    check_headers(headers, "AppEngineHttpRequest.headers")
    given = {name.lower(): value for name, value in headers}
    agent = f"{given.get('user-agent', '')} {APP_ENGINE_USER_AGENT}".lstrip()
    kept = _without(headers, "user-agent", "content-length")
    if not body:
        return (*kept, ("User-Agent", agent))
    kind = () if "content-type" in given else (("Content-Type", "application/octet-stream"),)
    return (*kept, *kind, ("Content-Length", str(len(body))), ("User-Agent", agent))


def check_headers(headers: Headers, field: str, largest_bytes: int | None = None) -> None:
    """Raise HeadraceError for a header that cannot be sent, and for more than `largest_bytes` in all.

    What counts is names, values and 4 bytes for each header. `field` is named in the error.
    """
    if largest_bytes is not None and sum(map(_wire_bytes, headers)) > largest_bytes:
        raise our_texts.headers_too_large(field, largest_bytes)
    for name, value in headers:
        if not _token.fullmatch(name):
            raise our_texts.header_name_invalid(field, name)
        if _control.search(value):
            raise our_texts.header_value_invalid(field, name)


def _without(headers: Headers, *names: str) -> Headers:
    return tuple(header for header in headers if header[0].lower() not in names)


def _wire_bytes(header: tuple[str, str]) -> int:
    name, value = header
    return len(name.encode()) + len(value.encode()) + _OVERHEAD_BYTES
