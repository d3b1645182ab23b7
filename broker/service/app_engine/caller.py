"""Who makes a call of the App Engine API, and the queues it can reach (App Engine specification, 1.6 and 2.10)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from broker.errors import Cause, HeadraceError
from broker.model.names import LocationName, QueueName
from broker.model.queue import Queue
from broker.service.app_engine.errors import Result, TaskQueueError
from broker.service.broker import Broker
from broker.service.queue_file.entry import QueueEntry, created
from broker.store.outcomes import QueueExists, QueueMissing

_DEFAULT = QueueEntry("default", rate=5.0, bucket_size=5)
"""The queue that is made when it is first used."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Caller:
    """One call: the node that answers it, its ticket, and until when its sender waits (s, event loop's clock)."""

    broker: Broker
    ticket: str
    until_s: float

    @property
    def remaining_s(self) -> float:
        """How long the sender still waits (s); negative once it does not."""
        return self.until_s - asyncio.get_running_loop().time()

    def location(self, app_id: str = "") -> LocationName:
        """Where the call's queues are; an app id may have a partition, as in s~project. Raises PERMISSION_DENIED."""
        project = app_id.rpartition("~")[2]
        location = self.broker.tickets.location(self.ticket, project)
        if location is None:
            raise TaskQueueError(Result.PERMISSION_DENIED, f"The ticket of this call does not reach {project!r}.")
        return location

    def require_admin(self) -> None:
        """Raises PERMISSION_DENIED unless queues can be managed with the call's ticket."""
        if not self.broker.tickets.is_admin(self.ticket):
            raise TaskQueueError(
                Result.PERMISSION_DENIED, "This call needs an admin ticket: see the setting app_engine_admin_tickets."
            )

    def queue_name(self, queue_id: str, app_id: str = "") -> QueueName:
        """The full name of a queue. Raises INVALID_QUEUE_NAME, PERMISSION_DENIED."""
        name = QueueName.parse(f"{self.location(app_id)}/queues/{queue_id}")
        if name is None:
            raise TaskQueueError(
                Result.INVALID_QUEUE_NAME, "A queue's name must have 1 to 100 letters, digits and hyphens."
            )
        return name

    async def queue(self, queue_id: str, app_id: str = "") -> Queue:
        """The queue of that name; `default` is made when it is first used.

        Raises INVALID_QUEUE_NAME, UNKNOWN_QUEUE, TOMBSTONED_QUEUE, PERMISSION_DENIED.
        """
        name = self.queue_name(queue_id, app_id)
        store = self.broker.store.queues
        while True:  # goes round only if another caller makes, or deletes, the queue at this moment
            with suppress(QueueMissing):
                return await store.get(name)
            if await store.is_tombstoned(name):
                raise TaskQueueError(Result.TOMBSTONED_QUEUE, f"The queue {queue_id} was deleted lately.")
            if queue_id != _DEFAULT.queue_id:
                raise TaskQueueError(Result.UNKNOWN_QUEUE, f"There is no queue {queue_id} in {name.parent}.")
            with suppress(QueueExists):
                queue = created(name.parent, _DEFAULT, self.broker.limits)
                return await store.create(queue, max_queues=self.broker.limits.queues_per_location)

    async def on_queue(self, queue_id: str, use: Callable[[QueueName], Awaitable[Answer]], app_id: str = "") -> Answer:
        """What `use` makes of a queue. That it is there is looked up only if `use` did not find it.

        Raises as `queue` does.
        """
        name = self.queue_name(queue_id, app_id)
        try:
            return await use(name)
        except HeadraceError as error:
            if error.cause is not Cause.QUEUE_MISSING:
                raise
        await self.queue(queue_id, app_id)
        return await use(name)
