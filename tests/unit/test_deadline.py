"""How long the caller of the running call still waits."""

import asyncio

import pytest

from broker.api.deadline import read_timeout_s, remaining_s, set_deadline


@pytest.mark.parametrize(
    ("text", "timeout_s"),
    [("10", 10.0), ("0.2", 0.2), (None, None), ("", None), ("soon", None), ("-1", None), ("0", None), ("inf", None)],
)
def test_seconds_in_a_header(text, timeout_s):
    assert read_timeout_s(text) == timeout_s


async def test_each_call_has_its_own():
    async def call(given_s):
        set_deadline(given_s)
        await asyncio.sleep(0)
        return remaining_s()

    short_s, none, long_s = await asyncio.gather(call(1), call(None), call(100))
    assert none is None
    assert 0 < short_s <= 1 < long_s <= 100


async def test_it_never_falls_below_zero():
    set_deadline(-5)
    assert remaining_s() == 0
