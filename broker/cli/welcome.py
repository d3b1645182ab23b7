"""What `headrace up` says when it is ready."""

import json

from broker.settings import Settings

_RECEIVER_PORT = 9000


def welcome(settings: Settings, grpc_address: str, http_url: str) -> str:
    """Addresses, a first task to copy and paste, and the line that programs wait for, which is the last."""
    queue = settings.queue_names[0]
    task = json.dumps({"task": {"httpRequest": {"url": _receiver_url(), "httpMethod": "GET"}}})
    kept = "the Redis you named" if settings.redis_url else settings.data_dir.absolute()
    return f"""
Headrace is up. Ctrl-C stops it; tasks are kept in {kept}.

{_addresses(settings, grpc_address, http_url)}
  Queue  {queue}

A first task. In a second terminal, start something that receives it:

  python3 -m http.server {_RECEIVER_PORT} --bind 127.0.0.1

and in a third, create the task:

  curl {http_url}/v2/{queue}/tasks \\
    -d '{task}'

headrace ready grpc={grpc_address} http={http_url}"""


def _addresses(settings: Settings, grpc_address: str, http_url: str) -> str:
    if settings.port is not None:
        return f"  API    {grpc_address}   gRPC and REST, for Cloud Tasks clients; /metrics, /healthz"
    return f"""\
  gRPC   {grpc_address}   for Cloud Tasks clients
  REST   {http_url}   the same calls in JSON; /metrics, /healthz"""


def _receiver_url() -> str:
    return f"http://127.0.0.1:{_RECEIVER_PORT}/?hello"
