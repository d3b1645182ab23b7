"""REST beside the methods themselves: requests bound to messages, answers, errors, lifecycle."""

import asyncio
import gzip
import io
import json
import socket
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from google.cloud.tasks_v2 import types
from yarl import URL

from broker.api.rest_answer import answered
from broker.api.rest_body import MAX_BODY_BYTES
from broker.api.rest_server import RestServer
from broker.errors import Code, ErrorInfo, HeadraceError, HelpLink, LocalizedMessage, StartupError
from broker.metrics import Metrics
from broker.model.limits import Limits
from tests.api.conftest import Serve
from tests.api.rows import ROWS, failing, recording, row

LOCATION = "projects/example.com:P/locations/L"
QUEUE = f"{LOCATION}/queues/Q"
JSON = {"Content-Type": "application/json"}


async def call(verb: str, url: str, **arguments: Any) -> tuple[int, Any, str]:
    """Status, decoded JSON and text of an answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(verb, URL(url, encoded=True), **arguments) as response,
    ):
        text = await response.text()
        assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
        return response.status, json.loads(text), text


async def message_of(url: str, body: Any) -> str:
    """The error text of a CreateTask whose body is wrong."""
    status, answer, _ = await call("POST", f"{url}/v2/{QUEUE}/tasks", data=body)
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    return str(answer["error"]["message"])


CASES = {
    "camel query": (
        "ListTasks",
        "GET",
        f"{QUEUE}/tasks?pageSize=5&responseView=FULL",
        None,
        {"page_size": 5, "response_view": 2},
    ),
    "snake query": (
        "ListTasks",
        "GET",
        f"{QUEUE}/tasks?page_size=5&response_view=2&page_token=t%26",
        None,
        {"page_size": 5, "response_view": 2, "page_token": "t&"},
    ),
    "escaped verb": ("PurgeQueue", "POST", f"{QUEUE}%3Apurge", None, {}),
    "null body": ("PurgeQueue", "POST", f"{QUEUE}:purge", b" null ", {}),
    "the path wins": ("PurgeQueue", "POST", f"{QUEUE}:purge", b'{"name": "other"}', {}),
    "whole body": (
        "CreateTask",
        "POST",
        f"{QUEUE}/tasks",
        b'{"task": {"name": "n"}, "responseView": 2}',
        {"task": {"name": "n"}, "response_view": 2},
    ),
    "view in the query": ("RunTask", "POST", f"{QUEUE}/tasks/T:run?responseView=FULL", b"", {"response_view": 2}),
    "no body": (
        "UpdateQueue",
        "PATCH",
        f"{QUEUE}?updateMask=retryConfig,rateLimits.maxBurstSize",
        b"",
        {"queue": {}, "update_mask": {"paths": ["retryConfig", "rateLimits.maxBurstSize"]}},
    ),
    "body field": (
        "UpdateQueue",
        "PATCH",
        f"{QUEUE}?update_mask=state",
        b'{"name": "other", "state": 2}',
        {"queue": {"state": 2}, "update_mask": {"paths": ["state"]}},
    ),
    "system parameters": (
        "GetQueue",
        "GET",
        f"{QUEUE}?alt=json&$alt=json&fields=*&key=k&%24.xgafv=2&prettyPrint=true&access_token=a&uploadType=x&quotaUser=q&callback=c",
        None,
        {},
    ),
    "body of a DELETE": ("DeleteQueue", "DELETE", QUEUE, b"what", {}),
}


@pytest.mark.parametrize(("method", "verb", "target", "body", "fields"), CASES.values(), ids=CASES)
async def test_a_request_is_bound(
    serve_rest: Serve, method: str, verb: str, target: str, body: bytes | None, fields: dict[str, Any]
) -> None:
    rpc, requests = recording(method)
    url = await serve_rest(rpc)
    assert await call(verb, f"{url}/v2/{target}", data=body, headers=JSON) == (200, {}, "{}\n")
    expected = ROWS[method].request(**fields)
    named = expected.queue if method == "UpdateQueue" else expected
    name = f"{QUEUE}/tasks/T" if method == "RunTask" else QUEUE
    setattr(named, "parent" if method in ("ListTasks", "CreateTask") else "name", name)
    assert requests == [expected]


async def test_chunked_compressed_and_expecting_bodies_are_read(serve_rest: Serve) -> None:
    rpc, requests = recording("CreateTask")
    url = f"{await serve_rest(rpc)}/v2/{QUEUE}/tasks"
    body = b'{"responseView": "FULL"}'

    async def chunks() -> Any:
        yield body

    await call("POST", url, data=chunks())
    await call("POST", url, data=gzip.compress(body), headers={"Content-Encoding": "gzip"})
    await call("POST", url, data=body, expect100=True)
    assert [request.response_view for request in requests] == [2, 2, 2]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("", '{\n  "name": "é",\n  "rateLimits": {\n    "maxDispatchesPerSecond": 500\n  },\n  "state": "PAUSED"\n}\n'),
        ("?prettyPrint=false", '{"name":"é","rateLimits":{"maxDispatchesPerSecond":500},"state":"PAUSED"}\n'),
        (
            "?$prettyPrint=0&%24alt=json%3Benum-encoding%3Dint",
            '{"name":"é","rateLimits":{"maxDispatchesPerSecond":500},"state":2}\n',
        ),
    ],
)
async def test_the_style_of_the_answer(serve_rest: Serve, query: str, text: str) -> None:
    queue = types.Queue.pb()(name="é", state=2, rate_limits={"max_dispatches_per_second": 500})
    url = await serve_rest(row("GetQueue", lambda _request: queue))
    assert (await call("GET", f"{url}/v2/{QUEUE}{query}"))[2] == text


async def test_a_post_can_carry_another_verb(serve_rest: Serve) -> None:
    rpc, requests = recording("UpdateQueue")
    url = await serve_rest(rpc)
    status, *_ = await call("POST", f"{url}/v2/{QUEUE}", headers={"X-HTTP-Method-Override": "patch"})
    assert (status, len(requests)) == (200, 1)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"x": 1}', 'Invalid JSON payload received. Unknown name "x": Cannot find field.'),
        (b"[]", 'Invalid JSON payload received. Unknown name "": Root element must be a message.'),
        (b'"text"', 'Invalid JSON payload received. Unknown name "": Root element must be a message.'),
        (b'{"task": ', "Invalid JSON payload received. Expecting value: line 1 column 10 (char 9)."),
        (b'{"task": NaN}', "Invalid JSON payload received. Unexpected token NaN."),
    ],
)
async def test_a_wrong_body_is_explained(serve_rest: Serve, body: bytes, message: str) -> None:
    assert await message_of(await serve_rest(recording("CreateTask")[0]), body) == message


STRANGE = {
    "not UTF-8": b"\xff\xfe{",
    "deep": b"[" * 100_000,
    "long number": b"1" * 5000,
    "lone surrogate": b'{"\\ud800": 1}',
}


@pytest.mark.parametrize("body", STRANGE.values(), ids=STRANGE)
async def test_no_body_is_too_strange(serve_rest: Serve, body: bytes) -> None:
    message = await message_of(await serve_rest(recording("CreateTask")[0]), body)
    assert message.startswith("Invalid JSON payload received. ")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("x=1", "Unknown name \"x\": Cannot bind query parameter. Field 'x' could not be found in request message."),
        ("pageSize=abc", "Invalid value at 'page_size' (TYPE_INT32), \"abc\""),
        (
            "responseView=ALL",
            "Invalid value at 'response_view' (type.googleapis.com/google.cloud.tasks.v2.Task.View), \"ALL\"",
        ),
    ],
)
async def test_a_wrong_query_is_explained(serve_rest: Serve, query: str, message: str) -> None:
    url = await serve_rest(recording("ListTasks")[0])
    status, answer, _ = await call("GET", f"{url}/v2/{QUEUE}/tasks?{query}")
    assert (status, answer["error"]["message"].removeprefix("Invalid JSON payload received. ")) == (400, message)


async def test_a_body_that_is_too_large(serve_rest: Serve) -> None:
    message = await message_of(await serve_rest(recording("CreateTask")[0]), io.BytesIO(b" " * (MAX_BODY_BYTES + 1)))
    assert message == f"Request payload size exceeds the limit: {MAX_BODY_BYTES} bytes."


async def test_a_body_that_is_not_what_its_encoding_says(serve_rest: Serve) -> None:
    url = await serve_rest(recording("CreateTask")[0])
    status, answer, _ = await call("POST", f"{url}/v2/{QUEUE}/tasks", data=b"{}", headers={"Content-Encoding": "gzip"})
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("path", ["/", "/v2/x", f"/v3/{QUEUE}", f"/v2/{QUEUE}:fly", "//v2", "/v2/%00/<b>", "/v2%0Ax"])
async def test_an_unknown_path(serve_rest: Serve, path: str) -> None:
    status, answer, _ = await call("GET", await serve_rest(ROWS["GetQueue"]) + path)
    message = f"The requested URL {path} was not found on this server."
    assert (status, answer) == (404, {"error": {"code": 404, "message": message, "status": "NOT_FOUND"}})


async def test_a_wrong_verb(serve_rest: Serve) -> None:
    url = await serve_rest(ROWS["GetQueue"], ROWS["DeleteQueue"])
    status, answer, _ = await call("PUT", f"{url}/v2/{QUEUE}")
    assert (status, answer["error"]["code"]) == (405, 405)
    assert answer["error"]["message"] == "PUT is not allowed on this path; use DELETE or GET."


async def test_an_error_with_details(serve_rest: Serve) -> None:
    details = (
        HelpLink("Definition", "https://help"),
        ErrorInfo("REASON", "domain", (("consumer", "projects/x"),)),
        LocalizedMessage("en-US", "text"),
    )
    url = await serve_rest(failing("GetQueue", HeadraceError(Code.PERMISSION_DENIED, 'No "é".', *details)))
    types_prefix = "type.googleapis.com/google.rpc"
    assert (await call("GET", f"{url}/v2/{QUEUE}"))[:2] == (
        403,
        {
            "error": {
                "code": 403,
                "message": 'No "é".',
                "status": "PERMISSION_DENIED",
                "details": [
                    {"@type": f"{types_prefix}.Help", "links": [{"description": "Definition", "url": "https://help"}]},
                    {
                        "@type": f"{types_prefix}.ErrorInfo",
                        "reason": "REASON",
                        "domain": "domain",
                        "metadata": {"consumer": "projects/x"},
                    },
                    {"@type": f"{types_prefix}.LocalizedMessage", "locale": "en-US", "message": "text"},
                ],
            }
        },
    )


@pytest.mark.parametrize("code", Code)
async def test_each_code_has_its_http_status(serve_rest: Serve, code: Code) -> None:
    expected = dict(
        zip(range(1, 17), (499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401), strict=True)
    )
    url = await serve_rest(failing("GetQueue", HeadraceError(code, "text")))
    status, answer, _ = await call("GET", f"{url}/v2/{QUEUE}")
    error = {"code": expected[code], "message": "text", "status": code.name}
    assert (status, answer) == (expected[code], {"error": error})


async def test_a_bug_shows_nothing_of_itself(
    serve_rest: Serve, caplog: pytest.LogCaptureFixture, metrics: Metrics
) -> None:
    url = await serve_rest(failing("GetQueue", ZeroDivisionError("secret")))
    status, answer, _ = await call("GET", f"{url}/v2/{QUEUE}")
    assert (status, answer["error"]["message"]) == (500, "Internal error encountered.")
    assert "secret" in caplog.text
    assert b'headrace_api_calls_total{code="INTERNAL",method="GetQueue"} 1.0' in await metrics.exposition()


async def test_a_method_that_is_not_served(serve_rest: Serve) -> None:
    url = await serve_rest(replace(ROWS["BatchCreateTasks"], handler=None))
    status, answer, _ = await call("POST", f"{url}/v2/{QUEUE}/tasks:batchCreate", data=b"{}")
    assert (status, answer["error"]["status"]) == (501, "UNIMPLEMENTED")
    assert answer["error"]["message"] == "BatchCreateTasks is not served yet."


async def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = RestServer(SimpleNamespace(), (), host="127.0.0.1", port=port)
        with pytest.raises(StartupError, match=rf"cannot listen for HTTP on 127.0.0.1 port {port} .*--http-port"):
            await server.start()


async def test_stopping_lets_a_running_call_finish() -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_broker: Any, _request: Any) -> Any:
        started.set()
        await go_on.wait()
        return types.Queue.pb()(name="n")

    rpc = replace(ROWS["GetQueue"], handler=slow)
    server = RestServer(SimpleNamespace(metrics=Metrics(), limits=Limits()), [rpc], host="127.0.0.1", port=0)
    url = f"http://127.0.0.1:{await server.start()}/v2/{QUEUE}"
    answer = asyncio.create_task(call("GET", url))
    await started.wait()
    stopped = asyncio.create_task(server.stop(30))
    go_on.set()
    assert (await answer)[1] == {"name": "n"}
    await stopped
    with pytest.raises(aiohttp.ClientConnectionError):
        await call("GET", url)


@answered
async def other_route(_request: web.Request) -> Any:
    return "other"


def test_other_routes_come_before_calls(runner: asyncio.Runner, metrics: Metrics) -> None:
    broker: Any = SimpleNamespace(metrics=metrics, limits=Limits())
    rpc, requests = recording("GetQueue")
    routes = [web.get("/v2/other", other_route)]
    server = RestServer(broker, [rpc], host="127.0.0.1", port=0, extra_routes=routes)
    url = f"http://127.0.0.1:{runner.run(server.start())}"
    try:
        assert runner.run(call("GET", f"{url}/v2/other"))[1] == "other"
        assert runner.run(call("GET", f"{url}/v2/{QUEUE}"))[0] == 200
        assert [request.name for request in requests] == [QUEUE]
    finally:
        runner.run(server.stop(0))


def test_a_caller_may_wait_for_100_continue(runner: asyncio.Runner, serve_rest: Serve) -> None:
    rpc, requests = recording("PurgeQueue")
    url = runner.run(serve_rest(rpc))
    answer = runner.run(call("POST", f"{url}/v2/{QUEUE}:purge", data=b"{}", expect100=True))
    assert (answer[0], len(requests)) == (200, 1)
