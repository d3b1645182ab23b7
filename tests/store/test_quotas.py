"""Calls a minute: exact, all or nothing, a new start with each minute."""

from broker.model.names import LocationName

HERE, THERE = LocationName("p", "l"), LocationName("p", "m")


async def test_a_quota_is_exact_and_begins_anew_with_each_minute(store, clock):
    for _ in range(2):
        assert [await store.quotas.spend(HERE, {"runs": 2}) for _ in range(4)] == ["", "", "runs", "runs"]
        assert await store.quotas.spend(THERE, {"runs": 2}) == ""
        clock.advance(60)


async def test_a_refused_call_is_not_counted(store):
    assert [await store.quotas.spend(HERE, {"all": 3, "runs": 1}) for _ in range(3)] == ["", "runs", "runs"]
    assert [await store.quotas.spend(HERE, {"all": 3}) for _ in range(3)] == ["", "", "all"]
