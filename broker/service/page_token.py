"""Page tokens of ListQueues: opaque to callers, safe in URLs, nothing kept on the server.

A token carries the last name of its page, so a listing goes on where it stopped on any node, whatever
was created or deleted in between, and does not expire.
"""

import base64
from dataclasses import dataclass

from broker.model.names import LocationName, QueueName
from broker.service import our_texts


@dataclass(frozen=True, slots=True)
class PageToken:
    """Where a listing of queues stopped."""

    last: str
    """A full queue name."""
    filter_text: str

    def __str__(self) -> str:
        fields = f"{self.last}\n{self.filter_text}"
        return base64.urlsafe_b64encode(fields.encode()).decode().rstrip("=")


def start_of_page(token: str, parent: LocationName, filter_text: str) -> str:
    """The name after which a page begins; "" for the first page.

    Raises HeadraceError for a token that this listing has not handed out.
    """
    if not token:
        return ""
    read = _read(token)
    if read is None or not read.last.startswith(f"{parent}/queues/"):
        raise our_texts.page_token_invalid()
    if read.filter_text != filter_text:
        raise our_texts.filter_changed()
    return read.last


def _read(token: str) -> PageToken | None:
    try:
        padded = token + "=" * (-len(token) % 4)
        fields = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except ValueError:
        return None
    last, _, filter_text = fields.partition("\n")
    return PageToken(last, filter_text) if QueueName.parse(last) else None
