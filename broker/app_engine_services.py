"""Reading where App Engine services run: texts SERVICE=URL, JSON objects, and files that hold one."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

BASE_URL = r"https?://[^\s/?#]+(/[^\s?#]*)?"
"""Pattern of a URL that the path of a request can follow."""

_FORMS = "write SERVICE=URL, a JSON object, or the path of a file that holds one"


def service_urls(texts: Iterable[str]) -> dict[str, str]:
    """Base URLs without a slash at the end, by service or version.service. Raises ValueError with the remedy."""
    services: dict[str, object] = {}
    for text in texts:
        name, equals, url = text.partition("=")
        if text.lstrip().startswith("{"):
            services |= _json_object(text)
        elif equals:
            services[name.strip()] = url.strip()
        else:
            services |= _json_object(_content(text))
    return {name: _base_url(name, url) for name, url in services.items()}


def _base_url(name: str, url: object) -> str:
    if not (isinstance(url, str) and re.fullmatch(BASE_URL, url)):
        raise ValueError(f"service {name} must have a base URL such as http://localhost:8080, not {url!r}")
    return url.rstrip("/")


def _json_object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{_FORMS}; this is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(f"{_FORMS}; this JSON is no object")
    return value


def _content(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ValueError(f"{_FORMS}; {path}: {reason}") from None
