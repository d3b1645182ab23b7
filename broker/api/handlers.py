"""The calls of google.cloud.tasks.V.CloudTasks: message -> draft -> service -> message, nothing else."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from google.iam.v1 import iam_policy_pb2
from google.protobuf import empty_pb2

from broker.api.batches import BatchCalls
from broker.api.convert_policies import policy_message, read_policy
from broker.api.converter import Converter
from broker.api.enums import read_view
from broker.api.filter_fields import MessageFields
from broker.api.http_body import headers_of
from broker.api.masks import ReadMask, read_update_mask, snake_paths
from broker.api.own_messages import message_class
from broker.model.queue import Queue
from broker.service import buffering, cmek, policies, queue_files, queues, tasks
from broker.service.broker import Broker
from broker.service.filter.evaluation import compile_filter


class CloudTasks:
    """The calls in one version. A method whose messages the version lacks is not reachable in it."""

    def __init__(self, types: ModuleType, convert: Converter) -> None:
        self._types, self._convert, self._batches = types, convert, BatchCalls(types, convert)
        self._queue_class = types.Queue.pb()
        self._filter_fields = MessageFields(self._queue_class, without=frozenset({"stats"}))
        self._queues_response, self._tasks_response = types.ListQueuesResponse.pb(), types.ListTasksResponse.pb()

    async def list_queues(self, broker: Broker, request: Any) -> Any:
        """ListQueues."""
        mask = ReadMask(request, self._queue_class)
        fits = compile_filter(request.filter, self._filter_fields)
        page, token = await queues.list_queues(
            broker,
            request.parent,
            page_size=request.page_size,
            page_token=request.page_token,
            filter_text=request.filter,
            matches=fits and (lambda queue: fits(self._message(queue))),
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

    async def get_iam_policy(self, broker: Broker, request: Any) -> Any:
        """GetIamPolicy."""
        version = request.options.requested_policy_version
        return policy_message(await policies.get_iam_policy(broker, request.resource, version=version))

    async def set_iam_policy(self, broker: Broker, request: Any) -> Any:
        """SetIamPolicy."""
        policy, mask = read_policy(request.policy), snake_paths(request.update_mask.paths)
        version = request.policy.version
        kept = await policies.set_iam_policy(broker, request.resource, policy, version=version, mask=mask)
        return policy_message(kept)

    async def test_iam_permissions(self, broker: Broker, request: Any) -> Any:
        """TestIamPermissions."""
        granted = await policies.test_iam_permissions(broker, request.resource, request.permissions)
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=granted)

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

    async def batch_create_tasks(self, broker: Broker, request: Any) -> Any:
        """BatchCreateTasks."""
        return await self._batches.create(broker, request)

    async def batch_delete_tasks(self, broker: Broker, request: Any) -> Any:
        """BatchDeleteTasks."""
        return await self._batches.delete(broker, request)

    async def buffer_task(self, broker: Broker, request: Any) -> Any:
        """BufferTask."""
        headers, data = headers_of(request.body), request.body.data
        task = await buffering.buffer_task(broker, request.queue, request.task_id, headers, data)
        return message_class(self._types, "BufferTaskResponse")(task=self._convert.task_message(task))

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
        return message_class(self._types, "CmekConfig")(name=name, kms_key=kms_key)

    async def _shown(self, broker: Broker, page: Sequence[Queue], mask: ReadMask) -> list[Any]:
        """Messages of what a read mask leaves of queues."""
        stats = await queues.queue_stats(broker, page) if mask.wants_stats else [None] * len(page)
        return [mask.applied(self._convert.queue_message(*each)) for each in zip(page, stats, strict=True)]
