"""Every method of taskqueue/v1beta2 through google-api-python-client, built from the node's own discovery document.

Workers of old did it this way: the base64 is theirs, and so is the look at `items`.
"""

import base64
import json
import time

import httplib2
from connection import ADDRESS
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

place = {"project": "s~local", "taskqueue": "pull"}
url = f"{ADDRESS}/discovery/v1/apis/{{api}}/{{apiVersion}}/rest"
service = build(
    "taskqueue", "v1beta2", http=httplib2.Http(), discoveryServiceUrl=url, static_discovery=False, cache_discovery=False
)
tasks, answers = service.tasks(), {}


def insert(text: str, tag: str | None = None, **fields: object) -> dict[str, object]:
    body = {"payloadBase64": base64.urlsafe_b64encode(text.encode()).decode(), "queueName": "pull"} | fields
    return tasks.insert(**place, body=body | ({"tag": tag} if tag else {})).execute()


def lease(**arguments: object) -> list[dict[str, object]]:
    answer = tasks.lease(**place, **{"leaseSecs": 60, "numTasks": 10} | arguments).execute()
    answers.setdefault("lease kinds", []).append(answer["kind"])
    return answer["items"] if "items" in answer else []  # noqa: SIM401 - as workers do it


def ids(items: list[dict[str, object]]) -> list[object]:
    return [item["id"] for item in items]


def error_of(request: object) -> object:
    try:
        return request.execute()
    except HttpError as error:
        return [error.resp.status, error.reason]


answers["empty list"] = tasks.list(**place).execute()
answers["empty lease"] = lease()
answers["inserted"] = insert("first", "oldest", id="a", leaseTimestamp="1000000")
insert("second", "newest", id="b", leaseTimestamp="2000000")
insert("third", "oldest", id="c", leaseTimestamp="3000000")
answers["chosen id"] = len(insert("fourth", leaseTimestamp=str(int(time.time() + 3600) * 1_000_000))["id"])

answers["by tag"] = lease(groupByTag=True, tag="newest")
(b,) = answers["by tag"]
updated = tasks.update(**place, task="b", newLeaseSeconds=600, body=b).execute()
answers["updated"] = int(updated["leaseTimestamp"]) - int(b["leaseTimestamp"]) > 500_000_000
answers["stale update"] = error_of(tasks.update(**place, task="b", newLeaseSeconds=600, body=b))
answers["oldest group"] = ids(lease(groupByTag=True))
answers["nothing left"] = lease(groupByTag=False)

patched = tasks.patch(**place, task="b", newLeaseSeconds=0, body={"queueName": "pull"}).execute()
answers["patched"] = [patched["id"], int(patched["leaseTimestamp"]) < int(updated["leaseTimestamp"]), patched["tag"]]
answers["over"] = error_of(tasks.patch(**place, task="b", newLeaseSeconds=1, body={"queueName": "pull"}))
answers["again"] = [(item["id"], item["retry_count"]) for item in lease()]
answers["got"] = tasks.get(**place, task="b", fields="id,payloadBase64,retry_count,queueName").execute()
listed = tasks.list(**place, fields="items(id,payloadBase64)").execute()
answers["listed"] = [sorted(item) for item in listed["items"]], len(listed["items"])
answers["deleted"] = [tasks.delete(**place, task="b").execute().decode() for _ in range(2)]
answers["gone"] = error_of(tasks.get(**place, task="b"))
answers["unknown"] = error_of(tasks.delete(**place, task="never"))
queue = service.taskqueues().get(**place, getStats=True).execute()
answers["oldest task"] = abs(int(queue["stats"].pop("oldestTask")) - time.time() - 60) < 30
answers["queue"] = queue
answers["plain queue"] = service.taskqueues().get(project="local", taskqueue="pull").execute()
print(json.dumps(answers))
