"""`headrace queues preview-retry`: when a task that keeps failing is tried again, and when it is given up."""

import re
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import typer

from broker.errors import StartupError
from broker.model.retry import UNLIMITED_ATTEMPTS, RetryConfig
from broker.service.retry_rules import check_retry_config

_DEFAULT = RetryConfig()
_ROWS = 20
_MOST_ATTEMPTS = 100_000
_UNITS_US = {"": 1_000_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_duration = re.compile(r"([0-9]{1,12}(?:\.[0-9]*)?)([smhd]?)")
_help_duration = "With a unit, s if there is none: 0.1s, 10s, 5m, 1h, 2d."


def preview_retry(
    max_attempts: Annotated[
        str, typer.Option(metavar="N", help="Attempts in all; -1 or unlimited is no limit.")
    ] = "100",
    max_retry_duration: Annotated[
        str, typer.Option(metavar="TIME", help=f"Time after which to give up; 0 is no limit. {_help_duration}")
    ] = "0s",
    min_backoff: Annotated[str, typer.Option(metavar="TIME", help="Wait after the first failure.")] = "0.1s",
    max_backoff: Annotated[str, typer.Option(metavar="TIME", help="Longest wait.")] = "3600s",
    max_doublings: Annotated[
        int, typer.Option(metavar="N", help="How often the wait doubles before it grows evenly.")
    ] = _DEFAULT.max_doublings,
) -> None:
    """Show the waits between the attempts of a task that always fails at once, and when it is given up.

    The flags and their defaults are those of a queue's retry configuration, the computation is the dispatcher's.
    """
    config = RetryConfig(
        max_attempts=_attempts(max_attempts),
        max_retry_duration_us=_microseconds("--max-retry-duration", max_retry_duration),
        min_backoff_us=_microseconds("--min-backoff", min_backoff),
        max_backoff_us=_microseconds("--max-backoff", max_backoff),
        max_doublings=max_doublings,
    )
    check_retry_config(config)
    print("\n".join(preview(config)))


def preview(config: RetryConfig) -> Iterator[str]:
    """The preview line by line: the first attempts, the last one, and how it ends."""
    yield f"{'attempt':>9}  {'wait':>12}  {'since the first':>17}"
    shown = list(islice(config.schedule(), _ROWS))
    yield from (_row(config, attempt, since_us) for attempt, since_us in shown)
    if config.max_attempts == UNLIMITED_ATTEMPTS and not config.max_retry_duration_us:
        yield f"{'...':>9}\nnever given up: it is tried until the task is as old as its queue lets tasks become"
        return
    ((attempt, since_us),) = deque(islice(config.schedule(), _MOST_ATTEMPTS), maxlen=1)
    if attempt > _ROWS:
        yield f"{'...':>9}\n{_row(config, attempt, since_us)}"
    if config.is_exhausted(attempt, since_us):
        yield f"given up after attempt {attempt}, {_long(since_us)} after the first"
    else:
        yield f"not given up within {attempt} attempts, {_long(since_us)}"


def _row(config: RetryConfig, attempt: int, since_us: int) -> str:
    wait = _seconds(config.interval_us(attempt - 1)) if attempt > 1 else ""
    return f"{attempt:>9}  {wait:>12}  {_seconds(since_us):>17}"


def _seconds(duration_us: int) -> str:
    return f"{duration_us / 1_000_000:.6f}".rstrip("0").rstrip(".") + "s"


def _long(duration_us: int) -> str:
    """A duration in days, hours, minutes and seconds, those that are not zero."""
    parts = []
    for unit in ("d", "h", "m"):
        number, duration_us = divmod(duration_us, _UNITS_US[unit])
        parts += [f"{number}{unit}"] if number else []
    return " ".join([*parts, _seconds(duration_us)] if duration_us or not parts else parts)


def _attempts(text: str) -> int:
    try:
        return UNLIMITED_ATTEMPTS if text == "unlimited" else _DEFAULT.max_attempts if text == "0" else int(text)
    except ValueError:
        raise StartupError(f"--max-attempts must be a whole number, or unlimited; got {text!r}") from None


def _microseconds(flag: str, text: str) -> int:
    match = _duration.fullmatch(text)
    if not match:
        raise StartupError(f"{flag} must be a time such as 0.1s, 10s, 5m, 1h or 2d; got {text!r}")
    return round(float(match[1]) * _UNITS_US[match[2]])
