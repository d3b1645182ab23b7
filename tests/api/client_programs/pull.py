"""Every call about pull tasks in v2beta2."""

import datetime
import json
import time
from concurrent.futures import ThreadPoolExecutor

from connection import LOCATION, connect, error_of, shown
from google.cloud import tasks_v2beta2 as tasks

client = connect()
queue = f"{LOCATION}/queues/pull"
push = f"{LOCATION}/queues/push"
answers = {}


def add(task_id: str, tag: str = "", **fields: object) -> tasks.Task:
    message = {"payload": task_id.encode(), "tag": tag}
    return client.create_task(parent=queue, task={"name": f"{queue}/tasks/{task_id}", "pull_message": message} | fields)


def lease(**arguments: object) -> list[tasks.Task]:
    request = {"parent": queue, "lease_duration": datetime.timedelta(seconds=60), "max_tasks": 100} | arguments
    return list(client.lease_tasks(request=request).tasks)


def ids(leased: list[tasks.Task]) -> list[str]:
    return [task.name.rpartition("/")[2] for task in leased]


created = client.create_queue(parent=LOCATION, queue={"name": queue, "pull_target": {}})
answers["queue"] = shown(created)
client.create_queue(parent=LOCATION, queue={"name": push})

answers["created"] = shown(add("t0", "parse"))
for task_id, tag in (("t1", "render"), ("t2", "parse"), ("t3", ""), ("t4", 'say "hi"'), ("t5", "Grüße")):
    add(task_id, tag)
later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
add("later", "parse", schedule_time=later)
answers["listed"] = sorted(ids(client.list_tasks(request={"parent": queue, "response_view": tasks.Task.View.FULL})))
answers["full"] = shown(client.get_task(request={"name": f"{queue}/tasks/t0", "response_view": 2}).pull_message)

answers["by tag"] = ids(lease(filter="tag=render"))
answers["by quoted tag"] = ids(lease(filter='tag="say "hi""'))
answers["by other tag"] = ids(lease(filter="tag = Grüße"))
answers["without a tag"] = ids(lease(filter='tag=""'))
answers["tags of the oldest"] = ids(lease(filter="tag_function=oldest_tag()", max_tasks=1))
(full,) = lease(response_view=tasks.Task.View.FULL)
answers["one in full"] = [full.name.rpartition("/")[2], full.pull_message.payload.decode(), full.view.name]
answers["nothing left"] = lease()
answers["leased"] = shown(client.get_task(name=full.name))
answers["lease in seconds"] = round((full.schedule_time - datetime.datetime.now(datetime.UTC)).total_seconds() / 30)

proof = full.schedule_time
lease_of = {"name": full.name, "lease_duration": datetime.timedelta(seconds=600)}
renewed = client.renew_lease(request=lease_of | {"schedule_time": proof, "response_view": 2})
answers["renewed"] = [
    renewed.schedule_time > proof,
    renewed.pull_message.payload.decode(),
    renewed.status.attempt_dispatch_count,
]
answers["old proof"] = error_of(client.renew_lease, request=lease_of | {"schedule_time": proof})
answers["old proof to acknowledge"] = error_of(client.acknowledge_task, name=full.name, schedule_time=proof)
cancelled = client.cancel_lease(name=full.name, schedule_time=renewed.schedule_time)
answers["cancelled"] = [cancelled.schedule_time < renewed.schedule_time, cancelled.view.name]
time.sleep(0.001)
(again,) = lease(max_tasks=0)
answers["again"] = [again.name == full.name, again.status.attempt_dispatch_count]
answers["acknowledged"] = client.acknowledge_task(name=again.name, schedule_time=again.schedule_time)
answers["gone"] = error_of(client.acknowledge_task, name=again.name, schedule_time=again.schedule_time)
answers["deleted"] = client.delete_task(name=f"{queue}/tasks/later")

client.purge_queue(name=queue)
for number in range(3):
    add(f"bulk-{number}")
(short,) = lease(lease_duration=datetime.timedelta(seconds=1), max_tasks=1)
time.sleep(1.1)
renewed = client.renew_lease(
    name=short.name, schedule_time=short.schedule_time, lease_duration=datetime.timedelta(seconds=60)
)
answers["late renewal"] = renewed.schedule_time > short.schedule_time

minute = datetime.timedelta(seconds=60)
answers["errors"] = {
    name: error_of(call, request=request)[:2]
    for name, call, request in [
        ("push queue", client.lease_tasks, {"parent": push, "lease_duration": minute}),
        ("missing queue", client.lease_tasks, {"parent": f"{queue}x", "lease_duration": minute}),
        ("no duration", client.lease_tasks, {"parent": queue}),
        ("short", client.lease_tasks, {"parent": queue, "lease_duration": datetime.timedelta(milliseconds=999)}),
        ("long", client.lease_tasks, {"parent": queue, "lease_duration": datetime.timedelta(days=7, seconds=1)}),
        ("many", client.lease_tasks, {"parent": queue, "lease_duration": minute, "max_tasks": 1001}),
        ("negative", client.lease_tasks, {"parent": queue, "lease_duration": minute, "max_tasks": -1}),
        ("filter", client.lease_tasks, {"parent": queue, "lease_duration": minute, "filter": "tags=x"}),
        ("long tag", client.lease_tasks, {"parent": queue, "lease_duration": minute, "filter": "tag=" + 500 * "x"}),
        ("no proof", client.acknowledge_task, {"name": short.name}),
        ("no proof to renew", client.renew_lease, {"name": short.name, "lease_duration": minute}),
        ("no proof to cancel", client.cancel_lease, {"name": short.name}),
        ("run", client.run_task, {"name": short.name}),
        ("pull task in push queue", client.create_task, {"parent": push, "task": {"pull_message": {"payload": b"x"}}}),
        (
            "push task in pull queue",
            client.create_task,
            {"parent": queue, "task": {"app_engine_http_request": {"relative_url": "/"}}},
        ),
    ]
}
client.pause_queue(name=queue)
answers["errors"]["paused"] = error_of(client.lease_tasks, request={"parent": queue, "lease_duration": minute})[:2]
client.resume_queue(name=queue)
time.sleep(1)
asked = {"parent": queue, "lease_duration": minute}
with ThreadPoolExecutor(15) as callers:  # one after the other they might take longer than a second
    calls = [callers.submit(error_of, client.lease_tasks, request=asked) for _ in range(15)]
answers["capped"] = sorted({call.result()[0] for call in calls})
print(json.dumps(answers))
