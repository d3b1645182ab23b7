"""The errors of pull queues and leases. All wording is our own: no recording of the real service shows one, [I]."""

from broker.errors import Cause, Code, HeadraceError
from broker.model.task import NewTask, PullMessage
from broker.service.wording import invalid


def push_queue() -> HeadraceError:
    """A call on leases, on a queue that has none."""
    return HeadraceError(
        Code.FAILED_PRECONDITION,
        "The queue dispatches its tasks itself: only those of a pull queue can be leased.",
        cause=Cause.QUEUE_MODE,
    )


def pull_task_run() -> HeadraceError:
    """RunTask on a task that nobody dispatches."""
    return HeadraceError(
        Code.FAILED_PRECONDITION,
        "A task of a pull queue cannot be run: a worker leases it.",
        cause=Cause.QUEUE_MODE,
    )


def wrong_task_kind(task: NewTask) -> HeadraceError:
    """A pull task for a push queue, or the reverse."""
    if isinstance(task.request, PullMessage):
        return invalid(
            "Task.pullMessage cannot be set in a push queue: set a request, or use a pull queue.", Cause.QUEUE_MODE
        )
    return invalid("Task.pullMessage must be set in a pull queue, and no request.", Cause.QUEUE_MODE)


def queue_paused() -> HeadraceError:
    """A lease, or a change of one, in a queue that is paused or disabled."""
    return HeadraceError(
        Code.FAILED_PRECONDITION, "The queue is paused or disabled. Resume it first.", cause=Cause.QUEUE_PAUSED
    )


def task_missing() -> HeadraceError:
    """A task that never was."""
    return HeadraceError(Code.NOT_FOUND, "Requested entity was not found.", cause=Cause.TASK_MISSING)


def lease_expired() -> HeadraceError:
    """A schedule time that does not prove a lease, or a lease that is over."""
    return HeadraceError(
        Code.FAILED_PRECONDITION,
        "The task lease has expired: the schedule time is not the task's present one, or it is past.",
        cause=Cause.LEASE_EXPIRED,
    )


def leases_capped(cap: int) -> HeadraceError:
    """More lease calls within a second than the queue takes."""
    return HeadraceError(
        Code.RESOURCE_EXHAUSTED,
        f"The queue takes {cap} lease calls a second. Lease more tasks with each call, or raise leases_per_second.",
        cause=Cause.LEASE_CAPPED,
    )


def lease_late() -> HeadraceError:
    """A lease call that could not be made in the time that its caller gives it."""
    return HeadraceError(
        Code.UNAVAILABLE,
        "The lease call could not run within its deadline, and nothing was leased: back off, or give it more time.",
        cause=Cause.LEASE_LATE,
    )


def max_tasks_range(largest: int) -> HeadraceError:
    """A number of tasks to lease that is out of range."""
    return invalid(f"max_tasks must be between 1 and {largest}.", Cause.LEASE_ARGUMENT)


def lease_range(largest_s: int) -> HeadraceError:
    """A lease that is too long, or shorter than nothing."""
    return invalid(f"lease_duration must be between 0s and {largest_s}s.", Cause.LEASE_ARGUMENT)


def tag_too_long(largest: int, unit: str) -> HeadraceError:
    """A tag above its length limit."""
    return invalid(f"The tag of a pull task must have at most {largest} {unit}.", Cause.TAG_TOO_LONG)


def pull_target(field: str) -> HeadraceError:
    """Where requests go, of a queue that makes none."""
    return invalid(f"{field} cannot be set for a pull queue.")
