"""Reads and writes messages with the SDK's classes. Lines in: [name, hex]; lines out: [its JSON, hex]."""

import json
import sys

from google.appengine.api.taskqueue import taskqueue_service_bytes_pb2 as taskqueue_pb2
from google.appengine.ext.remote_api import remote_api_bytes_pb2 as remote_api_pb2
from google.protobuf import json_format

NAMES = {"Request": (remote_api_pb2, "Request"), "Response": (remote_api_pb2, "Response")}
NAMES |= {"ApplicationError": (remote_api_pb2, "ApplicationError"), "RpcError": (remote_api_pb2, "RpcError")}


def main() -> None:
    for line in sys.stdin:
        name, raw = json.loads(line)
        module, sdk_name = NAMES.get(name, (taskqueue_pb2, f"TaskQueue{name}"))
        message = getattr(module, sdk_name).FromString(bytes.fromhex(raw))
        message.DiscardUnknownFields()
        shown = json_format.MessageToDict(message, preserving_proto_field_name=True, use_integers_for_enums=True)
        print(json.dumps([shown, message.SerializeToString().hex()]), flush=True)


if __name__ == "__main__":
    main()
