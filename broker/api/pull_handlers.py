"""The calls of v2beta2 that lease the tasks of pull queues: message -> service -> message, nothing else."""

from typing import Any

from google.protobuf import empty_pb2

from broker.api.convert_v2beta2 import leased_tasks_message
from broker.api.deadline import remaining_s
from broker.api.enums import read_view
from broker.api.handlers import CloudTasks
from broker.api.moments import read_duration_us, read_timestamp_us
from broker.service import pull
from broker.service.broker import Broker
from broker.service.lease_rules import lease_duration_us, proof_of_lease, tag_filter, tasks_wanted


class PullTasks(CloudTasks):
    """All calls of CloudTasks, those on the leases of pull tasks among them."""

    async def lease_tasks(self, broker: Broker, request: Any) -> Any:
        """LeaseTasks."""
        tasks = await pull.lease_tasks(
            broker,
            request.parent,
            max_tasks=tasks_wanted(request.max_tasks),
            lease_us=_lease_us(request),
            tags=tag_filter(request.filter),
            view=read_view(request),
            deadline_s=remaining_s(),
            require_running=True,
            refuse_when_capped=True,
        )
        return leased_tasks_message(tasks)

    async def acknowledge_task(self, broker: Broker, request: Any) -> Any:
        """AcknowledgeTask."""
        await pull.acknowledge_task(broker, request.name, _schedule_us(request))
        return empty_pb2.Empty()

    async def renew_lease(self, broker: Broker, request: Any) -> Any:
        """RenewLease."""
        renewed = await pull.renew_lease(
            broker,
            request.name,
            _schedule_us(request),
            _lease_us(request),
            view=read_view(request),
            late_ok=True,
        )
        return self._convert.task_message(renewed)

    async def cancel_lease(self, broker: Broker, request: Any) -> Any:
        """CancelLease."""
        cancelled = await pull.cancel_lease(broker, request.name, _schedule_us(request), view=read_view(request))
        return self._convert.task_message(cancelled)


def _lease_us(request: Any) -> int:
    return lease_duration_us(read_duration_us(request, "lease_duration", "lease_duration"))


def _schedule_us(request: Any) -> int:
    return proof_of_lease(read_timestamp_us(request, "schedule_time", "schedule_time"))
