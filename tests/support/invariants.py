"""What holds in every store at rest, whatever has happened to it. Compared with the keys as they are."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from broker.store.record import FORCED, LEASED, NAMED, OWN_RETRY
from broker.store.store import Store
from tests.support.snapshot import FIXED_BYTES, Snapshot, Tombstone, take_snapshot

_ROUNDING_US = 2
_BATCH_S = 0.010
_KNOWN_FLAGS = NAMED | LEASED | FORCED | OWN_RETRY

_SHARED_KEYS = r"meta|dispatchers|cmek|secret:.+"
_PARTITION_KEYS = r"seq|queues|ids|due|run|garbage|tombstones|operations|(quota|claim|leased|gone|operation):.+"
_QUEUE_KEYS = r"\d+(:l|:s|:c|:e\d+(:t:.*)?|:t:.+)?"

_COLLECTED_KEYS = r"\}:(claim:|leased:|gone:|operation:|quota:|\d+:[cs]$)"
"""Keys that Redis frees by itself after a while."""


async def check_invariants(store: Store) -> None:
    """Raises AssertionError naming everything that is wrong. Nobody may be at work on the store."""
    now_us = await store.time_us()
    snapshot = await take_snapshot(store)
    problems = [*_unknown_keys(store, snapshot), *_without_ttl(snapshot)]
    for number in range(store.backend.keys.partitions):
        values = snapshot.partition(store.backend.keys, number)
        if values:
            problems += [f"partition {number}: {problem}" for problem in _Partition(values, now_us).problems()]
    assert not problems, "\n".join(problems[:20])


def _unknown_keys(store: Store, snapshot: Snapshot) -> Iterator[str]:
    namespace = re.escape(store.backend.keys.namespace)
    of_partition = rf"\{{{namespace}:\d+\}}:({_PARTITION_KEYS}|{_QUEUE_KEYS})"
    known = re.compile(rf"\{{{namespace}\}}:({_SHARED_KEYS})|{of_partition}", re.DOTALL)
    for key in snapshot.values:
        if not known.fullmatch(key):
            yield f"{key} is no key that broker/store/keys.py lists"


def _without_ttl(snapshot: Snapshot) -> Iterator[str]:
    for key, value in snapshot.values.items():
        collected = isinstance(value, Tombstone) or re.search(_COLLECTED_KEYS, key) is not None
        if collected != (key in snapshot.ttls_ms):
            yield f"{key} has {'no' if collected else 'a'} TTL"


@dataclass(frozen=True)
class _Partition:
    values: dict[str, Any]
    now_us: int

    def problems(self) -> Iterator[str]:
        yield from self._names()
        yield from self._index_members()
        for key in self.values:
            if match := re.fullmatch(r"(\d+):(?![cs]$)(l|e|t:)?(.*)", key, re.DOTALL):
                yield from self._leftovers(key, match[1])
        for queue_id in self._queue_ids():
            yield from (f"queue {queue_id}: {problem}" for problem in self._queue(queue_id, self.values[queue_id]))

    def _queue_ids(self) -> list[str]:
        return [key for key in self.values if key.isdecimal()]

    def _set(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.values.get(name, {})
        return found

    def _names(self) -> Iterator[str]:
        ids = {name: str(queue_id) for name, queue_id in self._set("ids").items()}
        if ids.keys() != self._set("queues").keys():
            yield f"ids {ids} and queues {self._set('queues')} differ"
        if sorted(ids.values()) != sorted(self._queue_ids()):
            yield f"ids {ids} and configurations {self._queue_ids()} differ"
        for name, queue_id in ids.items():
            if self.values[queue_id]["name"] != name:
                yield f"queue {queue_id} is listed as {name}"
            if f"gone:{name}" in self.values:
                yield f"{name} is there and has a tombstone"

    def _index_members(self) -> Iterator[str]:
        shapes = {"run": r"\d+:\d+:.+", "garbage": r"\d+:\d+", "due": r"\d+"}
        for key, shape in shapes.items():
            for member, score in self._set(key).items():
                if not re.fullmatch(shape, member) or not isinstance(score, int):
                    yield f"{key} holds {member!r} at {score}"
        for key in self.values:
            if re.fullmatch(r"\d+:l", key):
                for member, score in self.values[key].items():
                    fence = member.rpartition(":")[2]
                    if not fence.isdecimal() or not isinstance(score, int):
                        yield f"{key} holds {member!r} at {score}"
                    elif int(fence) > self._set("seq").get("fence", 0):
                        yield f"{key} holds {member!r}, a fence that was never given out"
        for key, value in self.values.items():
            listed = key.removeprefix("gone:") in self._set("tombstones")
            if key.startswith("gone:") and value.expiry_us > self.now_us and not listed:
                yield f"the tombstone {key} is not listed"
        unknown = self._set("due").keys() - set(self._queue_ids())
        if unknown:
            yield f"due holds {unknown}, which are no queues"

    def _leftovers(self, key: str, queue_id: str) -> Iterator[str]:
        """What belongs to a deleted queue or an older generation is there only while the janitor knows of it."""
        garbage = self._set("garbage")
        value = self.values[key]
        if isinstance(value, Tombstone):
            return
        if index := re.match(r"\d+:e(\d+)", key):
            generation = index[1]
        elif isinstance(value, dict) and "generation" in value:
            generation = str(value["generation"])
            if key.partition(":t:")[2] not in self._set(f"{queue_id}:e{generation}"):
                yield f"{key} is in no index"
        elif key.endswith(":l") and ":t:" not in key:
            deleted = queue_id not in self.values
            if deleted and not any(member.startswith(f"{queue_id}:") for member in garbage):
                yield f"{key} is left over"
            return
        else:
            yield f"{key} is neither record nor tombstone: {value}"
            return
        current = str(self._set(queue_id).get("generation"))
        if generation != current and f"{queue_id}:{generation}" not in garbage:
            yield f"{key} of generation {generation} is left over"

    def _queue(self, queue_id: str, config: dict[str, Any]) -> Iterator[str]:
        eta = self._set(f"{queue_id}:e{config['generation']}")
        leases = self._set(f"{queue_id}:l")
        newest = self._set("seq").get("id", 0)
        if config["generation"] > newest or int(queue_id) > newest:
            yield f"id or generation {config['generation']} was never given out"
        if not 0 <= config["tokens"] <= config["burst"]:
            yield f"{config['tokens']} tokens in a bucket of {config['burst']}"
        for task_id, score in eta.items():
            yield from self._task(queue_id, config, task_id, score)
        yield from self._tags(queue_id, config["generation"], eta)
        yield from self._due(queue_id, config, eta, leases)

    def _tags(self, queue_id: str, generation: int, eta: dict[str, int]) -> Iterator[str]:
        """Every pull task stands in the index of its tag as it stands in `eta`, and nothing else stands there."""
        prefix = f"{queue_id}:e{generation}:t:"
        indexed = {key.removeprefix(prefix): self.values[key] for key in self.values if key.startswith(prefix)}
        expected: dict[str, dict[str, int]] = {}
        for task_id, score in eta.items():
            header = self.values.get(f"{queue_id}:t:{task_id}")
            if isinstance(header, dict) and not header["meta_bytes"]:
                start = header["length"] - FIXED_BYTES
                tag = header["payload"][start : start + header["tag_bytes"]].decode(errors="backslashreplace")
                expected.setdefault(tag, {})[task_id] = score
        if indexed != expected:
            yield f"tasks by tag are {indexed}, not {expected}"

    def _task(self, queue_id: str, config: dict[str, Any], task_id: str, score: int) -> Iterator[str]:
        header = self.values.get(f"{queue_id}:t:{task_id}")
        if not isinstance(header, dict) or header["generation"] != config["generation"]:
            yield f"{task_id} is indexed, but its record is {header}"
            return
        if score > header["expiry_us"]:
            yield f"{task_id} is next looked at at {score}, after its expiry {header['expiry_us']}"
        held = self._set(f"{queue_id}:l").get(f"{task_id}:{header['fence']}")
        lives = self.now_us < header["expiry_us"]
        if lives and held is not None and header["flags"] & LEASED and score < min(held, header["expiry_us"]):
            yield f"{task_id} is leased until {held}, but next looked at at {score}"
        if not header["flags"] & LEASED and score < min(header["schedule_us"], header["expiry_us"]):
            yield f"{task_id} is scheduled for {header['schedule_us']}, but looked at at {score}"
        is_pull = not header["meta_bytes"]
        if is_pull != (config["kind"] == "PULL"):
            yield f"{task_id} is no task for a {config['kind']} queue: {header}"
        if is_pull and score != min(header["schedule_us"], header["expiry_us"]):
            yield f"{task_id} is to be had at {header['schedule_us']}, but looked for at {score}"
        unknown_fence = not is_pull and header["fence"] > self._set("seq").get("fence", 0)
        if header["flags"] & ~_KNOWN_FLAGS or unknown_fence:
            yield f"{task_id} has an impossible header: {header}"
        if not header["answers"] <= header["responses"] <= header["ended"] <= header["dispatches"]:
            yield f"{task_id} has impossible counts: {header}"

    def _due(self, queue_id: str, config: dict[str, Any], eta: dict[str, int], leases: dict[str, int]) -> Iterator[str]:
        due_us = self._set("due").get(queue_id)
        if config["state"] != "RUNNING" or config["kind"] != "PUSH" or not eta:
            if due_us is not None:
                yield f"due at {due_us}, but it cannot dispatch"
            return
        latest_us = self._latest_due_us(config, eta, leases)
        if due_us is None or due_us > latest_us + _ROUNDING_US:
            yield f"due at {due_us}, but it could dispatch at {latest_us} (now {self.now_us})"

    def _latest_due_us(self, config: dict[str, Any], eta: dict[str, int], leases: dict[str, int]) -> int:
        """The moment by which a claim must look at the queue: when task, token and slot are there."""
        moments = [self.now_us, min(eta.values())]
        if config["tokens"] < 1:
            rate = config["rate"] * config.get("throttle", 1)  # the rate in force
            batch = min(config["burst"], max(1, rate * _BATCH_S))
            wait_s = (batch - config["tokens"]) / rate
            moments.append(min(config["refilled_us"], self.now_us) + math.ceil(wait_s * 1e6))
        if len(leases) >= config["concurrency"]:
            moments += [min(leases.values()), self._set("seq").get("hold_us", 0)]
        return max(moments)
