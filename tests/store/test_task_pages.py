"""Walks through a queue's tasks: what is there throughout appears, whatever happens meanwhile."""

import base64
import random

import pytest

from broker.model.task import View
from broker.store.outcomes import PageTokenInvalid
from tests.support.seeds import queue_name, seed_queue, seed_task, seed_tasks


class Walk:
    """A walk from page to page."""

    def __init__(self, store, queue_id="q"):
        self._store = store
        self._queue = queue_name(queue_id)
        self.token = ""
        self.seen = []
        self.pages = 0

    async def step(self, page_size, view=View.BASIC):
        """Whether there is more."""
        tasks, self.token = await self._store.tasks.page(self._queue, view, page_size=page_size, token=self.token)
        assert len(tasks) <= page_size
        self.seen += [task.name.task_id for task in tasks]
        self.pages += 1
        return bool(self.token)

    async def to_the_end(self, page_size):
        while await self.step(page_size):
            assert self.pages < 5000, "the walk does not end"
        return self.seen


@pytest.mark.parametrize(
    ("number", "page_size"), [(0, 1), (1, 1), (10, 7), (100, 1), (100, 100), (700, 7), (700, 100), (700, 1000)]
)
async def test_a_quiet_walk_shows_each_task_once(store, number, page_size):
    await seed_queue(store)
    ids = [f"task-{index}" for index in range(number)]
    await seed_tasks(store, *ids)
    walk = Walk(store)
    assert sorted(await walk.to_the_end(page_size)) == sorted(ids)
    assert walk.pages <= number // page_size + 1 + number // 90


@pytest.mark.parametrize("seed", range(12))
async def test_what_is_there_throughout_appears_while_others_come_and_go(store, dispatcher, seed):
    chance = random.Random(seed)
    await seed_queue(store, tombstone_ttl_us=0)
    stays = [f"stays-{index}" for index in range(chance.choice([20, 60, 200]))]
    goes = [f"goes-{index}" for index in range(chance.choice([20, 200, 400]))]
    mixed = stays + goes
    chance.shuffle(mixed)
    await seed_tasks(store, *mixed)
    walk = Walk(store)
    new = 0
    while await walk.step(chance.choice([1, 2, 5, 30, 100])):
        for _ in range(chance.choice([0, 1, 10, 50])):
            if goes and chance.random() < 0.6:
                await store.tasks.delete(queue_name().task(goes.pop(chance.randrange(len(goes)))))
            else:
                new += 1
                goes.append(f"new-{new}")
                await seed_task(store, goes[-1])
        assert walk.pages < 2000, "the walk does not end"
    assert set(stays) <= set(walk.seen)


async def test_what_is_claimed_fails_and_waits_appears_too(store, clock, dispatcher):
    await seed_queue(store)
    ids = [f"t{index}" for index in range(200)]
    await seed_tasks(store, *ids)
    walk = Walk(store)
    while await walk.step(20):
        await dispatcher.fail(*(await dispatcher.claim(30)).tasks)
        clock.advance(1)
    assert set(ids) <= set(walk.seen)


async def test_another_server_starts_the_walk_anew(store):
    await seed_queue(store)
    ids = [f"t{index}" for index in range(300)]
    await seed_tasks(store, *ids)
    walk = Walk(store)
    await walk.step(150)
    queue, generation, server, *rest = base64.urlsafe_b64decode(walk.token).split(b"/")
    walk.token = base64.urlsafe_b64encode(b"/".join([queue, generation, server[::-1], *rest])).decode()
    walk.seen.clear()
    assert sorted(set(await walk.to_the_end(150))) == sorted(ids)


async def test_the_place_of_another_queue_starts_the_walk_anew(store):
    for queue_id in ("q", "other"):
        await seed_queue(store, queue_id)
        await seed_tasks(store, *(f"t{index}" for index in range(300)), queue_id=queue_id)
    walk, other = Walk(store), Walk(store, "other")
    await other.step(150)
    walk.token = other.token
    assert len(set(await walk.to_the_end(150))) == 300


async def test_a_purge_in_between_starts_the_walk_anew(store):
    await seed_queue(store)
    await seed_tasks(store, *(f"old-{index}" for index in range(200)), named=False)
    walk = Walk(store)
    await walk.step(150)
    await store.queues.purge(queue_name())
    new = [f"new-{index}" for index in range(200)]
    await seed_tasks(store, *new)
    walk.seen.clear()
    assert sorted(await walk.to_the_end(150)) == sorted(new)
    while await store.upkeep.sweep(0):
        pass


async def test_a_page_of_large_tasks_ends_after_a_mebibyte(store):
    await seed_queue(store)
    ids = [f"t{index}" for index in range(12)]
    await seed_tasks(store, *ids, body=b"x" * 300_000)
    walk = Walk(store)
    await walk.step(100, View.FULL)
    assert len(walk.seen) == 4
    while await walk.step(100, View.FULL):
        pass
    assert sorted(walk.seen) == sorted(ids)


async def test_without_bodies_more_tasks_fit_a_page(store):
    await seed_queue(store)
    await seed_tasks(store, *map(str, range(12)), body=b"x" * 300_000)
    tasks, token = await store.tasks.page(queue_name(), View.BASIC, page_size=100, token="")
    assert (len(tasks), token) == (12, "")
    assert {task.request.body for task in tasks} == {b""}


async def test_a_damaged_record_is_left_out(store, redis_client, dispatcher):
    await seed_queue(store)
    await seed_tasks(store, "bad", "good", "odd")
    redis_client.set("{hr:0}:1:t:bad", b"garbage")
    odd = redis_client.get("{hr:0}:1:t:odd")
    redis_client.set("{hr:0}:1:t:odd", odd[:111] + b"[" + b" " * (len(odd) - 113) + b"]")
    walk = Walk(store)
    assert await walk.to_the_end(10) == ["good"]
    await dispatcher.drain()


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "!!!!",
        "ü",
        "a" * 3000,
        *(base64.urlsafe_b64encode(place).decode() for place in (b"1/2", b"a/b/c/d/e", b"/")),
    ],
)
async def test_a_token_that_no_page_gave_is_refused(store, token):
    await seed_queue(store)
    with pytest.raises(PageTokenInvalid):
        await store.tasks.page(queue_name(), View.BASIC, page_size=10, token=token)
