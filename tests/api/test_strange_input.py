"""Requests that only a program gone wrong sends are refused in plain words; none of them is an INTERNAL error."""

import math
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.cloud.tasks_v2 import types

if TYPE_CHECKING:
    from broker.api.node import ApiNode

LOCATION = "projects/P/locations/L"
QUEUE = f"{LOCATION}/queues/Q"
LONGEST = {"seconds": 315_576_000_000}
LATEST = {"seconds": 253_402_300_799, "nanos": 999_999_999}


def http(**fields: Any) -> dict[str, Any]:
    return {"http_request": {"url": "http://127.0.0.1:1/"} | fields}


CREATE_TASK = [
    {},
    http(url="http://\0/é\n"),
    http(url="http://[::1"),
    http(url="http://h:99999/"),
    http(url="http://h/" + "ü" * 3000),
    http(headers={"a\nb": "c"}),
    http(headers={"a": "c\r\nx: y"}),
    http(headers={"": "c"}),
    http(headers={str(number): "x" * 100 for number in range(1000)}),
    http(oidc_token={}),
    http(body=b"x" * 11_000_000),
    http(http_method=2, body=b"x"),
    http() | {"name": "\0"},
    http() | {"name": f"{QUEUE}/tasks/" + "x" * 5_000_000},
    http() | {"schedule_time": LATEST},
    http() | {"dispatch_deadline": LONGEST},
    http() | {"retry_config": {"max_backoff": LONGEST, "max_doublings": 2**31 - 1}},
]
UPDATE_QUEUE = [
    {"rate_limits": {"max_dispatches_per_second": math.nan}},
    {"rate_limits": {"max_dispatches_per_second": math.inf}},
    {"stackdriver_logging_config": {"sampling_ratio": math.nan}},
    {"retry_config": {"max_attempts": -(2**31)}},
    {"retry_config": {"max_retry_duration": LONGEST}},
]
STRANGE = [
    *(("CreateTask", {"parent": QUEUE, "task": task}) for task in CREATE_TASK),
    *(("UpdateQueue", {"queue": {"name": QUEUE} | queue}) for queue in UPDATE_QUEUE),
    *(("ListTasks", {"parent": QUEUE, "page_token": token}) for token in ("\0", "%", "é" * 100, "A" * 100_000)),
    *(("ListTasks", {"parent": QUEUE, "page_size": size}) for size in (-1, -(2**31))),
    *(("GetTask", {"name": name}) for name in ("", "\0", f"{QUEUE}/tasks/a/b", "x" * 1_000_000)),
]


@pytest.mark.parametrize(("method", "fields"), STRANGE, ids=lambda value: value if isinstance(value, str) else "")
async def test_it_is_refused(node: "ApiNode", method: str, fields: dict[str, Any]) -> None:
    async with grpc.aio.insecure_channel(node.grpc_address) as channel:

        async def call(method: str, fields: dict[str, Any]) -> None:
            request = getattr(types, f"{method}Request").pb()(**fields)
            await channel.unary_unary(f"/google.cloud.tasks.v2.CloudTasks/{method}")(request.SerializeToString())

        await call("CreateQueue", {"parent": LOCATION, "queue": {"name": QUEUE}})
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(method, fields)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT, caught.value.details()
