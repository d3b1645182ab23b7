"""Creates and deletes that carry an identity: the same again is the same operation."""

import pytest

from broker.store.outcomes import Deleted, TaskExists
from tests.support.seeds import HORIZON_US, a_task, read_task, seed_queue, seed_task
from tests.support.snapshot import changes, partition_values

ONE, TWO = bytes(range(32)), bytes(range(32, 64))


async def create(store, identity, **changed):
    return await store.tasks.create(a_task(**changed), horizon_us=HORIZON_US, identity=identity)


@pytest.mark.parametrize("named", [True, False])
async def test_a_create_that_comes_again_answers_the_task_that_is_there(store, clock, named):
    await seed_queue(store)
    first = await create(store, ONE, named=named)
    before = await partition_values(store)
    clock.advance(5)
    assert await create(store, ONE, named=named) == first
    assert changes(before, await partition_values(store)) == {}


async def test_another_identity_is_another_create(store):
    await seed_queue(store)
    await create(store, ONE)
    with pytest.raises(TaskExists) as refused:
        await create(store, TWO)
    assert not refused.value.tombstoned


async def test_a_create_that_comes_again_after_its_task_has_finished(store, dispatcher):
    await seed_queue(store)
    await create(store, ONE)
    await dispatcher.drain()
    with pytest.raises(TaskExists) as refused:
        await create(store, ONE)
    assert refused.value.tombstoned


async def test_a_delete_that_comes_again_succeeds_again(store):
    await seed_queue(store)
    name = await seed_task(store)

    async def delete(identity):
        return await store.tasks.delete_many(name.queue, [name.task_id], identity)

    assert await delete(ONE) == await delete(ONE) == [Deleted.DELETED]
    assert await delete(TWO) == [Deleted.TOMBSTONED]
    assert await read_task(store) is None
