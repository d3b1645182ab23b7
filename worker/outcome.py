"""What an attempt came to (Cloud Tasks specification, 5.5 and the Retry-After of 5.8). Pure."""

from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum

LONGEST_RETRY_AFTER_S = 3600


class OutcomeKind(StrEnum):
    """What the outcome means for the task."""

    DONE = "done"
    """Answered 200 to 299: the task is finished."""
    ANSWERED = "answered"
    """Answered with any other status: a failure."""
    NO_ANSWER = "no_answer"
    """No complete answer: a failure."""


class Reason(StrEnum):
    """Why there is no answer."""

    TIMEOUT = "timeout"
    """The deadline passed before the answer was complete."""
    NO_CONNECTION = "no_connection"
    """DNS, connect or TLS failed, the connection broke, or what came was not HTTP."""
    REFUSED = "refused"
    """The egress policy does not allow the target's address."""
    UNSENDABLE = "unsendable"
    """No request could be made: there is no address for it, or no token."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one attempt."""

    kind: OutcomeKind
    status: int
    """The HTTP status; 504 after a timeout, 0 for any other missing answer."""
    reason: Reason | None = None
    """Set if and only if there is no answer."""
    retry_after_us: int = 0
    """How long a failing target asks to be left alone, at most an hour; 0 if it does not ask."""
    location: str = ""
    """Where a redirect leads, as the target wrote it."""
    detail: str = ""
    """One line for a human: what went wrong. Empty if answered."""

    def response_class(self) -> str:
        """The value of the metrics label `class`: 1xx to 5xx, or the reason why there is no answer."""
        return self.reason.value if self.reason else _CLASSES[self.status // 100]


_CLASSES = tuple(f"{first_digit}xx" for first_digit in range(10))

TIMED_OUT = Outcome(
    OutcomeKind.NO_ANSWER,
    504,
    Reason.TIMEOUT,
    detail="the dispatch deadline passed before the answer was complete",
)


def unanswered(reason: Reason, detail: str) -> Outcome:
    """An attempt that got no answer, for another reason than its deadline."""
    return Outcome(OutcomeKind.NO_ANSWER, 0, reason, detail=detail)


def answered(
    status: int, retry_after: str | None, date: str | None, now_us: int, *, location: str | None = None
) -> Outcome:
    """An attempt that got an answer with these values of Retry-After, Date and Location, if present."""
    if 200 <= status <= 299:
        return Outcome(OutcomeKind.DONE, status)
    pause_us = parse_retry_after_us(retry_after, date, now_us) if retry_after else 0
    return Outcome(OutcomeKind.ANSWERED, status, retry_after_us=pause_us, location=location or "")


def parse_retry_after_us(retry_after: str, date: str | None, now_us: int) -> int:
    """The pause that a Retry-After header asks for: 0 for nonsense or the past, at most an hour.

    A moment is counted from the answer's own Date, so that the two clocks need not agree; else from `now_us`.
    """
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text)
    else:
        moment_s = _parse_http_date_s(text)
        answered_s = _parse_http_date_s(date) if date else None
        if moment_s is None:
            return 0
        seconds = moment_s - (now_us / 1e6 if answered_s is None else answered_s)
    return round(min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S) * 1e6)


def _parse_http_date_s(text: str) -> float | None:
    """Seconds since the epoch of an HTTP date in any of its three forms (RFC 9110, 5.6.7), or None."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
