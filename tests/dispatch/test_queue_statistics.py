"""The statistics that the betas show of a queue, while it works and when it is done (2.11, 3.7)."""

import requests

from tests.support.waiting import eventually

VERSIONS = ("v2beta3", "v2beta2")


def stats(up, queue):
    """The statistics as each version shows them, without the time of the first task."""
    found = []
    for version in VERSIONS:
        url = f"{up.http}/{version}/{queue}"
        shown = requests.get(url, params={"readMask": "stats"}, timeout=10).json()
        assert shown.keys() == {"stats"}
        shown["stats"].pop("oldestEstimatedArrivalTime", None)
        found.append(shown["stats"])
    return found


def test_statistics_follow_a_queue(client, make_queue, recorder, up):
    queue = make_queue(rateLimits={"maxConcurrentDispatches": 2}, retryConfig={"minBackoff": "0.010s"})
    assert stats(up, queue) == 2 * [{"effectiveExecutionRate": 500}]
    for _ in range(3):
        client.create_task(parent=queue, task={"httpRequest": {"url": f"{recorder.url}/held"}})
    recorder.wait_for_open(queue.rpartition("/")[2], 2)
    working = {"tasksCount": "3", "concurrentDispatchesCount": "2", "effectiveExecutionRate": 500}
    assert stats(up, queue) == [working, working]
    recorder.release()
    done = {"executedLastMinuteCount": "3", "effectiveExecutionRate": 500}
    eventually(lambda: stats(up, queue) == [done, done])

    recorder.script("retried", 500, 200)
    client.create_task(parent=queue, task={"name": f"{queue}/tasks/retried", "httpRequest": {"url": recorder.url}})
    done["executedLastMinuteCount"] = "5"
    eventually(lambda: stats(up, queue) == [done, done])


def test_statistics_are_shown_only_when_they_are_asked_for(make_queue, up):
    queue = make_queue()
    for version in VERSIONS:
        url = f"{up.http}/{version}/{queue}"
        assert "stats" not in requests.get(url, timeout=10).json()
        everything = requests.get(url, params={"readMask": "*"}, timeout=10).json()
        assert {"name", "stats", "rateLimits"} <= everything.keys()
        (listed,) = [
            found
            for found in requests.get(
                url.rpartition("/")[0], params={"readMask": "name,stats.effectiveExecutionRate"}, timeout=10
            ).json()["queues"]
            if found["name"] == queue
        ]
        assert listed == {"name": queue, "stats": {"effectiveExecutionRate": 500}}
