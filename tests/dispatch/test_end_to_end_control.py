"""Pausing, purging, deleting and running by hand, while attempts are under way."""

import pytest

from tests.support.client import CallError
from tests.support.waiting import eventually

NO_RETRY_SOON = {"minBackoff": "1000s", "maxBackoff": "1000s"}


def short_id(name):
    return name.rpartition("/")[2]


@pytest.fixture
def queue(make_queue):
    return make_queue(retryConfig=NO_RETRY_SOON)


@pytest.fixture
def create(client, recorder, queue):
    def create(task_id, path="/"):
        task = {"name": f"{queue}/tasks/{task_id}", "httpRequest": {"url": recorder.url + path}}
        return client.create_task(parent=queue, task=task)["name"]

    return create


def tasks_of(client, queue):
    return {short_id(task["name"]): task for task in client.list_tasks(parent=queue)}


def test_a_paused_queue_keeps_its_tasks_until_it_is_resumed(client, queue, create, make_queue, recorder):
    create("running", "/held")
    recorder.wait_for_open(short_id(queue), 1)
    client.pause_queue(name=queue)
    create("waiting")
    recorder.release()
    eventually(lambda: set(tasks_of(client, queue)) == {"waiting"})  # what was under way is finished
    another = make_queue()
    client.create_task(parent=another, task={"httpRequest": {"url": recorder.url}})
    recorder.wait_for(short_id(another), 1)
    assert [got.task for got in recorder.received(short_id(queue))] == ["running"]
    client.resume_queue(name=queue)
    assert [got.task for got in recorder.wait_for(short_id(queue), 2)] == ["running", "waiting"]


@pytest.mark.parametrize("status", [200, 500])
def test_a_purge_lets_attempts_end_and_nothing_comes_back(client, queue, create, recorder, status):
    for number in range(3):
        create(f"held-{number}", "/held")
        recorder.script(f"held-{number}", status)
    recorder.wait_for_open(short_id(queue), 3)
    assert "purgeTime" in client.purge_queue(name=queue)
    assert tasks_of(client, queue) == {}
    with pytest.raises(CallError, match="existed"):
        create("held-0")
    recorder.script("new", 500)
    create("new")
    recorder.release()
    recorder.wait_until(lambda: recorder.open(short_id(queue)) == 0)
    eventually(lambda: tasks_of(client, queue)["new"]["responseCount"] == 1)
    assert set(tasks_of(client, queue)) == {"new"}
    assert len(recorder.received()) == 4


@pytest.mark.parametrize("status", [200, 500])
def test_a_task_deleted_under_way_stays_deleted(client, queue, create, recorder, status):
    name = create("gone", "/held")
    recorder.script("gone", status)
    recorder.wait_for_open(short_id(queue), 1)
    client.delete_task(name=name)
    recorder.script("next", 500)
    create("next")
    recorder.release()
    eventually(lambda: tasks_of(client, queue)["next"]["responseCount"] == 1)
    assert set(tasks_of(client, queue)) == {"next"}
    assert sorted(got.task for got in recorder.received()) == ["gone", "next"]


def test_a_queue_deleted_under_way(client, queue, create, make_queue, recorder):
    create("gone", "/held")
    recorder.wait_for_open(short_id(queue), 1)
    client.delete_queue(name=queue)
    recorder.release()
    another = make_queue()
    client.create_task(parent=another, task={"httpRequest": {"url": recorder.url}})
    recorder.wait_for(short_id(another), 1)
    assert len(recorder.received(short_id(queue))) == 1


def test_run_task_takes_no_notice_of_a_pause_or_of_limits(client, make_queue, recorder):
    queue = make_queue(rateLimits={"maxConcurrentDispatches": 1}, retryConfig=NO_RETRY_SOON)
    names = []
    for task_id in ("first", "second", "third"):
        task = {"name": f"{queue}/tasks/{task_id}", "httpRequest": {"url": f"{recorder.url}/held"}}
        names.append(client.create_task(parent=queue, task=task)["name"])
        recorder.wait_for_open(short_id(queue), 1)
    client.pause_queue(name=queue)
    answer = client.run_task(name=names[1])
    assert (answer["dispatchCount"], answer["responseCount"]) == (1, 0)
    assert "responseTime" not in answer["lastAttempt"]
    recorder.wait_for_open(short_id(queue), 2)
    recorder.release()
    eventually(lambda: set(tasks_of(client, queue)) == {"third"})
    assert tasks_of(client, queue)["third"]["dispatchCount"] == 0
    assert sorted(got.task for got in recorder.received()) == ["first", "second"]


def test_run_task_beside_a_running_attempt(client, queue, create, recorder):
    name = create("twice", "/held")
    recorder.wait_for_open(short_id(queue), 1)
    assert client.run_task(name=name)["dispatchCount"] == 2
    recorder.wait_for_open(short_id(queue), 2)
    recorder.release()
    eventually(lambda: not tasks_of(client, queue))
    assert [got.retry_count for got in recorder.received()] == [0, 1]


def test_a_new_limit_holds_at_once(client, make_queue, recorder):
    queue = make_queue(rateLimits={"maxConcurrentDispatches": 2})
    for _ in range(6):
        client.create_task(parent=queue, task={"httpRequest": {"url": f"{recorder.url}/held"}})
    recorder.wait_for_open(short_id(queue), 2)
    limits = {"name": queue, "rateLimits": {"maxConcurrentDispatches": 4}}
    client.update_queue(queue=limits, updateMask="rateLimits.maxConcurrentDispatches")
    recorder.wait_for_open(short_id(queue), 4)
    recorder.release()
    eventually(lambda: not tasks_of(client, queue))
    assert len(recorder.received()) == 6
    assert recorder.peak(short_id(queue)) <= 4
