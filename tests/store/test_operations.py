"""Operations: what was kept first stays, for its time, wherever it is."""

import pytest

from broker.model.names import LocationName, OperationName
from broker.store.store import Store
from tests.support.lost_answers import LostAnswers
from tests.support.snapshot import take_snapshot

NAME = OperationName(LocationName("p", "l"), "o")
OTHER = OperationName(LocationName("p", "l"), "other")


async def test_what_is_kept_can_be_read_until_its_time_is_over(store):
    assert await store.operations.get(NAME) is None
    assert await store.operations.keep(NAME, b"\x00one", ttl_s=60) == b"\x00one"
    assert await store.operations.get(NAME) == b"\x00one"
    snapshot = await take_snapshot(store)
    (key,) = snapshot.values.keys() - {"{hr}:meta", "{hr:0}:operations"}
    assert key == f"{{hr:0}}:operation:{NAME}"
    assert 0 < snapshot.ttls_ms[key] <= 60_000


async def test_its_name_is_forgotten_with_it(store, clock):
    await store.operations.keep(NAME, b"one", ttl_s=60)
    clock.advance(60)
    await store.upkeep.sweep(0)
    assert (await take_snapshot(store)).values.keys() == {"{hr}:meta", f"{{hr:0}}:operation:{NAME}"}, "by Redis's clock"


async def test_what_was_kept_first_stays_and_so_does_its_end(store):
    await store.operations.keep(NAME, b"one", ttl_s=60)
    assert await store.operations.keep(NAME, b"two", ttl_s=6_000) == b"one"
    assert await store.operations.keep(OTHER, b"two", ttl_s=60) == b"two"
    assert await store.operations.get(NAME) == b"one"
    assert max((await take_snapshot(store)).ttls_ms.values()) <= 60_000


@pytest.mark.parametrize("runs", [True, False])
async def test_a_lost_answer(store, runs):
    with LostAnswers("operation_keep", runs=runs) as lost:
        assert await store.operations.keep(NAME, b"one", ttl_s=60) == b"one"
    assert lost.calls == 2
    assert await store.operations.get(NAME) == b"one"


async def test_a_time_of_nothing_is_a_second(store):
    await store.operations.keep(NAME, b"one", ttl_s=0)
    assert max((await take_snapshot(store)).ttls_ms.values()) <= 1_000


async def test_a_full_store_keeps_them_all_the_same(store, redis_client):
    redis_client.config_set("maxmemory", 1)
    try:
        assert await store.operations.keep(NAME, b"one", ttl_s=60) == b"one"
        assert await store.operations.get(NAME) == b"one"
    finally:
        redis_client.config_set("maxmemory", 0)


async def test_they_are_spread_over_a_cluster(runner, cluster):
    cluster.flush()
    store = await Store.open(cluster.url)
    names = [OperationName(LocationName("p", "l"), str(number)) for number in range(50)]
    for name in names:
        await store.operations.keep(name, str(name).encode(), ttl_s=60)
    assert [await store.operations.get(name) for name in names] == [str(name).encode() for name in names]
    assert all(node.client.keys("*:operation:*") for node in cluster.nodes)
    await store.close()
