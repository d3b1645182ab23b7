"""A pull task in the hands of a worker."""

from typing import NamedTuple

from broker.model.names import QueueName, TaskName
from broker.model.retry import RetryConfig
from broker.model.task import Attempt, PullMessage, Task, View


class LeasedTask(NamedTuple):
    """What a lease hands out. Times in microseconds.

    A tuple because a thousand are made in one call; `task` makes the usual form of it.
    """

    queue: QueueName
    task_id: str
    view: View
    body: bytes
    """Empty in a BASIC view."""
    tag: bytes
    create_us: int
    schedule_us: int
    """The end of the lease, which proves it."""
    dispatch_count: int
    """How often the task was leased, this time included."""
    first_dispatch_us: int
    last_schedule_us: int
    """From when it could be leased this time."""
    last_dispatch_us: int
    retry_config: RetryConfig | None

    @property
    def name(self) -> TaskName:
        """Its full name."""
        return TaskName(self.queue, self.task_id)

    def task(self) -> Task:
        """The same as a task."""
        return Task(
            name=self.name,
            request=PullMessage(self.body, self.tag),
            schedule_us=self.schedule_us,
            create_us=self.create_us,
            dispatch_deadline_us=None,
            dispatch_count=self.dispatch_count,
            first_attempt=Attempt(self.first_dispatch_us),
            last_attempt=Attempt(self.last_dispatch_us, self.last_schedule_us),
            retry_config=self.retry_config,
            view=self.view,
        )
