"""What google-api-python-client sees: arguments are where its discovery document is from, our URL and the version."""

import json
import sys
import urllib.request

import httplib2
from googleapiclient.discovery import build, build_from_document
from googleapiclient.errors import HttpError

source, address, version = sys.argv[1:]
http = httplib2.Http()
if source == "document":
    url = f"{address}/discovery/v1/apis/cloudtasks/{version}/rest"
    service = build_from_document(urllib.request.urlopen(url).read().decode(), http=http)
elif source == "fetched":
    url = f"{address}/$discovery/rest?version={{apiVersion}}"
    service = build("cloudtasks", version, http=http, discoveryServiceUrl=url, static_discovery=False)
else:
    options = {"api_endpoint": address}
    service = build("cloudtasks", version, http=http, static_discovery=True, client_options=options)

location = "projects/example.com:p/locations/us-central1"
locations = service.projects().locations()
queues, tasks = locations.queues(), locations.queues().tasks()
answers = {"queues": [], "tasks": []}
for name in ("first", "second", "third"):
    created = queues.create(parent=location, body={"name": f"{location}/queues/{name}"}).execute()
    answers["queues"].append(created["state"])
queue = created["name"]
patch = {"retryConfig": {"maxAttempts": 3}}
patched = queues.patch(name=queue, body=patch, updateMask="retryConfig.maxAttempts").execute()
answers["patched"] = patched["retryConfig"]["maxAttempts"]
answers["paused"] = queues.pause(name=queue, body={}).execute()["state"]

request, pages = queues.list(parent=location, pageSize=2), []
while request is not None:
    page = request.execute()
    pages.append([listed["name"].rpartition("/")[2] for listed in page["queues"]])
    request = queues.list_next(request, page)
answers["pages"] = pages

for number in range(5):
    task = {"name": f"{queue}/tasks/t{number}", "httpRequest": {"url": "http://127.0.0.1:1/", "body": "AAEC"}}
    created = tasks.create(parent=queue, body={"task": task, "responseView": "FULL"}).execute()
answers["body"] = created["httpRequest"]["body"]
request, listed = tasks.list(parent=queue, pageSize=2), set()
while request is not None:
    page = request.execute()
    listed |= {task["name"].rpartition("/")[2] for task in page.get("tasks", [])}
    request = tasks.list_next(request, page)
answers["tasks"] = sorted(listed)
answers["view"] = tasks.get(name=task["name"], responseView="FULL").execute()["view"]
answers["run"] = tasks.run(name=task["name"], body={}).execute()["name"] == task["name"]
answers["deleted"] = tasks.delete(name=task["name"]).execute()
answers["fields"] = tasks.get(name=f"{queue}/tasks/t0", fields="httpRequest(url)").execute()
answers["too long for a URL"] = queues.get(name=queue, fields=",".join(["name"] * 600)).execute() == {"name": queue}
answers["locations"] = locations.get(name=location).execute()["locationId"]
try:
    queues.get(name=f"{location}/queues/missing").execute()
except HttpError as error:
    answers["missing"] = [error.status_code, error.reason]
print(json.dumps(answers))
