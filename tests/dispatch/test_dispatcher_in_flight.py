"""Shares of a dispatcher's capacity."""

import pytest

from broker.store.attempts import AttemptKey, ClaimedTask
from worker.held_attempt import HeldAttempt
from worker.in_flight import InFlight


def hold(in_flight, queue_id, count, partition=0, slots=1):
    """So many attempts of a queue in hand."""
    start = len(in_flight.held)
    attempts = [
        HeldAttempt(partition, ClaimedTask(AttemptKey(queue_id, f"t{start + number}", 1), 1, None, slots), 0.0)
        for number in range(count)
    ]
    for attempt in attempts:
        in_flight.add(attempt)
    return attempts


def claim_all(in_flight, queue_id, partition=0, most=500):
    """Claim for a queue with endless tasks until it is crowded or there is no room; how much it has got."""
    got = 0
    while queue_id not in in_flight.crowded_queues(partition) and (room := in_flight.reserve(1, most)):
        in_flight.unreserve(room)
        hold(in_flight, queue_id, room, partition)
        got += room
    return got


@pytest.mark.parametrize("capacity", [1, 2, 7, 8, 1000, 2000, 100_000])
@pytest.mark.parametrize("parts", [1, 3, 64])
def test_what_was_reserved_comes_back(capacity, parts):
    in_flight = InFlight(capacity)
    rooms = [in_flight.reserve(parts, 500) for _ in range(100)]
    assert all(room <= 500 for room in rooms)
    assert in_flight.free == capacity - sum(rooms) >= 0
    for room in rooms:
        in_flight.unreserve(room)
    assert in_flight.free == capacity


def test_a_claim_is_worth_its_call_while_much_is_free():
    in_flight = InFlight(1000)
    rooms = [in_flight.reserve(64 - asked, 500) for asked in range(64)]
    assert rooms[:16] == [32] * 16
    assert min(rooms) >= 1
    assert in_flight.free > 0


def test_no_room_is_no_room():
    in_flight = InFlight(3)
    hold(in_flight, "q", 3)
    assert (in_flight.free, in_flight.reserve(1, 500)) == (0, 0)


@pytest.mark.parametrize("capacity", [8, 16, 100, 1000, 5000])
def test_a_queue_alone_leaves_some_room_to_others(capacity):
    in_flight = InFlight(capacity)
    assert claim_all(in_flight, "hole") >= capacity * 7 // 8
    assert in_flight.free >= max(1, capacity // 32)
    assert claim_all(in_flight, "newcomer") >= 1


@pytest.mark.parametrize("holes", [2, 3])
def test_several_queues_that_never_end_leave_room_too(holes):
    in_flight = InFlight(1000)
    for number in range(holes):
        assert claim_all(in_flight, f"hole-{number}", partition=number) >= 1
    assert claim_all(in_flight, "newcomer", partition=9) >= 1


def test_a_queue_is_crowded_until_some_of_it_has_ended():
    in_flight = InFlight(16)
    held = hold(in_flight, "q", 14)
    hold(in_flight, "other", 1, partition=1)
    assert in_flight.crowded_queues(0) == ["q"]
    assert in_flight.crowded_queues(1) == []
    for attempt in held[:7]:
        in_flight.remove(attempt)
    assert in_flight.crowded_queues(0) == []


def test_a_large_task_takes_the_room_of_several():
    in_flight = InFlight(16)
    held = hold(in_flight, "q", 4, slots=3)
    assert (in_flight.free, in_flight.used, in_flight.is_full) == (4, 12, False)
    hold(in_flight, "q", 1, slots=5)
    assert (in_flight.free, in_flight.reserve(1, 500), in_flight.is_full) == (-1, 0, True)
    assert in_flight.crowded_queues(0) == ["q"]
    for attempt in held:
        in_flight.remove(attempt)
    assert (in_flight.free, in_flight.used) == (11, 5)
    assert in_flight.crowded_queues(0) == []


def test_an_attempt_is_taken_away_once():
    in_flight = InFlight(10)
    (attempt,) = hold(in_flight, "q", 1)
    in_flight.remove(attempt)
    in_flight.remove(attempt)
    assert in_flight.free == 10
    assert in_flight.held == set()
