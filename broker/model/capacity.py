"""How many nodes and Redis shards a load needs: arithmetic over what one task costs, no measuring.

docs/capacity.md explains the formulas; `headrace plan` prints their results.
"""

import math
from dataclasses import dataclass

from broker.model.limits import Limits

_MEBI = 1_048_576


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU time of one operation, and how it grows with the payload."""

    fixed_us: float
    per_kilobyte_us: float

    def of(self, payload_bytes: int) -> float:
        """Microseconds for a payload."""
        return self.fixed_us + self.per_kilobyte_us * payload_bytes / 1000


@dataclass(frozen=True, slots=True)
class Costs:
    """What one task costs. The defaults were measured with `tests/deploy/measure_costs.py`, which says how.

    Machine: 2 virtual cores of the kind CI uses, Python 3.11, payloads of 300 B and 10 kB, Redis with AOF everysec.
    """

    api_grpc: Cost = Cost(360, 2)
    api_rest: Cost = Cost(200, 8)
    dispatcher: Cost = Cost(46, 3)
    """One attempt: claimed, sent, settled."""
    redis_create: Cost = Cost(29, 3)
    redis_attempt: Cost = Cost(22, 3)
    """The claim and the settling of one attempt."""
    record_bytes: int = 370
    """Redis memory of a task beyond its payload."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of an installation."""

    rate: float
    """Tasks created a second, on average over the busiest minutes."""
    payload_bytes: int = 300
    """URL, headers and body of a task."""
    retries: float = 0.0
    """Further attempts of an average task: 0.1 if every tenth fails once."""
    target_s: float = 0.1
    """How long targets take to answer."""
    backlog_s: float = 600.0
    """How long tasks pile up at that rate in the worst case: schedules, and targets that are down."""
    rest: bool = False
    """Tasks come over REST instead of gRPC."""
    headroom: float = 0.6
    """Share of a core, of a dispatcher's capacity and of Redis's memory that may be used up."""
    max_in_flight: int = 1000
    """Requests that one dispatcher may have open."""
    shard_bytes: int = 8 * 1024 * _MEBI
    """Memory of one Redis shard (maxmemory)."""

    @property
    def attempts(self) -> float:
        """Attempts a second."""
        return self.rate * (1 + self.retries)

    @property
    def in_flight(self) -> float:
        """Requests open at a time, by Little's law."""
        return self.attempts * self.target_s

    @property
    def backlog(self) -> float:
        """Tasks that Redis holds in the worst case."""
        return self.rate * self.backlog_s + self.in_flight


@dataclass(frozen=True, slots=True)
class Plan:
    """What a load needs. Cores are those used up; nodes and shards leave headroom, and one spare of each node kind."""

    api_cores: float
    dispatcher_cores: float
    redis_cores: float
    memory_bytes: float
    api_nodes: int
    dispatchers: int
    shards: int
    queues: int
    """Least number of queues over which the load must be spread: a queue has a highest rate and lives on one shard."""
    wire_bits: float
    """Bits a second between dispatchers and targets, payloads alone."""


def plan(load: Load, costs: Costs | None = None, limits: Limits | None = None) -> Plan:
    """What `load` needs at these costs and limits."""
    costs, limits = costs or Costs(), limits or Limits()
    size = load.payload_bytes
    api_cores = load.rate * (costs.api_rest if load.rest else costs.api_grpc).of(size) / 1e6
    dispatcher_cores = load.attempts * costs.dispatcher.of(size) / 1e6
    redis_cores = (load.rate * costs.redis_create.of(size) + load.attempts * costs.redis_attempt.of(size)) / 1e6
    memory_bytes = load.backlog * (size + costs.record_bytes)
    shard_rate = load.headroom * load.rate / redis_cores
    return Plan(
        api_cores=api_cores,
        dispatcher_cores=dispatcher_cores,
        redis_cores=redis_cores,
        memory_bytes=memory_bytes,
        api_nodes=_count(api_cores / load.headroom) + 1,
        dispatchers=_count(max(dispatcher_cores, load.in_flight / load.max_in_flight) / load.headroom) + 1,
        shards=_count(max(redis_cores, memory_bytes / load.shard_bytes) / load.headroom),
        queues=_count(load.rate / min(limits.max_dispatches_per_second, shard_rate)),
        wire_bits=load.attempts * size * 8,
    )


def _count(amount: float) -> int:
    """Whole things, at least one; what rounding errors add is not a thing."""
    return max(1, math.ceil(amount - 1e-9))
