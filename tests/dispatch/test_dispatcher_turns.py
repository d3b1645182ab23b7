"""Claimed attempts begin in turns, a few in each round of the event loop."""

import asyncio
import time

import pytest

from broker.store.attempts import AttemptKey, ClaimedTask
from worker import turns as module
from worker.held_attempt import HeldAttempt
from worker.turns import Turns

MOST = module._MOST_A_ROUND


class Begun:
    """What has begun, by round of the event loop."""

    def __init__(self, *, slow_s=0.0):
        self.turns = Turns(self._deliver)
        self.rounds = [[]]
        self._slow_s = slow_s

    def _deliver(self, attempt):
        self.rounds[-1].append(attempt.key.task_id)
        if self._slow_s:
            ends_s = time.perf_counter() + self._slow_s
            while time.perf_counter() < ends_s:
                pass

    def claimed(self, queue_id, count, partition=0):
        for number in range(count):
            task = ClaimedTask(AttemptKey(queue_id, f"{queue_id}{number}", 1), 1, None)
            self.turns.add(HeldAttempt(partition, task, 0.0))
        self.turns.begin()

    async def next_round(self):
        self.rounds.append([])
        await asyncio.sleep(0)

    async def all(self, count):
        while sum(map(len, self.rounds)) < count:
            await self.next_round()
        return [name for names in self.rounds for name in names]


async def test_a_single_task_begins_at_once():
    begun = Begun()
    begun.claimed("a", 1)
    assert begun.rounds == [["a0"]]


async def test_a_large_claim_is_spread_over_rounds_in_order():
    begun = Begun()
    begun.claimed("a", 10 * MOST)
    assert await begun.all(10 * MOST) == [f"a{number}" for number in range(10 * MOST)]
    assert max(map(len, begun.rounds)) == MOST


@pytest.mark.parametrize("partition", [0, 1])
async def test_a_small_queue_begins_in_the_next_round_beside_a_large_one(partition):
    begun = Begun()
    begun.claimed("a", 100 * MOST)
    begun.claimed("b", 1, partition)
    assert "b0" not in begun.rounds[0]
    await begun.next_round()
    assert "b0" in begun.rounds[1]


async def test_queues_take_turns():
    begun = Begun()
    begun.claimed("a", MOST + 3)
    begun.claimed("b", 3)
    assert (await begun.all(MOST + 6))[MOST:] == [
        *(f"a{MOST}", "b0"),
        *(f"a{MOST + 1}", "b1"),
        *(f"a{MOST + 2}", "b2"),
    ]


async def test_attempts_that_take_long_to_begin_get_a_round_each():
    begun = Begun(slow_s=module._ROUND_S)
    begun.claimed("a", 5)
    await begun.all(5)
    assert [len(names) for names in begun.rounds] == [1] * 5


async def test_in_the_end_all_begin_together():
    begun = Begun()
    begun.claimed("a", 3 * MOST)
    begun.claimed("b", 1)
    begun.turns.begin_all()
    assert len(begun.rounds[0]) == 3 * MOST + 1
    await begun.next_round()
    assert begun.rounds[1] == []
