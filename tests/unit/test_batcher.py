"""Rows that share calls, with a server that answers when the test says so."""

import asyncio

import pytest

from broker.store.batcher import Batcher

ENOUGH, MOST = 32, 100
MIB = 1 << 20


class Sent:
    """Calls in the order they were made; each waits until it is answered."""

    def __init__(self):
        self.calls = []

    async def send(self, place, rows):
        answer = asyncio.get_running_loop().create_future()
        self.calls.append((place, list(rows), answer))
        return await answer

    def answer(self, number=-1):
        _, rows, answer = self.calls[number]
        answer.set_result([f"answer to {row}" for row in rows])

    def rows(self):
        return [rows for _, rows, _ in self.calls]


@pytest.fixture
def sent():
    return Sent()


@pytest.fixture
def batcher(sent):
    return Batcher(sent.send, least_turns=0, most_turns=4)


async def turns(count=20):
    for _ in range(count):
        await asyncio.sleep(0)


def started(batcher, *rows, place="here", size_bytes=0):
    return [asyncio.create_task(batcher.run(place, row, size_bytes)) for row in rows]


async def test_a_row_alone_is_sent_at_once_and_leaves_no_trace(batcher, sent):
    for number in range(3):
        (call,) = started(batcher, number)
        await turns(1)
        assert sent.rows()[number:] == [[number]]
        sent.answer()
        assert await call == f"answer to {number}"
    assert not batcher._held


async def test_rows_gather_while_the_call_before_runs(batcher, sent):
    calls = started(batcher, "a", "b", "c")
    await turns()
    assert sent.rows() == [["a"]]
    sent.answer()
    await turns()
    assert sent.rows() == [["a"], ["b", "c"]]
    calls += started(batcher, "d")
    sent.answer()
    await turns()
    sent.answer()
    assert await asyncio.gather(*calls) == [f"answer to {row}" for row in "abcd"]
    assert sent.rows() == [["a"], ["b", "c"], ["d"]]


async def test_after_a_shared_call_rows_wait_for_others_less_and_less(batcher, sent):
    calls = started(batcher, "a", "b", "c")
    for _ in range(2):
        await turns()
        sent.answer()
    await asyncio.gather(*calls)
    waited = []
    for number in range(6):
        (call,) = started(batcher, number)
        await turns(1)
        waited.append(0)
        while len(sent.calls) < 3 + number:
            waited[-1] += 1
            await turns(1)
        sent.answer()
        await call
    assert waited == sorted(waited, reverse=True)
    assert waited[0] > waited[-1] == 0


async def test_nobody_waits_for_a_late_call(batcher, sent):
    calls = started(batcher, "late", "a", "b")
    while len(sent.calls) < 2:
        await turns(1)
    calls += started(batcher, "c", "d")
    await turns()
    assert sent.rows() == [["late"], ["a", "b"]]
    sent.answer(0)
    await turns()
    assert len(sent.calls) == 2, "it is the later call that is waited for"
    sent.answer(1)
    await turns()
    sent.answer(2)
    assert await asyncio.gather(*calls) == [f"answer to {row}" for row in ("late", *"abcd")]
    assert sent.rows()[2:] == [["c", "d"]]


async def test_late_calls_leave_no_trace(batcher, sent):
    calls = started(batcher, "late", "later")
    while batcher._held or len(sent.calls) < 2:
        await turns(1)
    assert not batcher._waiting
    sent.answer(0)
    sent.answer(1)
    assert await asyncio.gather(*calls) == ["answer to late", "answer to later"]
    while batcher._watched:
        await turns(1)
    assert not batcher._held


async def test_places_do_not_wait_for_each_other(batcher, sent):
    calls = started(batcher, "a") + started(batcher, "b", place="there")
    await turns(1)
    assert [place for place, *_ in sent.calls] == ["here", "there"]
    sent.answer(0)
    sent.answer(1)
    assert await asyncio.gather(*calls) == ["answer to a", "answer to b"]


@pytest.mark.parametrize(
    ("rows", "size_bytes", "batches"),
    [
        (ENOUGH + 1, 0, [1, ENOUGH]),
        (1 + MOST - 1, 0, [1, ENOUGH, ENOUGH, ENOUGH, 3]),
        (1 + MOST, 0, [1, MOST]),
        (6, MIB // 2, [1, 2, 2, 1]),
        (3, MIB + 1, [1, 1, 1]),
    ],
)
async def test_a_call_takes_no_more_than_fits(batcher, sent, rows, size_bytes, batches):
    calls = started(batcher, *range(rows), size_bytes=size_bytes)
    for _ in batches:
        await turns()
        sent.answer()
    assert await asyncio.gather(*calls) == [f"answer to {row}" for row in range(rows)]
    assert [len(batch) for batch in sent.rows()] == batches


async def test_an_error_reaches_all_of_its_call_and_no_other(batcher, sent):
    calls = started(batcher, "a", "b", "c")
    await turns()
    sent.calls[0][2].set_exception(OSError("alone"))
    await turns()
    sent.calls[1][2].set_exception(OSError("both"))
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert [str(error) for error in ends] == ["alone", "both", "both"]
    (call,) = started(batcher, "d")
    await turns()
    sent.answer()
    assert await call == "answer to d"


async def test_too_few_answers_leave_nobody_waiting(batcher, sent):
    calls = started(batcher, "a", "b", "c")
    for _ in range(2):
        await turns()
        sent.calls[-1][2].set_result(["only one"])
    first, *others = await asyncio.gather(*calls, return_exceptions=True)
    assert first == "only one"
    assert others[0] == "only one"
    assert isinstance(others[1], ValueError)


@pytest.mark.parametrize("leaving", [0, 1, 2, 3])
async def test_a_caller_that_gives_up_does_not_disturb_the_others(batcher, sent, leaving):
    calls = started(batcher, *"abcd")
    await turns()
    if leaving:
        sent.answer()
        await turns()
    calls[leaving].cancel()
    await turns()
    sent.answer()
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(ends.pop(leaving), asyncio.CancelledError)
    assert ends == [f"answer to {row}" for row in "abcd" if row != "abcd"[leaving]]
