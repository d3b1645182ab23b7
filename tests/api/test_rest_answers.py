"""The form of REST answers and requests that callers can choose: fields, compression, parameters in the body."""

import gzip
import io
import json
import zlib
from typing import Any

import aiohttp
import grpc
import pytest
from google.cloud.tasks_v2 import types
from yarl import URL

from broker.api.rest_body import MAX_BODY_BYTES
from broker.api.rpcs import Rpc
from tests.api.conftest import Serve
from tests.api.rows import recording, row

QUEUE = "projects/P/locations/L/queues/Q"
QUEUES = types.ListQueuesResponse.pb()(
    queues=[{"name": "a", "state": "RUNNING", "rate_limits": {"max_burst_size": 3}}, {"name": "b"}], next_page_token="t"
)
BOTH_GZIP = {"Accept-Encoding": "gzip", "User-Agent": "test (gzip)"}


def listing() -> Rpc:
    answer = types.ListQueuesResponse.pb()()
    answer.CopyFrom(QUEUES)
    return row("ListQueues", lambda _request: answer)


async def call(verb: str, url: str, **arguments: Any) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer as it came."""
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.request(verb, URL(url, encoded=True), **arguments) as response,
    ):
        return response.status, dict(response.headers), await response.read()


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?fields=queues(name,rateLimits/maxBurstSize)", {}),
        ("?%24fields=queues%28name%2CrateLimits.maxBurstSize%29", {}),
        ("?fields=queues.name&fields=ignored", {"X-Goog-FieldMask": "nextPageToken"}),
        ("", {"X-Goog-FieldMask": "queues.name,queues.rate_limits.max_burst_size"}),
    ],
)
async def test_an_answer_holds_the_fields_asked_for(serve_rest: Serve, query: str, headers: dict[str, str]) -> None:
    url = f"{await serve_rest(listing())}/v2/projects/P/locations/L/queues{query}"
    status, _, body = await call("GET", url, headers=headers)
    limits = {} if "ignored" in query else {"rateLimits": {"maxBurstSize": 3}}
    assert (status, json.loads(body)) == (200, {"queues": [{"name": "a"} | limits, {"name": "b"}]})


async def test_a_field_that_is_not_there_is_refused_before_the_call(serve_rest: Serve) -> None:
    rpc, requests = recording("DeleteQueue")
    status, _, body = await call("DELETE", f"{await serve_rest(rpc)}/v2/{QUEUE}?fields=foo")
    error = json.loads(body)["error"]
    assert (status, error["status"], error["message"], requests) == (
        400,
        "INVALID_ARGUMENT",
        "Request contains an invalid argument.",
        [],
    )
    assert error["details"][0]["fieldViolations"][0]["field"] == "foo"


async def test_errors_are_whole_whatever_fields_are_asked_for(serve_rest: Serve) -> None:
    url = f"{await serve_rest(listing())}/v2/projects/P/locations/L/queues?fields=queues&x=1"
    status, _, body = await call("GET", url)
    assert (status, json.loads(body)["error"]["code"]) == (400, 400)


async def test_a_call_over_grpc_can_choose_fields_too(serve_grpc: Serve) -> None:
    async with grpc.aio.insecure_channel(await serve_grpc(listing())) as channel:
        method = channel.unary_unary("/google.cloud.tasks.v2.CloudTasks/ListQueues")
        answer = await method(b"", metadata=(("x-goog-fieldmask", "queues.name,queues.rate_limits.max_burst_size"),))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await method(b"", metadata=(("x-goog-fieldmask", "foo"),))
    expected = [{"name": "a", "rate_limits": {"max_burst_size": 3}}, {"name": "b"}]
    assert types.ListQueuesResponse.pb().FromString(answer) == types.ListQueuesResponse.pb()(queues=expected)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("headers", "compressed"),
    [
        (BOTH_GZIP, True),
        (BOTH_GZIP | {"Accept-Encoding": "deflate, gzip;q=0.5"}, True),
        (BOTH_GZIP | {"Accept-Encoding": "gzip;q=0"}, False),
        (BOTH_GZIP | {"Accept-Encoding": "br"}, False),
        (BOTH_GZIP | {"User-Agent": "test"}, False),
    ],
)
async def test_an_answer_is_compressed_for_those_who_ask(
    serve_rest: Serve, headers: dict[str, str], compressed: bool
) -> None:
    url = f"{await serve_rest(listing())}/v2/projects/P/locations/L/queues"
    _, answered, body = await call("GET", url, headers=headers)
    assert answered.get("Content-Encoding") == ("gzip" if compressed else None)
    assert json.loads(gzip.decompress(body) if compressed else body)["nextPageToken"] == "t"


async def test_errors_are_compressed_too(serve_rest: Serve) -> None:
    _, _, body = await call("GET", f"{await serve_rest()}/v2/nothing", headers=BOTH_GZIP)
    assert json.loads(gzip.decompress(body))["error"]["status"] == "NOT_FOUND"


JSON = b'{"responseView": "FULL"}'
SENT = {
    "gzip": gzip.compress(JSON),
    "x-gzip": gzip.compress(JSON),
    "GZip": gzip.compress(JSON),
    "deflate": zlib.compress(JSON),
    "identity": JSON,
}


@pytest.mark.parametrize(("coding", "body"), SENT.items(), ids=SENT)
async def test_a_compressed_body_is_read(serve_rest: Serve, coding: str, body: bytes) -> None:
    rpc, requests = recording("CreateTask")
    url = f"{await serve_rest(rpc)}/v2/{QUEUE}/tasks"
    assert (await call("POST", url, data=body, headers={"Content-Encoding": coding}))[0] == 200
    assert requests[0].response_view == 2


LIMIT = f"Request payload size exceeds the limit: {MAX_BODY_BYTES} bytes."
UNREADABLE = "The request body cannot be read: check Content-Encoding and Transfer-Encoding."
REFUSED = {
    "just too large": ("gzip", gzip.compress(bytes(MAX_BODY_BYTES + 1)), LIMIT),
    "bomb": ("gzip", gzip.compress(bytes(300 * 1024 * 1024), 1), LIMIT),
    "cut off": ("gzip", gzip.compress(JSON)[:-1], UNREADABLE),
    "not compressed": ("gzip", JSON, UNREADABLE),
    "something behind": ("gzip", gzip.compress(JSON) + b"x", UNREADABLE),
    "unknown": ("br", JSON, "The Content-Encoding 'br' is not supported: use gzip, deflate or none."),
}


@pytest.mark.parametrize(("coding", "body", "message"), REFUSED.values(), ids=REFUSED)
async def test_a_body_that_cannot_be_unpacked_is_refused(
    serve_rest: Serve, coding: str, body: bytes, message: str
) -> None:
    rpc, requests = recording("CreateTask")
    url = f"{await serve_rest(rpc)}/v2/{QUEUE}/tasks"
    status, _, answer = await call("POST", url, data=io.BytesIO(body), headers={"Content-Encoding": coding})
    assert (status, json.loads(answer)["error"]["message"], requests) == (400, message, [])


async def test_a_compressed_body_of_just_the_limit_is_read(serve_rest: Serve) -> None:
    rpc, requests = recording("CreateTask")
    url = f"{await serve_rest(rpc)}/v2/{QUEUE}/tasks"
    body = gzip.compress(JSON.ljust(MAX_BODY_BYTES))
    assert (await call("POST", url, data=body, headers={"Content-Encoding": "gzip"}))[0] == 200
    assert len(requests) == 1


async def test_a_query_that_is_too_long_for_a_url_is_in_the_body(serve_rest: Serve) -> None:
    rpc, requests = recording("ListTasks")
    headers = {"X-HTTP-Method-Override": "GET", "Content-Type": "application/x-www-form-urlencoded"}
    form = f"pageSize=5&pageToken={'x' * 9000}&alt=json&%24prettyPrint=0"
    url = f"{await serve_rest(rpc)}/v2/{QUEUE}/tasks?responseView=FULL"
    status, _, body = await call("POST", url, data=form, headers=headers)
    assert (status, body) == (200, b"{}\n")
    assert (requests[0].page_size, requests[0].page_token, requests[0].response_view) == (5, "x" * 9000, 2)


async def test_a_form_is_no_query_otherwise(serve_rest: Serve) -> None:
    rpc, requests = recording("PurgeQueue")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{await serve_rest(rpc)}/v2/{QUEUE}:purge"
    assert (await call("POST", url, data="pageSize=5", headers=headers))[0] == 400
    assert (await call("POST", url, data="{}", headers=headers))[0] == 200, "curl -d says that of everything"
    assert len(requests) == 1
