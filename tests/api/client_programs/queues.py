"""Every call about queues."""

import json

from connection import LOCATION, connect, shown
from google.cloud import tasks_v2
from google.protobuf import duration_pb2, field_mask_pb2

client = connect()
first, second = f"{LOCATION}/queues/first", f"{LOCATION}/queues/second"
answers = {}

answers["created"] = shown(client.create_queue(parent=LOCATION, queue={"name": first}))
updated = tasks_v2.Queue(
    name=second,
    rate_limits={"max_dispatches_per_second": 0.25, "max_concurrent_dispatches": 3},
    retry_config={"max_attempts": -1, "min_backoff": duration_pb2.Duration(seconds=2), "max_doublings": 4},
    stackdriver_logging_config={"sampling_ratio": 0.5},
)
answers["made by update"] = shown(client.update_queue(queue=updated))
mask = field_mask_pb2.FieldMask(paths=["rate_limits.max_dispatches_per_second", "state"])
change = tasks_v2.Queue(name=second, rate_limits={"max_dispatches_per_second": 100}, state=2)
answers["masked"] = shown(client.update_queue(queue=change, update_mask=mask))
answers["paused"] = shown(client.pause_queue(name=first))
answers["resumed"] = shown(client.resume_queue(name=first))
answers["purged"] = "purge_time" in shown(client.purge_queue(name=first))
answers["got"] = shown(client.get_queue(name=second))
pages = client.list_queues(request={"parent": LOCATION, "page_size": 1}).pages
answers["pages"] = [[queue.name for queue in page.queues] for page in pages if page.queues]
answers["deleted"] = client.delete_queue(name=first)
answers["left"] = [queue.name for queue in client.list_queues(parent=LOCATION)]
print(json.dumps(answers))
