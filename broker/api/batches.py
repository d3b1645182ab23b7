"""The batch calls of google.cloud.tasks.V.CloudTasks (Cloud Tasks specification, 3.10)."""

from types import ModuleType
from typing import Any

from broker.api.converter import Converter
from broker.api.enums import read_view
from broker.api.operations import batch_operation, run_once
from broker.api.own_messages import message_class
from broker.model.names import OperationName
from broker.service import batches
from broker.service.broker import Broker


class BatchCalls:
    """The calls in one version."""

    def __init__(self, types: ModuleType, convert: Converter) -> None:
        self._convert = convert
        self._response = message_class(types, "BatchCreateTasksResponse")
        self._created = message_class(types, "BatchCreateTasksMetadata")
        self._deleted = message_class(types, "BatchDeleteTasksMetadata")

    async def create(self, broker: Broker, request: Any) -> Any:
        """BatchCreateTasks."""

        async def perform(name: OperationName) -> Any:
            creations = [self._creation(each) for each in request.requests]
            outcome = await batches.create_tasks(broker, name, request.parent, creations, request.ByteSize())
            response = self._response(tasks=map(self._convert.task_message, outcome.answers))
            return batch_operation(name, outcome, self._created, response)

        return await run_once(broker, request, perform)

    async def delete(self, broker: Broker, request: Any) -> Any:
        """BatchDeleteTasks."""

        async def perform(name: OperationName) -> Any:
            outcome = await batches.delete_tasks(broker, name, request.parent, request.names)
            return batch_operation(name, outcome, self._deleted)

        return await run_once(broker, request, perform)

    def _creation(self, request: Any) -> batches.Creation:
        return batches.Creation(request.parent, self._convert.read_task(request.task), read_view(request))
