"""What a queue file says -> words: the YAML of an export, the settings in a plan."""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from broker.model.queue import Queue, QueueKind
from broker.model.retry import UNLIMITED_ATTEMPTS, RetryConfig
from broker.service.queue_file.entry import QueueEntry, entry_of
from broker.service.queue_file.scalars import is_target


def write_yaml(queues: Sequence[Queue]) -> str:
    """A queue.yaml that says what these queues are; comments name what the format has no words for."""
    notes = "".join(f"# {note}\n" for queue in queues for note in _notes(queue))
    entries = [_members(entry_of(queue)) for queue in queues]
    return notes + yaml.safe_dump({"queue": entries}, sort_keys=False)


def settings(entry: QueueEntry) -> dict[str, str]:
    """The settings of an entry by the keys of the file, without its name and whether it is paused."""
    members = _members(entry)
    flat = members | members.pop("retry_parameters", {})
    if "acl" in members:
        flat["acl"] = " ".join(f"{key}:{address}" for entry in members["acl"] for key, address in entry.items())
    return {key: str(value) for key, value in flat.items() if key not in ("name", "paused", "retry_parameters")}


def _members(entry: QueueEntry) -> dict[str, Any]:
    members: dict[str, Any] = {"name": entry.queue_id}
    if entry.kind is QueueKind.PULL:
        members["mode"] = "pull"
    else:
        members["rate"] = f"{_plain(entry.rate)}/s" if entry.rate else "0"
        members["bucket_size"] = entry.bucket_size
        members["max_concurrent_requests"] = entry.max_concurrent_requests
    if entry.paused:
        members["paused"] = True
    if (target := _target(entry)) and is_target(target):
        members["target"] = target
    if retry := _retry_members(entry.retry, entry.kind):
        members["retry_parameters"] = retry
    addresses = {"user_email": entry.acl.users, "writer_email": entry.acl.writers}
    if acl := [{key: address} for key, each in addresses.items() for address in each]:
        members["acl"] = acl
    return members


def _retry_members(retry: RetryConfig, kind: QueueKind) -> dict[str, Any]:
    members: dict[str, Any] = {}
    if retry.max_attempts != UNLIMITED_ATTEMPTS:
        members["task_retry_limit"] = retry.max_attempts - (kind is QueueKind.PUSH)
    if kind is QueueKind.PULL:
        return members
    if retry.max_retry_duration_us:
        members["task_age_limit"] = f"{_plain(retry.max_retry_duration_us / 1_000_000)}s"
    members["min_backoff_seconds"] = _seconds(retry.min_backoff_us)
    members["max_backoff_seconds"] = _seconds(retry.max_backoff_us)
    members["max_doublings"] = retry.max_doublings
    return members


def _notes(queue: Queue) -> Iterator[str]:
    entry, routing = entry_of(queue), queue.app_engine_routing
    left_out = {
        "httpTarget": queue.http_target is not None,
        "stackdriverLoggingConfig.samplingRatio": queue.sampling_ratio > 0,
        "appEngineRoutingOverride.instance": routing is not None and bool(routing.instance),
        "appEngineRoutingOverride": bool(_target(entry)) and not is_target(_target(entry)),
    }
    for field, is_left_out in left_out.items():
        if is_left_out:
            yield f"{entry.queue_id}: {field} has no place in a queue.yaml and is not written here"
    if entry.paused:
        yield f'{entry.queue_id}: "paused" is a key of Headrace; for gcloud, write "rate: 0" in its place'


def _target(entry: QueueEntry) -> str:
    target = entry.target
    return ".".join(part for part in (target.version, target.service) if part) if target else ""


def _seconds(duration_us: int) -> int | float:
    seconds, rest = divmod(duration_us, 1_000_000)
    return duration_us / 1_000_000 if rest else seconds


def _plain(number: float) -> str:
    """A number without an exponent, which rates and ages cannot have."""
    return f"{number:.9f}".rstrip("0").rstrip(".")
