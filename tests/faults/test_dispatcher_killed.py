"""kill -9 of a dispatcher: what it had under way is delivered again when its leases end, and nothing is lost."""

from collections import Counter

from tests.support.waiting import eventually


def short_id(name):
    return name.rpartition("/")[2]


def test_with_200_under_way_all_arrive_and_the_counts_are_right(rest, make_queue, dispatcher, recorder):
    queue = make_queue()
    tasks = rest.create_tasks(queue, f"{recorder.url}/held", 200)
    first = dispatcher()
    recorder.wait_for_open(short_id(queue), 200)
    first.kill()
    recorder.wait_for_open(short_id(queue), 0)
    recorder.script("*", 500)
    recorder.release()
    dispatcher()
    eventually(lambda: all(task["responseCount"] == 1 for task in full_tasks(rest, queue)))
    left = full_tasks(rest, queue)
    assert {short_id(task["name"]) for task in left} == tasks
    assert {task["dispatchCount"] for task in left} == {2}
    assert Counter((got.task, got.retry_count) for got in recorder.received()) == Counter(
        (task, attempt) for task in tasks for attempt in (0, 1)
    )
    assert {got.header("X-CloudTasks-TaskExecutionCount") for got in recorder.received()} == {"0"}


def full_tasks(rest, queue):
    """Tasks with their counts, which JSON leaves out where they are zero."""
    return [{"dispatchCount": 0, "responseCount": 0} | task for task in rest.list_tasks(queue)]


def test_concurrency_is_kept_by_its_successor(rest, make_queue, dispatcher, recorder):
    queue = make_queue(rateLimits={"maxConcurrentDispatches": 5})
    tasks = rest.create_tasks(queue, f"{recorder.url}/held", 20)
    first = dispatcher()
    recorder.wait_for_open(short_id(queue), 5)
    second = dispatcher()
    first.kill()
    recorder.wait_for(short_id(queue), 10)  # the five again
    recorder.release()
    eventually(lambda: not rest.list_tasks(queue))
    assert recorder.peak(short_id(queue)) == 5
    attempts = Counter(got.task for got in recorder.received())
    assert attempts.keys() == tasks
    assert Counter(attempts.values()) == {1: 15, 2: 5}
    assert second.stop() == 0
