"""BufferTask on the wire: raw and JSON bodies and every path over REST, the published message over gRPC (3.8)."""

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import grpc
import pytest
from google.cloud.tasks_v2 import types as types_v2
from google.cloud.tasks_v2beta2 import types as types_v2beta2
from google.cloud.tasks_v2beta3 import types as types_v2beta3

from broker.api.own_messages import message_class

if TYPE_CHECKING:
    from broker.api.node import ApiNode

LOCATION = "projects/p/locations/us-central1"
QUEUE = f"{LOCATION}/queues/q"
VERSIONS = {"v2": types_v2, "v2beta3": types_v2beta3, "v2beta2": types_v2beta2}
JSON_FORM = {"body": {"contentType": "text/plain", "data": base64.b64encode(b"plain").decode()}}


@pytest.fixture(autouse=True)
def queue(runner: Any, node: "ApiNode") -> None:
    """A paused queue that says where its tasks go."""

    async def create() -> None:
        target = {"uriOverride": {"host": "target.test"}, "httpMethod": "PUT"}
        await call(node, "POST", f"/v2/{LOCATION}/queues", json={"name": QUEUE, "httpTarget": target})
        await call(node, "POST", f"/v2/{QUEUE}:pause")

    runner.run(create())


async def call(node: "ApiNode", verb: str, path: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
    async with (
        aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as session,
        session.request(verb, node.http_url + path, **arguments) as response,
    ):
        return response.status, await response.json()


async def buffered(node: "ApiNode", path: str = "/v2/{}/tasks:buffer", verb: str = "POST", **arguments: Any) -> Any:
    """The task that a call makes: name, body and headers as stored."""
    status, answer = await call(node, verb, path.format(QUEUE), **arguments)
    assert status == 200, answer
    assert answer.keys() == {"task"}
    task = answer["task"]
    assert task["view"] == "BASIC"
    full = (await call(node, "GET", f"/v2/{task['name']}?responseView=FULL"))[1]["httpRequest"]
    assert full.get("url", "") == ""
    headers = full["headers"]
    assert headers.pop("User-Agent") == "Google-Cloud-Tasks"
    return task["name"].removeprefix(f"{QUEUE}/tasks/"), base64.b64decode(full.get("body", "")), headers


@pytest.mark.parametrize("verb", ["POST", "GET"])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", ["tasks:buffer", "tasks/:buffer", "tasks/mine:buffer", "tasks/mine%3Abuffer"])
async def test_every_path(node: "ApiNode", version: str, verb: str, path: str) -> None:
    name, body, headers = await buffered(node, f"/{version}/{{}}/{path}", verb)
    assert name == "mine" if "mine" in path else name.isdecimal()
    assert (body, headers) == (b"", {})


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\xff binary",
        b"a=1&b=2",
        b"{}",
        b"[1]",
        b"{not json",
        b'{"x": 1}',
        b'{"body": "text"}',
        b'{"body": {"data": "aGk=", "more": 1}}',
        b'{"body": {}, "more": {}}',
        b"null",
    ],
)
async def test_a_raw_body_is_the_body_of_the_task(node: "ApiNode", raw: bytes) -> None:
    headers = {"Content-Type": "application/thing", "X-Mine": "é", "Authorization": "Bearer owner"}
    _, body, kept = await buffered(node, data=raw, headers=headers)
    assert body == raw
    assert kept == {"Content-Type": "application/thing", "X-Mine": "é"}


async def test_the_json_form(node: "ApiNode") -> None:
    """Its content type is the one inside; the other headers are those of the call."""
    headers = {"Content-Type": "application/json", "X-Mine": "1"}
    form = json.dumps(JSON_FORM).encode()
    assert (await buffered(node, data=form, headers=headers))[1:] == (
        b"plain",
        {"Content-Type": "text/plain", "X-Mine": "1"},
    )
    snake = json.dumps({"body": {"content_type": "text/css", "data": ""}}).encode()
    assert (await buffered(node, data=snake, headers=headers))[1:] == (b"", {"Content-Type": "text/css", "X-Mine": "1"})
    empty = json.dumps({"body": {}}).encode()
    assert (await buffered(node, data=empty, headers=headers))[1:] == (b"", {"X-Mine": "1"})


async def test_repeated_headers_are_joined(node: "ApiNode") -> None:
    headers = [("X-a", "1"), ("X-a", "2"), ("X-B", "3")]
    assert (await buffered(node, headers=headers))[2] == {"X-a": "1, 2", "X-B": "3"}


async def test_a_header_that_is_not_utf_8_is_latin_1(node: "ApiNode") -> None:
    reader, writer = await asyncio.open_connection(node.host, node.http_port)
    writer.write(f"POST /v2/{QUEUE}/tasks/t:buffer HTTP/1.0\r\n".encode() + b"X-Mine: \xe9\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.0 200")
    writer.close()
    task = (await call(node, "GET", f"/v2/{QUEUE}/tasks/t"))[1]
    assert task["httpRequest"]["headers"]["X-Mine"] == "é"


async def test_errors(node: "ApiNode") -> None:
    plain = f"{LOCATION}/queues/plain"
    await call(node, "POST", f"/v2/{LOCATION}/queues", json={"name": plain})
    status, answer = await call(node, "POST", f"/v2/{plain}/tasks:buffer")
    assert (status, answer["error"]["status"]) == (400, "FAILED_PRECONDITION")
    assert "Queue.httpTarget.uriOverride.host" in answer["error"]["message"]
    bad = b'{"body": {"data": "%"}}'
    status, answer = await call(node, "POST", f"/v2/{QUEUE}/tasks:buffer", data=bad)
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert "'body.data' (TYPE_BYTES)" in answer["error"]["message"]
    status, answer = await call(node, "POST", f"/v2/{QUEUE}/tasks:buffer?colour=1")
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(("version", "types"), VERSIONS.items())
async def test_over_grpc(node: "ApiNode", version: str, types: Any) -> None:
    """The message that the client libraries once had."""
    request_class, response_class = (message_class(types, f"BufferTask{part}") for part in ("Request", "Response"))
    request = request_class(queue=QUEUE, task_id="mine", body={"content_type": "text/plain", "data": b"plain"})
    async with grpc.aio.insecure_channel(node.grpc_address) as channel:
        method = channel.unary_unary(f"/google.cloud.tasks.{version}.CloudTasks/BufferTask")
        answer = response_class.FromString(await method(request.SerializeToString()))
    assert answer.task.name == f"{QUEUE}/tasks/mine"
    assert answer.task.http_request.headers["Content-Type"] == "text/plain"
