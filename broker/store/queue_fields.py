"""A queue as the hash that the scripts read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from broker.model.names import QueueName
from broker.model.queue import NO_ACL, Acl, Queue, QueueKind, QueueState, RateLimits
from broker.model.retry import RetryConfig
from broker.store.routing_field import pack_routing, unpack_routing


@dataclass(frozen=True, slots=True)
class StoredQueue:
    """A queue with what only the store cares about."""

    queue: Queue
    id: str
    version: int


def to_fields(queue: Queue) -> list[Any]:
    """The configuration as fields and values, without name, state and what scripts keep themselves."""
    rates, retry = queue.rate_limits, queue.retry_config
    fields = {
        "kind": queue.kind.value,
        "rate": repr(float(rates.max_dispatches_per_second)),
        "burst": rates.max_burst_size,
        "concurrency": rates.max_concurrent_dispatches,
        "max_attempts": retry.max_attempts,
        "max_retry_us": retry.max_retry_duration_us,
        "min_backoff_us": retry.min_backoff_us,
        "max_backoff_us": retry.max_backoff_us,
        "max_doublings": retry.max_doublings,
        "task_ttl_us": queue.task_ttl_us,
        "tombstone_us": queue.tombstone_ttl_us,
        "sampling_ratio": repr(float(queue.sampling_ratio)),
        "routing": pack_routing(queue),
        "acl": json.dumps([queue.acl.users, queue.acl.writers]) if queue.acl != NO_ACL else "",
    }
    return [part for field in fields.items() for part in field]


def from_flat(answer: list[Any]) -> StoredQueue:
    """The queue in a script's answer: its id and the hash as a flat list."""
    queue_id, flat = answer
    return from_fields(queue_id.decode(), dict(zip(flat[::2], flat[1::2], strict=True)))


def from_fields(queue_id: str, fields: Mapping[bytes, bytes]) -> StoredQueue:
    """The queue of this id whose hash holds `fields`. Raises ValueError for a hash that no version wrote."""

    def text(name: str) -> str:
        return str(fields[name.encode()].decode())

    name = QueueName.parse(text("name"))
    if name is None:
        raise ValueError(f"queue {queue_id!r} is stored under the name {text('name')!r}")
    purge_us = fields.get(b"purge_us")
    http_target, app_engine_routing = unpack_routing(fields.get(b"routing", b"").decode())
    queue = Queue(
        name=name,
        rate_limits=RateLimits(float(text("rate")), int(text("burst")), int(text("concurrency"))),
        retry_config=RetryConfig(
            max_attempts=int(text("max_attempts")),
            max_retry_duration_us=int(text("max_retry_us")),
            min_backoff_us=int(text("min_backoff_us")),
            max_backoff_us=int(text("max_backoff_us")),
            max_doublings=int(text("max_doublings")),
        ),
        state=QueueState(text("state")),
        kind=QueueKind(text("kind")),
        purge_time_us=int(purge_us) if purge_us else None,
        http_target=http_target,
        app_engine_routing=app_engine_routing,
        sampling_ratio=float(text("sampling_ratio")),
        task_ttl_us=int(text("task_ttl_us")),
        tombstone_ttl_us=int(text("tombstone_us")),
        acl=_acl(fields.get(b"acl", b"")),
    )
    return StoredQueue(queue, queue_id, int(text("version")))


def _acl(text: bytes) -> Acl:
    return Acl(*map(tuple, json.loads(text))) if text else NO_ACL
