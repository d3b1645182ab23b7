"""The transport: what no SDK sends, deadlines, other services, tickets (App Engine specification, 1)."""

import asyncio
import time
from contextlib import closing
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.api.app_engine.endpoint import LARGEST_REQUEST_BYTES
from broker.api.app_engine.envelope import RpcErrorCode
from broker.api.app_engine.messages import MESSAGES
from broker.api.node import ApiNode
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.model.names import LocationName
from broker.model.tickets import Tickets
from broker.service.app_engine.errors import Result
from broker.service.broker import Broker
from broker.store.store import Store
from tests.api.app_engine.calls import REQUESTS, ApplicationError, Calls, TransportError, pull, queue
from tests.api.conftest import StartNode
from tests.support.servers import Server, available_binaries

BINARY = next(iter(available_binaries().values()))
DEADLINE = "X-Google-RPC-Service-Deadline"


async def refusal(call: Calls, service: str, method: str, request: bytes, **headers: str) -> tuple[RpcErrorCode, str]:
    """The transport error that a call must end with."""
    with pytest.raises(TransportError) as refused:
        await call.raw(service, method, request, **headers)
    return RpcErrorCode(refused.value.code), refused.value.detail


@pytest.mark.parametrize(
    ("service", "method"),
    [
        ("taskqueue", "bulkAdd"),
        ("taskqueue", "SetStorageLimit"),
        ("taskqueue", ""),
        ("datastore_v3", "Put"),
        ("memcache", "Get"),
    ],
)
async def test_case_37_unknown_calls(call: Calls, service: str, method: str) -> None:
    code, text = await refusal(call, service, method, b"")
    assert (code, text) == (RpcErrorCode.CALL_NOT_FOUND, f"There is no method {service}.{method}.")


async def test_text_that_is_not_utf_8(call: Calls) -> None:
    code, text = await refusal(call, "modules", "GetHostname", b"\x0a\x01\xff")
    assert (code, text) == (RpcErrorCode.PARSE_ERROR, "GetHostnameRequest has text in module that is not UTF-8.")


@pytest.mark.parametrize("method", sorted(REQUESTS))
async def test_case_37_garbage(call: Calls, method: str) -> None:
    assert (await refusal(call, "taskqueue", method, b"\x0a\xff\xff"))[0] is RpcErrorCode.PARSE_ERROR


@pytest.mark.parametrize("method", [method for method in REQUESTS if not MESSAGES[REQUESTS[method]]().IsInitialized()])
async def test_missing_required_fields(call: Calls, method: str) -> None:
    code, text = await refusal(call, "taskqueue", method, b"")
    assert code is RpcErrorCode.PARSE_ERROR
    assert text.startswith(f"{REQUESTS[method]} lacks ")


async def test_a_group_without_its_end_is_garbage(call: Calls) -> None:
    assert (await refusal(call, "taskqueue", "Add", bytes.fromhex("0a01711200180033")))[0] is RpcErrorCode.PARSE_ERROR


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200), inner=st.binary(max_size=200), method=st.sampled_from(sorted(REQUESTS)))
def test_any_bytes_get_an_answer(runner: Any, call: Calls, body: bytes, inner: bytes, method: str) -> None:
    """Which may be an error, but none of our own making."""
    envelope = MESSAGES["Request"](service_name="taskqueue", method=method, request=inner)
    for raw in (body, envelope.SerializeToString()):
        response = MESSAGES["Response"].FromString(runner.run(call.post(raw)))
        kinds = [response.HasField(kind) for kind in ("response", "application_error", "rpc_error")]
        assert sum(kinds) == 1
        assert not response.HasField("rpc_error") or response.rpc_error.code != RpcErrorCode.UNKNOWN
        assert response.application_error.code != Result.INTERNAL_ERROR


@pytest.mark.parametrize("excess_bytes", [1, 100_000])
async def test_a_request_that_is_too_large(call: Calls, excess_bytes: int) -> None:
    raw = bytes(LARGEST_REQUEST_BYTES + excess_bytes)
    assert (await refusal(call, "taskqueue", "BulkAdd", raw))[0] is RpcErrorCode.REQUEST_TOO_LARGE


@pytest.mark.parametrize("deadline", ["60", "29.5", "4.9981", "", "soon", "nan", "inf", "-1", "0"])
async def test_deadlines_that_are_long_enough_or_none(call: Calls, deadline: str) -> None:
    assert await call.raw("logservice", "Flush", b"", **{DEADLINE: deadline}) == b""


async def test_other_services(call: Calls) -> None:
    assert await call.raw("logservice", "Flush", b"\x0a\x00") == b""
    request = MESSAGES["GetHostnameRequest"](module="worker", version="v1")
    raw = await call.raw("modules", "GetHostname", request.SerializeToString())
    assert MESSAGES["GetHostnameResponse"].FromString(raw).hostname == "v1.worker.local.appspot.com"


async def test_the_answer_is_one_message_of_known_length(node: ApiNode) -> None:
    async with aiohttp.ClientSession() as session, session.post(f"{node.http_url}/rpc_http", data=b"") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert int(answer.headers["Content-Length"]) == len(await answer.read())
        assert "Transfer-Encoding" not in answer.headers


async def test_remote_api(node: ApiNode) -> None:
    url = f"{node.http_url}/_ah/remote_api"
    async with aiohttp.ClientSession() as session:
        async with session.get(url, params={"rtok": "42"}, headers={"X-Appcfg-Api-Version": "1"}) as answer:
            assert await answer.text() == "{app_id: local, rtok: '42'}"
        assert await Calls(session, url).raw("logservice", "Flush", b"") == b""


async def test_calls_are_counted_by_method_and_result(call: Calls, node: ApiNode) -> None:
    await call.stats(b"q")
    with pytest.raises(ApplicationError):
        await call.lease()
    async with aiohttp.ClientSession() as session, session.get(f"{node.http_url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    assert 'headrace_api_calls_total{code="OK",method="taskqueue.FetchQueueStats"} 1.0' in lines
    assert 'headrace_api_calls_total{code="UNKNOWN_QUEUE",method="taskqueue.QueryAndOwnTasks"} 1.0' in lines


# Tickets

SHOP, CAFE = LocationName("shop", "europe-west1"), LocationName("cafe", "europe-west1")
TICKETS = Tickets(locations={"of-shop": SHOP, "of-cafe": CAFE}, admin=frozenset({"of-admin"}))


@pytest.mark.parametrize(
    ("tickets", "ticket", "project", "location"),
    [
        (TICKETS, "of-shop", "", SHOP),
        (TICKETS, "of-shop", "shop", SHOP),
        (TICKETS, "of-shop", "cafe", None),
        (TICKETS, "", "", TICKETS.default),
        (TICKETS, str(SHOP), "", TICKETS.default),
        (TICKETS, "", "shop", None),
        (TICKETS, "of-admin", "shop", SHOP),
        (TICKETS, "of-admin", "other", LocationName("other", "us-central1")),
        (Tickets(), "any", "", Tickets().default),
        (Tickets(), "any", "shop", LocationName("shop", "us-central1")),
        (Tickets(), str(SHOP), "", SHOP),
        (Tickets(), str(SHOP), "cafe", CAFE),
        (Tickets(), "", "no project!", None),
    ],
)
def test_where_a_ticket_leads(tickets: Tickets, ticket: str, project: str, location: LocationName | None) -> None:
    assert tickets.location(ticket, project) == location


@pytest.mark.parametrize("tickets", [TICKETS, Tickets()])
def test_the_ticket_of_a_location_leads_there(tickets: Tickets) -> None:
    assert tickets.location(tickets.ticket(SHOP)) == SHOP


async def test_an_app_id_names_the_project(call: Calls, store: Store) -> None:
    for app_id in ("s~shop", "shop", "dev~shop"):
        task = {**pull(queue="default"), "mode": 0, "url": b"/", "app_id": app_id.encode()}
        assert [result for result, _ in await call.add(task)] == [Result.OK]
    queues, _ = await store.queues.page(LocationName("shop", "us-central1"), page_size=10, after="")
    assert [queue.name.queue_id for queue in queues] == ["default"]
    with pytest.raises(ApplicationError) as refused:
        await call("PurgeQueue", queue_name=b"default", app_id=b"no project!")
    assert refused.value.code == Result.PERMISSION_DENIED


@pytest.mark.parametrize("busy", [False, True])
async def test_a_lease_that_is_late_leases_nothing(start_node: StartNode, busy: bool) -> None:
    """While Redis is stopped a short deadline gets the back-off error, a long one the tasks when it is back."""
    with closing(Server(BINARY)) as server:
        store = await Store.open(server.url, partitions=1)
        node = await start_node(Broker(store, Limits(), Metrics()))
        async with aiohttp.ClientSession() as session:
            call = Calls(session, f"{node.http_url}/rpc_http")
            await store.queues.create(queue(), max_queues=10)
            await call.add(pull("a"), pull("b"))
            request = MESSAGES["QueryAndOwnTasksRequest"](queue_name=b"q", lease_seconds=60, max_tasks=10)
            raw = request.SerializeToString()
            server.freeze()
            patient = asyncio.create_task(call.raw("taskqueue", "QueryAndOwnTasks", raw, **{DEADLINE: "10"}))
            if busy:
                asyncio.get_running_loop().call_later(0.3, time.sleep, 0.4)  # as both its deadlines pass
            with pytest.raises(ApplicationError) as late:
                await call.raw("taskqueue", "QueryAndOwnTasks", raw, **{DEADLINE: "0.5"})
            stats = MESSAGES["FetchQueueStatsRequest"](queue_name=[b"q"]).SerializeToString()
            with pytest.raises(TransportError, match=r"taskqueue\.FetchQueueStats took longer than 0\.2 s") as over:
                await call.raw("taskqueue", "FetchQueueStats", stats, **{DEADLINE: "0.2"})
            server.thaw()
            tasks = MESSAGES["QueryAndOwnTasksResponse"].FromString(await patient).task
        await start_node.stop()
        await store.close()
    assert late.value.code == Result.TRANSIENT_ERROR
    assert over.value.code == RpcErrorCode.DEADLINE_EXCEEDED
    assert [(task.task_name, task.retry_count) for task in tasks] == [(b"a", 1), (b"b", 1)]
