"""Payloads in the legacy REST API: URL-safe base64 with padding (5.3 and 5.4), and what a setting allows beside it."""

import base64
import re

from broker.api.legacy_rest.faults import invalid

_url_safe = re.compile(r"[A-Za-z0-9_-]*={0,2}")
_to_url_safe = str.maketrans("+/", "-_")


def encode_payload(payload: bytes) -> str:
    """A payload as answers carry it."""
    return base64.urlsafe_b64encode(payload).decode()


def decode_payload(text: str, *, allow_standard: bool = False) -> bytes:
    """The payload that a caller sent; missing padding is completed. Raises INVALID_ARGUMENT.

    With `allow_standard` it may be in standard base64 too, which has + and / for - and _.
    """
    if allow_standard:
        text = text.translate(_to_url_safe)
    digits = text.rstrip("=")
    if not _url_safe.fullmatch(text) or len(digits) % 4 == 1:
        raise invalid("payloadBase64 must be URL-safe base64: letters, digits, - and _, with = at the end.")
    return base64.urlsafe_b64decode(digits + "=" * (-len(digits) % 4))
