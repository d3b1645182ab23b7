"""The official client, pointed at a node: `python PROGRAM grpc HOST:PORT` or `python PROGRAM rest http://HOST:PORT`."""

import sys
from collections.abc import Callable
from typing import Any

import grpc
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport, CloudTasksRestTransport

LOCATION = "projects/example.com:p/locations/us-central1"


def connect() -> tasks_v2.CloudTasksClient:
    """A client as the command line asks for it."""
    transport, address = sys.argv[1:]
    if transport == "grpc":
        return tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=grpc.insecure_channel(address)))
    scheme, _, host = address.partition("://")
    return tasks_v2.CloudTasksClient(
        transport=CloudTasksRestTransport(host=host, url_scheme=scheme, credentials=AnonymousCredentials())
    )


def shown(message: Any) -> Any:
    """A message as JSON, enums by name."""
    return type(message).to_dict(message, use_integers_for_enums=False, always_print_fields_with_no_presence=False)


def error_of(call: Callable[..., Any], **arguments: Any) -> Any:
    """The class, text and details of the error that a call must end with."""
    try:
        result = call(**arguments)
        list(result) if hasattr(result, "__iter__") else None
    except GoogleAPICallError as error:
        text = error.message.partition(": ")[2] if sys.argv[1] == "rest" else error.message
        details = [
            detail["@type"].rpartition("/")[2] if isinstance(detail, dict) else detail.DESCRIPTOR.full_name
            for detail in error.details
        ]
        return [type(error).__name__, text, details]
    return ["none", shown(result) if result is not None else None, []]
