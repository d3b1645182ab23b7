"""The official client, driven line by line: `python -m tests.support.client_program grpc HOST:PORT` (or rest URL).

Each line of the input is a JSON object: `name` (of the method) and `request` (the request message in proto JSON). Each
line of the output is one too: `answer` (in proto JSON, a list for a pager), or `error` and `message`.
"""

import json
import sys
from typing import Any

import grpc
from google.api_core.exceptions import GoogleAPICallError
from google.api_core.page_iterator import Iterator
from google.auth.credentials import AnonymousCredentials
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks import pagers
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport, CloudTasksRestTransport

_PAGERS = (Iterator, pagers.ListQueuesPager, pagers.ListTasksPager)


def connect(transport: str, address: str) -> tasks_v2.CloudTasksClient:
    """A client without credentials."""
    if transport == "grpc":
        return tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=grpc.insecure_channel(address)))
    scheme, _, host = address.partition("://")
    return tasks_v2.CloudTasksClient(
        transport=CloudTasksRestTransport(host=host, url_scheme=scheme, credentials=AnonymousCredentials())
    )


def as_json(answer: Any) -> Any:
    """An answer as it would be in JSON."""
    if answer is None:
        return None
    if isinstance(answer, _PAGERS):
        return [as_json(item) for item in answer]
    return json.loads(type(answer).to_json(answer, use_integers_for_enums=False))


def call(client: tasks_v2.CloudTasksClient, name: str, request: Any) -> dict[str, Any]:
    """Make one call."""
    message = getattr(tasks_v2, f"{name.title().replace('_', '')}Request").from_json(json.dumps(request))
    try:
        return {"answer": as_json(getattr(client, name)(message))}
    except GoogleAPICallError as error:
        return {"error": type(error).__name__, "message": error.message}


def main() -> None:
    client = connect(*sys.argv[1:])
    for line in sys.stdin:
        print(json.dumps(call(client, **json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
