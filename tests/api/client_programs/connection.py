"""The official client of a version, pointed at a node.

`python PROGRAM grpc HOST:PORT v2` or `python PROGRAM rest http://HOST:PORT v2`.
"""

import importlib
import sys
from collections.abc import Callable
from typing import Any

import grpc
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials

LOCATION = "projects/example.com:p/locations/us-central1"
TRANSPORT, ADDRESS, VERSION = sys.argv[1:]


def connect() -> Any:
    """A client as the command line asks for it."""
    package = f"google.cloud.tasks_{VERSION}"
    transports = importlib.import_module(f"{package}.services.cloud_tasks.transports")
    client_class = importlib.import_module(package).CloudTasksClient
    if TRANSPORT == "grpc":
        return client_class(transport=transports.CloudTasksGrpcTransport(channel=grpc.insecure_channel(ADDRESS)))
    scheme, _, host = ADDRESS.partition("://")
    return client_class(
        transport=transports.CloudTasksRestTransport(host=host, url_scheme=scheme, credentials=AnonymousCredentials())
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
        text = error.message.partition(": ")[2] if TRANSPORT == "rest" else error.message
        details = [
            detail["@type"].rpartition("/")[2] if isinstance(detail, dict) else detail.DESCRIPTOR.full_name
            for detail in error.details
        ]
        return [type(error).__name__, text, details]
    return ["none", shown(result) if result is not None else None, []]
