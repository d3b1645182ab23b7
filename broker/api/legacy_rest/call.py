"""One call of the legacy REST API, taken apart (5.1)."""

from dataclasses import dataclass

from broker.api.json_scalars import shown
from broker.api.legacy_rest.faults import invalid
from broker.api.legacy_rest.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Call:
    """What a request says: where, which parameters, which body."""

    project: str
    """Without the prefix that tells App Engine's partition, as in s~project."""
    location: str
    queue_id: str
    task_id: str
    parameters: Parameters
    body: bytes

    @property
    def queue(self) -> str:
        """The queue's full resource name."""
        return f"projects/{self.project}/locations/{self.location}/queues/{self.queue_id}"

    @property
    def task(self) -> str:
        """The task's full resource name."""
        return self.task_named(self.task_id)

    @property
    def legacy_queue(self) -> str:
        """The queue's name as answers to lease have it."""
        return f"projects/{self.project}/taskqueues/{self.queue_id}"

    def task_named(self, task_id: str) -> str:
        """The full resource name of one of the queue's tasks; empty for an empty id."""
        return f"{self.queue}/tasks/{task_id}" if task_id else ""

    def check_queue(self, name: str) -> None:
        """Raises INVALID_ARGUMENT for a name, short or long, of another queue than that of the path."""
        project, separator, queue_id = name.removeprefix("projects/").rpartition("/taskqueues/")
        same_project = not separator or without_partition(project) == self.project
        if queue_id != self.queue_id or not same_project:
            raise invalid(f"queueName {shown(name)} is not the queue of the path, {self.queue_id}.")

    def check_id(self, task_id: str) -> None:
        """Raises INVALID_ARGUMENT for another task id than that of the path."""
        if task_id != self.task_id:
            raise invalid(f"id {shown(task_id)} is not the task of the path, {self.task_id}.")


def without_partition(project: str) -> str:
    """The project that a path means: s~project, e~project and so on are the same one."""
    return project.rpartition("~")[2]
