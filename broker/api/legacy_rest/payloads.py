"""Payloads in the legacy REST API: URL-safe base64 with padding (5.3 and 5.4)."""

import base64
import re

from broker.api.legacy_rest.faults import invalid

_url_safe = re.compile(r"[A-Za-z0-9_-]*={0,2}")


def encode_payload(payload: bytes) -> str:
    """A payload as answers carry it."""
    return base64.urlsafe_b64encode(payload).decode()


def decode_payload(text: str) -> bytes:
    """The payload that a caller sent; missing padding is completed. Raises INVALID_ARGUMENT."""
    digits = text.rstrip("=")
    if not _url_safe.fullmatch(text) or len(digits) % 4 == 1:
        raise invalid("payloadBase64 must be URL-safe base64: letters, digits, - and _, with = at the end.")
    return base64.urlsafe_b64decode(digits + "=" * (-len(digits) % 4))
