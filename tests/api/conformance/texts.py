"""Error texts and details that many rows share, word for word."""

from typing import Any

QUEUE_MISSING = (
    "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."
)
ENTITY_MISSING = "Requested entity was not found."
TASK_GONE = (
    "The task no longer exists, though a task with this name existed recently. The task either "
    "successfully completed or was deleted."
)
QUEUE_NAME_FORM = 'Queue name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>".'
TASK_NAME_FORM = (
    'Task name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>/tasks/<TASK_ID>"'
)

_REFERENCE = "https://cloud.google.com/tasks/docs/reference/rest/v2"


def help_link(description: str, url: str) -> dict[str, Any]:
    """google.rpc.Help with one link."""
    return {"@type": "type.googleapis.com/google.rpc.Help", "links": [{"description": description, "url": url}]}


def bad_request(field: str, description: str) -> dict[str, Any]:
    """google.rpc.BadRequest with one violation."""
    violation = {"description": description} | ({"field": field} if field else {})
    return {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}


QUEUE_NAME_HELP = help_link("Definition of queue name", f"{_REFERENCE}/projects.locations.queues#Queue.FIELDS.name")
TASK_ID_HELP = help_link("Definition of task ID", f"{_REFERENCE}/projects.locations.queues.tasks#Task.FIELDS.name")


def bad_task_id(task_id: str) -> str:
    """What is said of a task id with other characters or another length than allowed."""
    return (
        f'Task ID "{task_id}" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens (-), or underscores (_). '
        "Task ID must between 1 and 500 characters."
    )


def location_denied(parent: str) -> tuple[str, list[dict[str, Any]]]:
    """The text and details for a parent that is no location."""
    text = f"Permission denied on resource project {parent}."
    metadata = {"consumer": f"projects/{parent}", "containerInfo": parent, "service": "cloudtasks.googleapis.com"}
    return text, [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "CONSUMER_INVALID",
            "domain": "googleapis.com",
            "metadata": metadata,
        },
        {"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": text},
        help_link("Google developers console", "https://console.developers.google.com"),
    ]
