"""The calls of google.cloud.tasks.V.CloudTasks: message -> draft -> service -> message, nothing else."""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, Protocol

from google.protobuf import empty_pb2

from broker.api.enums import read_view
from broker.api.masks import ReadMask, read_update_mask, snake_paths
from broker.model.queue import Queue, QueueStats
from broker.model.task import Task
from broker.service import cmek, queue_files, queues, tasks
from broker.service.broker import Broker
from broker.service.drafts import QueueDraft, TaskDraft


class Converter(Protocol):
    """What differs between the versions: the messages of queues and tasks. Modules `convert_v2` and so on."""

    QUEUE_PATHS: Mapping[str, str]

    def read_queue(self, queue: Any) -> QueueDraft:
        """What a caller wants a queue to be."""

    def read_task(self, task: Any) -> TaskDraft:
        """What a caller wants a task to be."""

    def queue_message(self, queue: Queue, stats: QueueStats | None, /) -> Any:
        """A queue as callers see it."""

    def task_message(self, task: Task) -> Any:
        """A task as callers see it."""


class CloudTasks:
    """The calls in one version. A method whose messages the version lacks is not reachable in it."""

    def __init__(self, types: ModuleType, convert: Converter) -> None:
        self._types, self._convert = types, convert
        self._queue_class = types.Queue.pb()
        self._queues_response, self._tasks_response = types.ListQueuesResponse.pb(), types.ListTasksResponse.pb()

    async def list_queues(self, broker: Broker, request: Any) -> Any:
        """ListQueues."""
        mask = ReadMask(request, self._queue_class)
        page, token = await queues.list_queues(
            broker,
            request.parent,
            page_size=request.page_size,
            page_token=request.page_token,
            filter_text=request.filter,
        )
        shown = await self._shown(broker, page, mask)
        return self._queues_response(queues=shown, next_page_token=token)

    async def get_queue(self, broker: Broker, request: Any) -> Any:
        """GetQueue."""
        mask = ReadMask(request, self._queue_class)
        (shown,) = await self._shown(broker, [await queues.get_queue(broker, request.name)], mask)
        return shown

    async def create_queue(self, broker: Broker, request: Any) -> Any:
        """CreateQueue."""
        draft = self._convert.read_queue(request.queue)
        return self._message(await queues.create_queue(broker, request.parent, draft))

    async def update_queue(self, broker: Broker, request: Any) -> Any:
        """UpdateQueue."""
        draft = self._convert.read_queue(request.queue)
        mask = read_update_mask(request, self._convert.QUEUE_PATHS)
        return self._message(await queues.update_queue(broker, draft, mask))

    async def delete_queue(self, broker: Broker, request: Any) -> Any:
        """DeleteQueue."""
        await queues.delete_queue(broker, request.name)
        return empty_pb2.Empty()

    async def purge_queue(self, broker: Broker, request: Any) -> Any:
        """PurgeQueue."""
        return self._message(await queues.purge_queue(broker, request.name))

    async def pause_queue(self, broker: Broker, request: Any) -> Any:
        """PauseQueue."""
        return self._message(await queues.pause_queue(broker, request.name))

    async def resume_queue(self, broker: Broker, request: Any) -> Any:
        """ResumeQueue."""
        return self._message(await queues.resume_queue(broker, request.name))

    async def list_tasks(self, broker: Broker, request: Any) -> Any:
        """ListTasks."""
        page, token = await tasks.list_tasks(
            broker,
            request.parent,
            read_view(request),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return self._tasks_response(tasks=map(self._convert.task_message, page), next_page_token=token)

    async def get_task(self, broker: Broker, request: Any) -> Any:
        """GetTask."""
        return self._convert.task_message(await tasks.get_task(broker, request.name, read_view(request)))

    async def create_task(self, broker: Broker, request: Any) -> Any:
        """CreateTask."""
        draft, view = self._convert.read_task(request.task), read_view(request)
        return self._convert.task_message(await tasks.create_task(broker, request.parent, draft, view))

    async def delete_task(self, broker: Broker, request: Any) -> Any:
        """DeleteTask."""
        await tasks.delete_task(broker, request.name)
        return empty_pb2.Empty()

    async def run_task(self, broker: Broker, request: Any) -> Any:
        """RunTask."""
        return self._convert.task_message(await tasks.run_task(broker, request.name, read_view(request)))

    async def get_cmek_config(self, broker: Broker, request: Any) -> Any:
        """GetCmekConfig."""
        return self._cmek_message(request.name, await cmek.get_cmek_config(broker, request.name))

    async def update_cmek_config(self, broker: Broker, request: Any) -> Any:
        """UpdateCmekConfig."""
        name, mask = request.cmek_config.name, snake_paths(request.update_mask.paths)
        return self._cmek_message(name, await cmek.update_cmek_config(broker, name, request.cmek_config.kms_key, mask))

    async def upload_queue_yaml(self, broker: Broker, request: Any) -> Any:
        """UploadQueueYaml. The app, and with it its queues, is in the location of the node's settings."""
        parent = f"projects/{request.app_id}/locations/{broker.location}"
        await queue_files.upload_queue_yaml(broker, parent, request.http_body.data)
        return empty_pb2.Empty()

    def _message(self, queue: Queue) -> Any:
        return self._convert.queue_message(queue, None)

    def _cmek_message(self, name: str, kms_key: str) -> Any:
        return self._types.CmekConfig.pb()(name=name, kms_key=kms_key)

    async def _shown(self, broker: Broker, page: Sequence[Queue], mask: ReadMask) -> list[Any]:
        """Messages of what a read mask leaves of queues."""
        stats = await queues.queue_stats(broker, page) if mask.wants_stats else [None] * len(page)
        return [mask.applied(self._convert.queue_message(*each)) for each in zip(page, stats, strict=True)]
