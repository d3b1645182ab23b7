"""Claiming: which partition is asked when, and for how much.

A partition is asked when its next due time has come, when a wake-up says so, and at the latest after the slow poll.
Its owner asks at once, other dispatchers a little later. What is claimed is bounded by what can be sent now.
"""

import asyncio
import logging

from broker.errors import HeadraceError
from broker.metrics import Metrics
from broker.store.attempts import AttemptStore, Claim
from worker.held_attempt import HeldAttempt
from worker.in_flight import InFlight
from worker.ownership import Ownership
from worker.turns import Deliver, Turns

_OTHERS_WAIT_S = 0.010
_EMPTY_CLAIM_PAUSE_S = 0.002
_STORE_AWAY_PAUSE_S = 0.1
_GATHER_ROOM_S = 0.005
_MOST_TASKS = 200
"""Of one claim: Redis does nothing else while it runs one."""
_ENOUGH_ROOM = 8

log = logging.getLogger(__name__)


class Claimer:
    """Asks partitions for tasks and hands each to `deliver`, at most one claim a partition at a time."""

    def __init__(
        self,
        attempts: AttemptStore,
        in_flight: InFlight,
        ownership: Ownership,
        metrics: Metrics,
        *,
        owner: str,
        partitions: int,
        lease_s: float,
        slow_poll_s: float,
        ramp_up: bool,
        deliver: Deliver,
    ) -> None:
        self._attempts = attempts
        self._in_flight = in_flight
        self._ownership = ownership
        self._metrics = metrics
        self._owner = owner
        self._partitions = partitions
        self._lease_s = lease_s
        self._slow_poll_s = slow_poll_s
        self._ramp_up = ramp_up
        self._turns = Turns(deliver)
        self._ready: dict[int, None] = {}
        self._timers: dict[int, tuple[float, asyncio.Handle]] = {}
        """When each partition is to be asked, and what will do it. (uvloop has timers that do not know their time.)"""
        self._claims: dict[int, asyncio.Task[None]] = {}
        self._numbers = dict.fromkeys(range(partitions), 0)
        self._crowded: dict[int, list[str]] = {}
        """Queues that claims had to skip, by partition."""
        self._failing: set[int] = set()
        """Partitions whose last claim failed: the next one holds hardly any room, for it may hang as well."""
        self._room_timer: asyncio.TimerHandle | None = None
        self._running = False
        self.last_answer_s = 0.0
        """When a claim last came back, with tasks or with an error, by the event loop's clock."""
        self.store_answers = False
        """Whether the last claim was answered."""

    def start(self) -> None:
        """Ask every partition, then go on by what they say."""
        self._running = True
        self.last_answer_s = asyncio.get_running_loop().time()
        self._ready = dict.fromkeys(range(self._partitions))
        self._claim_ready()

    async def stop(self) -> None:
        """Ask no more; waits for the claims under way, whose tasks are still handed to `deliver`."""
        self._running = False
        for _, timer in self._timers.values():
            timer.cancel()
        if self._claims:
            await asyncio.wait(self._claims.values())
        self._turns.begin_all()

    def wake(self, partition: int) -> None:
        """A wake-up: the partition wants a claim sooner than it had said."""
        if self._ownership.owns(partition):
            self._make_ready(partition)
        else:
            self._ask_after(partition, _OTHERS_WAIT_S)

    def room_made(self) -> None:
        """An attempt has ended: partitions that had to wait for room may be asked again."""
        self._look_at_crowded()
        if self._ready and self._running:
            self._use_room()

    def _look_at_crowded(self) -> None:
        """Partitions of which a queue had to be skipped, but need not be any more, may be asked again."""
        for partition, queue_ids in list(self._crowded.items()):
            if not all(self._in_flight.is_crowded(partition, queue_id) for queue_id in queue_ids):
                del self._crowded[partition]
                self._ready[partition] = None

    def _make_ready(self, partition: int) -> None:
        self._ready[partition] = None
        self._claim_ready()

    def _ask_after(self, partition: int, delay_s: float) -> None:
        """Ask in a while, or sooner if that was intended already."""
        if not self._running:
            return
        loop = asyncio.get_running_loop()
        at_s = loop.time() + delay_s
        if partition in self._timers:
            earlier_s, timer = self._timers[partition]
            if earlier_s <= at_s:
                return
            timer.cancel()
        self._timers[partition] = at_s, loop.call_at(at_s, self._time_has_come, partition)

    def _time_has_come(self, partition: int) -> None:
        # Timers may fire a little early: one is over when it has fired, not when its time has come by the clock.
        del self._timers[partition]
        self._make_ready(partition)

    def _use_room(self) -> None:
        """Ask at once with plenty of room, else in a moment, so that claims do not become tiny."""
        if self._in_flight.free * _ENOUGH_ROOM >= self._in_flight.capacity:
            self._claim_ready()
        elif self._room_timer is None:
            self._room_timer = asyncio.get_running_loop().call_later(_GATHER_ROOM_S, self._room_gathered)

    def _room_gathered(self) -> None:
        self._room_timer = None
        self._claim_ready()

    def _claim_ready(self) -> None:
        """Start a claim for each ready partition, longest waiting first, while there is room."""
        if not self._running:
            return
        waiting = [partition for partition in self._ready if partition not in self._claims]
        for index, partition in enumerate(waiting):
            # Before room is reserved: what a claim may bring does not stand in its own way.
            crowded = self._in_flight.crowded_queues(partition)
            most = 1 if partition in self._failing else _MOST_TASKS
            room = self._in_flight.reserve(len(waiting) - index, most)
            if not room:
                return
            del self._ready[partition]
            claim = asyncio.create_task(self._claim(partition, room, crowded))
            self._claims[partition] = claim

    async def _claim(self, partition: int, room: int, crowded: list[str]) -> None:
        sent_s = asyncio.get_running_loop().time()
        try:
            claim = await self._attempts.claim(
                partition,
                owner=self._owner,
                number=self._numbers[partition],
                max_tasks=room,
                lease_us=round(self._lease_s * 1e6),
                skip=crowded,
                ramp_up=self._ramp_up,
            )
        except HeadraceError as error:
            self._answered(ok=False)
            self._failing.add(partition)
            log.debug("partition %d not claimed: %s", partition, error)
            pause_s = _STORE_AWAY_PAUSE_S
        except Exception:
            # A defect of ours shows in the log and, when no claim comes back any more, in the liveness probe.
            log.exception("partition %d not claimed for an unexpected reason", partition)
            pause_s = self._slow_poll_s
        else:
            self._answered(ok=True)
            self._failing.discard(partition)
            self._numbers[partition] += 1
            self._take(partition, claim, sent_s + self._lease_s)
            pause_s = self._pause_s(partition, claim)
        finally:
            self._in_flight.unreserve(room)
            del self._claims[partition]
        if pause_s > 0:
            self._ask_after(partition, pause_s)
        elif self._running:
            self._ready[partition] = None
        if crowded:
            self._crowded[partition] = crowded
        self._look_at_crowded()  # room may have been made while the claim was under way, or by its end
        self._claim_ready()

    def _take(self, partition: int, claim: Claim, lease_until_s: float) -> None:
        self._metrics.claims_total.inc()
        if claim.tasks:
            self._metrics.claimed_tasks_total.inc(len(claim.tasks))
        if claim.dropped:
            self._metrics.records_dropped_total.inc(claim.dropped)
            log.warning("partition %d: %d missing, damaged or expired records dropped", partition, claim.dropped)
        for claimed in claim.tasks:
            attempt = HeldAttempt(partition, claimed, lease_until_s, claim.now_us)
            self._in_flight.add(attempt)
            self._turns.add(attempt)
        self._turns.begin()

    def _pause_s(self, partition: int, claim: Claim) -> float:
        """How long to leave the partition alone, unless a wake-up comes."""
        if claim.delay_us is None:
            return self._slow_poll_s
        pause_s = min(claim.delay_us / 1e6, self._slow_poll_s)
        if pause_s > 0 and not self._ownership.owns(partition):
            return pause_s + _OTHERS_WAIT_S
        return pause_s if claim.tasks else max(pause_s, _EMPTY_CLAIM_PAUSE_S)

    def _answered(self, *, ok: bool) -> None:
        self.last_answer_s = asyncio.get_running_loop().time()
        if self.store_answers and not ok:
            self._metrics.redis_disruptions_total.inc()
            log.warning("the store is away; claims go on when it is back")
        self.store_answers = ok
