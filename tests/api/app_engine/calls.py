"""Calls of POST /rpc_http, in our own messages, which `test_messages.py` holds against those of the SDK."""

import io
from typing import Any

import aiohttp

from broker.api.app_engine.admin_methods import ADMIN_METHODS
from broker.api.app_engine.messages import MESSAGES
from broker.api.app_engine.methods import METHODS
from broker.model.names import QueueName
from broker.model.queue import Queue, QueueKind
from broker.model.retry import UNLIMITED_ATTEMPTS, RetryConfig
from broker.model.tickets import DEFAULT_LOCATION

REQUESTS = {
    method: row.request for (service, method), row in (METHODS | ADMIN_METHODS).items() if service == "taskqueue"
}
PULL = 1


class ApplicationError(Exception):
    """The service refused the call."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail


class TransportError(Exception):
    """The call could not be made."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail


class Calls:
    """`await call("Delete", queue_name=b"q", task_name=[b"t"])` answers the response message."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    async def __call__(self, method: str, *, ticket: str = "", **fields: Any) -> Any:
        name = REQUESTS[method]
        request = MESSAGES[name](**fields)
        raw = await self.raw("taskqueue", method, request.SerializePartialToString(), ticket=ticket)
        answer = name.replace("Request", "Response")
        return MESSAGES.get(answer, MESSAGES["Empty"]).FromString(raw)

    async def raw(self, service: str, method: str, request: bytes, *, ticket: str = "", **headers: str) -> bytes:
        """The answer's bytes. Raises ApplicationError, TransportError."""
        envelope = MESSAGES["Request"](service_name=service, method=method, request=request, request_id=ticket)
        response = MESSAGES["Response"].FromString(await self.post(envelope.SerializeToString(), **headers))
        if response.HasField("application_error"):
            raise ApplicationError(response.application_error.code, response.application_error.detail)
        if response.HasField("rpc_error"):
            raise TransportError(response.rpc_error.code, response.rpc_error.detail)
        assert response.HasField("response")
        return bytes(response.response)

    async def post(self, body: bytes, **headers: str) -> bytes:
        """The body of the answer, whose status is 200."""
        async with self._session.post(self._url, data=io.BytesIO(body), headers=headers) as answer:
            assert answer.status == 200
            assert answer.content_type == "application/octet-stream"
            return await answer.read()

    async def add(self, *tasks: dict[str, Any]) -> list[tuple[int, bytes]]:
        """BulkAdd: result and chosen name of each."""
        response = await self("BulkAdd", add_request=list(tasks))
        return [(each.result, each.chosen_task_name) for each in response.taskresult]

    async def lease(self, queue: bytes = b"q", *, seconds: float = 10, most: int = 10, **fields: Any) -> list[Any]:
        """QueryAndOwnTasks: the tasks."""
        request = {"queue_name": queue, "lease_seconds": seconds, "max_tasks": most}
        return list((await self("QueryAndOwnTasks", **request, **fields)).task)

    async def names(self, *arguments: Any, **fields: Any) -> list[str]:
        """The names of the tasks that a lease hands out."""
        return [task.task_name.decode() for task in await self.lease(*arguments, **fields)]

    async def stats(self, *queues: bytes) -> list[tuple[int, int, bool]]:
        """FetchQueueStats: tasks, oldest ETA (us), and whether there is more, of each queue."""
        response = await self("FetchQueueStats", queue_name=list(queues))
        return [(each.num_tasks, each.oldest_eta_usec, each.HasField("scanner_info")) for each in response.queuestats]


def pull(name: str = "", eta_us: int = 0, *, queue: str = "q", **fields: Any) -> dict[str, Any]:
    """A pull task to add."""
    return {
        "queue_name": queue.encode(),
        "task_name": name.encode(),
        "eta_usec": eta_us,
        "mode": PULL,
        "body": b"",
        **fields,
    }


def push(name: str = "", eta_us: int = 0, *, queue: str = "default", **fields: Any) -> dict[str, Any]:
    """A push task to add."""
    return {
        "queue_name": queue.encode(),
        "task_name": name.encode(),
        "eta_usec": eta_us,
        "url": b"/work",
        **fields,
    }


def queue(queue_id: str = "q", **changes: Any) -> Queue:
    """A pull queue of the default project without limits, unless `changes` (fields of Queue) say otherwise."""
    fields = {"kind": QueueKind.PULL, "retry_config": RetryConfig(max_attempts=UNLIMITED_ATTEMPTS)}
    return Queue(QueueName(DEFAULT_LOCATION.project, DEFAULT_LOCATION.location, queue_id), **fields | changes)
