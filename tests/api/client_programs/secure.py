"""The official client with nothing set but the address: it speaks TLS, and trusts what its environment names.

`python PROGRAM grpc HOST:PORT` or `python PROGRAM rest HOST:PORT`.
"""

import json
import sys

from google.auth.credentials import AnonymousCredentials
from google.cloud.tasks_v2 import CloudTasksClient

transport, address = sys.argv[1:]
client = CloudTasksClient(
    transport=transport, credentials=AnonymousCredentials(), client_options={"api_endpoint": address}
)
parent = "projects/p/locations/us-central1"
queue = f"{parent}/queues/{transport}"
client.create_queue(parent=parent, queue={"name": queue})
task = {"http_request": {"url": "http://127.0.0.1:1/", "body": bytes(100_000)}}
made = client.create_task(parent=queue, task=task)
print(json.dumps([client.get_task(name=made.name).name == made.name, client.delete_queue(name=queue)]))
