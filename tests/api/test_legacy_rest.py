"""The legacy REST API on a whole node: google-api-python-client in a process of its own, and raw requests."""

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp
import pytest
from yarl import URL

from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.queue import Acl, Queue, QueueKind
from broker.model.retry import RetryConfig
from broker.service.broker import Broker
from tests.api.conftest import StartNode
from tests.api.programs import run
from tests.support.waiting import eventually_async

if TYPE_CHECKING:
    from broker.api.node import ApiNode
    from broker.store.store import Store

ACL = Acl(("a@example.com",), ("b@example.com",))
pytestmark = pytest.mark.usefixtures("queues")


def name(queue_id: str) -> QueueName:
    return QueueName("local", "us-central1", queue_id)


@pytest.fixture
def queues(runner: asyncio.Runner, store: "Store") -> None:
    """A pull queue, one that has a limit, one that is a push queue."""
    for queue in (
        Queue(name("pull"), kind=QueueKind.PULL, retry_config=RetryConfig(max_attempts=-1)),
        Queue(name("limited"), kind=QueueKind.PULL, retry_config=RetryConfig(max_attempts=2), acl=ACL),
        Queue(name("push")),
    ):
        runner.run(store.queues.create(queue, max_queues=10))


@dataclass(frozen=True)
class Answer:
    """What a request was answered with."""

    status: int
    content_type: str
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class Raw:
    """Requests below the queue `pull`, as they are."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, f"{url}/taskqueue/v1beta2/projects"

    async def __call__(self, verb: str, path: str, body: Any = None, **options: Any) -> Answer:
        """The path is that of a queue's tasks if it does not begin with a slash."""
        path = path if path.startswith("/") else f"/local/taskqueues/pull/tasks/{path}".rstrip("/")
        query = "?" + urlencode(options.pop("params", {}))
        url = URL(self._url + path + query, encoded=True)
        content = {} if body is None else {"json": body}
        async with self._session.request(verb, url, **content, **options) as answer:
            return Answer(answer.status, answer.headers.get("Content-Type", ""), await answer.text())


@pytest.fixture
def raw(runner: asyncio.Runner, node: "ApiNode") -> Iterator[Raw]:
    async def start() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    session = runner.run(start())
    yield Raw(session, node.http_url)
    runner.run(session.close())


def payload(data: bytes) -> dict[str, str]:
    return {"payloadBase64": base64.urlsafe_b64encode(data).decode()}


async def leased(raw: Raw, task_id: str, **fields: Any) -> dict[str, Any]:
    """A task of that name, leased."""
    await raw("POST", "", payload(b"x") | {"id": task_id, "leaseTimestamp": "1"} | fields)
    answer = await raw("POST", "lease", params={"leaseSecs": 60, "numTasks": 1})
    return answer.json()["items"][0]


async def test_the_official_client(node: "ApiNode") -> None:
    answers = await run("legacy_rest.py", "rest", node, "v1beta2")
    assert set(answers.pop("lease kinds")) == {"taskqueue#tasks"}
    inserted = answers.pop("inserted")
    assert int(inserted.pop("enqueueTimestamp")) > 1_700_000_000_000_000
    first = {"kind": "taskqueues#task", "id": "a", "queueName": "pull", "retry_count": 0}
    assert inserted == first | {"leaseTimestamp": "1000000", "payloadBase64": "Zmlyc3Q=", "tag": "oldest"}
    (by_tag,) = answers.pop("by tag")
    assert (by_tag["id"], by_tag["queueName"], by_tag["retry_count"]) == ("b", "projects/local/taskqueues/pull", 1)
    for stale in ("stale update", "over"):
        assert answers.pop(stale) == [400, "The task lease has expired"]
    for missing in ("gone", "unknown"):
        assert answers.pop(missing)[0] == 404
    stats = answers["queue"].pop("stats")
    assert (stats["totalTasks"], stats["leasedLastMinute"], stats["leasedLastHour"]) == (3, "4", "4")
    queue = {"kind": "taskqueues#taskqueue", "id": "pull"}
    assert answers == {
        "empty list": {"kind": "taskqueues#tasks"},
        "empty lease": [],
        "chosen id": 20,
        "updated": True,
        "oldest group": ["a", "c"],
        "nothing left": [],
        "patched": ["b", True, "newest"],
        "again": [["b", 2]],
        "got": {"id": "b", "payloadBase64": "c2Vjb25k", "retry_count": 2, "queueName": "pull"},
        "listed": [[["id"]] * 4, 4],
        "deleted": ["", ""],
        "oldest task": True,
        "queue": queue,
        "plain queue": queue,
    }


@pytest.mark.parametrize("project", ["local", "s~local", "e~local", "p~local", "b~local", "s%7Elocal"])
async def test_partitions_of_projects(raw: Raw, project: str) -> None:
    answer = await raw("GET", f"/{project}/taskqueues/limited")
    shown_acl = {"consumerEmails": ["a@example.com"], "producerEmails": ["b@example.com"]}
    assert answer.content_type == "application/json; charset=UTF-8"
    assert answer.json() == {"kind": "taskqueues#taskqueue", "id": "limited", "maxLeases": 2, "acl": shown_acl}


async def test_a_lease_by_form_by_override_and_in_a_field_mask(raw: Raw) -> None:
    for task_id in "abc":
        await raw("POST", "", payload(b"x") | {"id": task_id, "leaseTimestamp": "1"})
    form = await raw("POST", "lease", data={"leaseSecs": "60", "numTasks": "1", "groupByTag": "false"})
    assert form.json()["items"][0]["id"] == "a"
    query = {"leaseSecs": 60, "numTasks": 1, "groupByTag": "true", "fields": "items(id,queueName)", "alt": "json"}
    masked = await raw("POST", "lease", {}, params=query | {"prettyPrint": "false"})
    assert masked.text == '{"items":[{"id":"b","queueName":"projects/local/taskqueues/pull"}]}\n'

    override = {"X-HTTP-Method-Override": "PATCH"}
    patched = await raw("POST", "b", {"queueName": "pull"}, params={"newLeaseSeconds": 0}, headers=override)
    assert (patched.status, patched.json()["id"]) == (200, "b")
    deleted = await raw("POST", "b", headers={"X-HTTP-Method-Override": "DELETE"})
    assert (deleted.status, deleted.text) == (200, "")


async def test_the_first_hundred_are_listed_by_lease_timestamp(raw: Raw) -> None:
    for number in range(105):
        await raw("POST", "", payload(b"x") | {"id": f"t{number}", "leaseTimestamp": str(1000 - number)})
    items = (await raw("GET", "")).json()["items"]
    assert [item["id"] for item in items] == [f"t{number}" for number in range(104, 4, -1)]
    assert "payloadBase64" not in items[0]


async def test_a_lease_answers_at_most_a_mebibyte(raw: Raw) -> None:
    for number in range(3):
        inserted = await raw("POST", "", payload(bytes(500_000)) | {"id": f"t{number}", "leaseTimestamp": number + 1})
        assert inserted.status == 200
    answer = await raw("POST", "lease", params={"leaseSecs": 60, "numTasks": 10})
    assert [item["id"] for item in answer.json()["items"]] == ["t0", "t1"]


async def test_over_the_cap_there_is_nothing(raw: Raw) -> None:
    for _ in range(30):
        await raw("POST", "", payload(b"x") | {"leaseTimestamp": "1"})
    calls = [raw("POST", "lease", params={"leaseSecs": 60, "numTasks": 1}) for _ in range(30)]
    answers = [answer.json() for answer in await asyncio.gather(*calls)]
    assert sum("items" in answer for answer in answers) == 10
    assert all(answer["kind"] == "taskqueue#tasks" for answer in answers)

    async def serves_again() -> bool:
        return "items" in (await raw("POST", "lease", params={"leaseSecs": 60, "numTasks": 1})).json()

    await eventually_async(serves_again)


UPDATE = {"newLeaseSeconds": 60}


@pytest.mark.parametrize(
    ("verb", "path", "query", "body", "status", "reason", "message"),
    [
        ("POST", "lease", {"numTasks": 1}, None, 400, "required", "leaseSecs"),
        ("POST", "lease", {"leaseSecs": 1}, None, 400, "required", "numTasks"),
        ("POST", "lease", {"leaseSecs": "x", "numTasks": 1}, None, 400, "invalid", "leaseSecs"),
        ("POST", "lease", {"leaseSecs": -1, "numTasks": 1}, None, 400, "invalid", ""),
        ("POST", "lease", {"leaseSecs": 604_801, "numTasks": 1}, None, 400, "invalid", "604800"),
        ("POST", "lease", {"leaseSecs": 1, "numTasks": 0}, None, 400, "invalid", "1000"),
        ("POST", "lease", {"leaseSecs": 1, "numTasks": 1001}, None, 400, "invalid", "1000"),
        ("POST", "lease", {"leaseSecs": 1, "numTasks": 1, "tag": "x"}, None, 400, "invalid", "groupByTag"),
        ("POST", "lease", {"leaseSecs": 1, "numTasks": 1, "tag": ""}, None, 400, "invalid", "groupByTag"),
        ("POST", "lease", {"leaseSecs": 1, "numTasks": 1, "groupByTag": "yes"}, None, 400, "invalid", "groupByTag"),
        ("POST", "lease", {"leaseSecs": 1, "numTasks": 1, "fields": "a("}, None, 400, "invalid", "fields"),
        ("POST", "", {}, {}, 400, "required", "payloadBase64"),
        ("POST", "", {}, {"payloadBase64": "a+b="}, 400, "invalid", "payloadBase64"),
        ("POST", "", {}, {"payloadBase64": 1}, 400, "invalid", "payloadBase64"),
        ("POST", "", {}, {"payloadBase64": "", "id": "a b"}, 400, "invalid", "a b"),
        ("POST", "", {}, {"payloadBase64": "", "tag": "x" * 501}, 400, "invalid", "tag"),
        ("POST", "", {}, {"payloadBase64": "", "tag": "\ud800"}, 400, "invalid", "tag"),
        ("POST", "", {}, {"payloadBase64": "", "queueName": "other"}, 400, "invalid", "queueName"),
        ("POST", "", {}, {"payloadBase64": "", "leaseTimestamp": "soon"}, 400, "invalid", "leaseTimestamp"),
        ("POST", "", {}, {"payloadBase64": "", "leaseTimestamp": "99999999999999999"}, 400, "invalid", "future"),
        ("POST", "", {}, [], 400, "invalid", "JSON object"),
        ("POST", "t", {}, {"id": "t", "leaseTimestamp": "1"}, 400, "required", "newLeaseSeconds"),
        ("POST", "t", UPDATE, {"leaseTimestamp": "1"}, 400, "required", "id"),
        ("POST", "t", UPDATE, {"id": "t"}, 400, "required", "leaseTimestamp"),
        ("POST", "t", UPDATE, {"id": "u", "leaseTimestamp": "1"}, 400, "invalid", "id"),
        ("POST", "t", UPDATE, {"id": "t", "queueName": "u", "leaseTimestamp": "1"}, 400, "invalid", "queueName"),
        ("POST", "t", UPDATE, {"id": "t", "leaseTimestamp": "1"}, 400, "invalid", "The task lease has expired"),
        ("POST", "none", UPDATE, {"id": "none", "leaseTimestamp": "1"}, 404, "notFound", ""),
        ("PATCH", "t", UPDATE, {}, 400, "required", "queueName"),
        ("PATCH", "t", UPDATE, {"queueName": "pull", "id": "u"}, 400, "invalid", "id"),
        ("PATCH", "t", {"newLeaseSeconds": 604_801}, {"queueName": "pull"}, 400, "invalid", "604800"),
        ("GET", "none", {}, None, 404, "notFound", ""),
        ("DELETE", "none", {}, None, 404, "notFound", ""),
        ("PUT", "t", {}, {}, 405, "invalid", "DELETE or GET or PATCH or POST"),
        ("GET", "/local/taskqueues/none", {}, None, 404, "notFound", "Queue does not exist"),
        ("GET", "/local/taskqueues/none/tasks", {}, None, 404, "notFound", "Queue does not exist"),
        ("GET", "/local/taskqueues/push", {}, None, 400, "invalid", "pull queue"),
        ("GET", "/local/taskqueues/push/tasks", {}, None, 400, "invalid", "pull queue"),
        ("POST", "/local/taskqueues/push/tasks", {}, {"payloadBase64": ""}, 400, "invalid", "pull queue"),
        ("GET", "/local/taskqueues/a_b", {}, None, 400, "invalid", "Queue name"),
        ("GET", "/local/elsewhere", {}, None, 404, "notFound", "not found on this server"),
    ],
)
async def test_refusals(
    raw: Raw, verb: str, path: str, query: Any, body: Any, status: int, reason: str, message: str
) -> None:
    await leased(raw, "t")
    answer = await raw(verb, path, body, params=query)
    assert answer.status == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == status
    (fault,) = error["errors"]
    assert fault == {"domain": "global", "reason": reason, "message": error["message"]}
    assert message in error["message"]


async def test_ids_that_are_taken(raw: Raw) -> None:
    for deleted in (False, True):
        if deleted:
            await raw("DELETE", "t")
        else:
            await raw("POST", "", payload(b"x") | {"id": "t"})
        answer = await raw("POST", "", payload(b"x") | {"id": "t"})
        assert (answer.status, answer.json()["error"]["message"]) == (400, "task name is invalid: item exists")


async def test_long_names_of_the_queue_are_accepted(raw: Raw) -> None:
    task = await leased(raw, "t", queueName="projects/s~local/taskqueues/pull")
    answer = await raw("POST", "t", task, params=UPDATE)
    assert (answer.status, answer.json()["queueName"]) == (200, "pull")


async def test_a_task_that_is_called_lease(raw: Raw) -> None:
    await leased(raw, "lease")
    assert (await raw("GET", "lease")).json()["id"] == "lease"
    answer = await raw("POST", "lease", params=UPDATE)
    assert answer.json()["error"]["message"] == "Required parameter: numTasks"


async def test_the_discovery_document(node: "ApiNode") -> None:
    url = f"{node.http_url}/discovery/v1/apis/taskqueue/v1beta2/rest"
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        document = await answer.json()
    assert document["rootUrl"] == f"{node.http_url}/"
    assert (document["servicePath"], document["revision"]) == ("taskqueue/v1beta2/projects/", "20130318")
    methods = [method["id"] for resource in document["resources"].values() for method in resource["methods"].values()]
    assert len(methods) == 8


async def test_a_node_that_takes_standard_base64(store: "Store", start_node: StartNode) -> None:
    other = await start_node(Broker(store, Limits(), Metrics(), legacy_standard_payloads=True))
    async with aiohttp.ClientSession() as session:
        inserted = await Raw(session, other.http_url)("POST", "", {"payloadBase64": "+/8="})
    assert inserted.json()["payloadBase64"] == "-_8="
