"""Every call about tasks, on a paused queue."""

import datetime
import json

from connection import LOCATION, connect, shown
from google.cloud import tasks_v2

client = connect()
queue = f"{LOCATION}/queues/tasks"
client.create_queue(parent=LOCATION, queue={"name": queue})
client.pause_queue(name=queue)
answers = {}

soon = datetime.datetime.now(datetime.UTC).replace(microsecond=123456) + datetime.timedelta(hours=1)
task = tasks_v2.Task(
    name=f"{queue}/tasks/named",
    http_request={
        "url": "http://127.0.0.1:1/path",
        "http_method": tasks_v2.HttpMethod.PUT,
        "headers": {"X-Kept-Casing": "é"},
        "body": bytes(range(256)),
        "oidc_token": {"service_account_email": "a@b", "audience": "c"},
    },
    schedule_time=soon,
    dispatch_deadline=datetime.timedelta(seconds=30),
    retry_config={"max_attempts": 3},
)
created = client.create_task(parent=queue, task=task)
answers["created"] = shown(created)
answers["schedule is kept"] = created.schedule_time == soon
full = client.get_task(request={"name": task.name, "response_view": tasks_v2.Task.View.FULL})
answers["body"] = list(full.http_request.body) == list(range(256))
answers["full view"] = full.view.name
unnamed = client.create_task(
    request={"parent": queue, "task": {"http_request": {"url": "http://127.0.0.1:1/"}}, "response_view": 2}
)
answers["unnamed"] = shown(unnamed)
for number in range(20):
    client.create_task(parent=queue, task={"name": f"{queue}/tasks/n{number}", "http_request": task.http_request})
pager = client.list_tasks(request={"parent": queue, "page_size": 3, "response_view": "FULL"})
listed = list(pager)
answers["listed"] = sorted(
    {listed_task.name.rpartition("/")[2] for listed_task in listed} - {unnamed.name.rpartition("/")[2]}
)
answers["bodies"] = sum(bool(listed_task.http_request.body) for listed_task in listed) >= 21
answers["run"] = shown(client.run_task(name=task.name))
answers["deleted"] = client.delete_task(name=task.name)
answers["left"] = task.name in [listed_task.name for listed_task in client.list_tasks(parent=queue)]
print(json.dumps(answers))
