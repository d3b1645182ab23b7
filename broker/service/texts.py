"""Every error the use cases raise, one function per cause (Cloud Tasks specification, 4.3 and 4.4).

The wording is that of Google's service where it is known. Errors whose
text, code or existence no recording of the real service shows are in `our_texts`.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from broker.errors import Cause, Code, ErrorInfo, HeadraceError, HelpLink, LocalizedMessage
from broker.model.limits import Limits
from broker.model.names import LocationName, QueueName
from broker.service.wording import invalid, quoted

_REFERENCE = "https://cloud.google.com/tasks/docs/reference/rest/v2"
_QUEUE_NAME_HELP = HelpLink("Definition of queue name", f"{_REFERENCE}/projects.locations.queues#Queue.FIELDS.name")
_TASK_ID_HELP = HelpLink("Definition of task ID", f"{_REFERENCE}/projects.locations.queues.tasks#Task.FIELDS.name")
_CONSOLE_HELP = HelpLink("Google developers console", "https://console.developers.google.com")
_DEDUPLICATION_HELP = f"{_REFERENCE}/projects.locations.queues.tasks/create#body.request_body.FIELDS.task"

_PACIFIC = ZoneInfo("America/Los_Angeles")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# Names


def location_malformed(text: str) -> HeadraceError:
    """A parent that is not the name of a location: Google takes it for a foreign project."""
    parent = quoted(text)
    message = f"Permission denied on resource project {parent}."
    metadata = (
        ("consumer", f"projects/{parent}"),
        ("containerInfo", parent),
        ("service", "cloudtasks.googleapis.com"),
    )
    return HeadraceError(
        Code.PERMISSION_DENIED,
        message,
        ErrorInfo("CONSUMER_INVALID", "googleapis.com", metadata),
        LocalizedMessage("en-US", message),
        _CONSOLE_HELP,
    )


def queue_name_malformed() -> HeadraceError:
    """Text that is not the name of a queue."""
    return HeadraceError(
        Code.INVALID_ARGUMENT,
        'Queue name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>".',
        _QUEUE_NAME_HELP,
    )


def queue_name_elsewhere(name: QueueName, parent: str) -> HeadraceError:
    """A new queue whose name is not under the parent of the call."""
    return invalid(f"{name} must begin with {parent}.")


def task_name_malformed() -> HeadraceError:
    """Text that is not shaped like the name of a task."""
    return invalid(
        'Task name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>/tasks/<TASK_ID>"'
    )


def task_id_malformed(task_id: str) -> HeadraceError:
    """A task id with characters or a length that are not allowed. The missing "be" is Google's."""
    return HeadraceError(
        Code.INVALID_ARGUMENT,
        f'Task ID "{quoted(task_id)}" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens (-), '
        "or underscores (_). Task ID must between 1 and 500 characters.",
        _TASK_ID_HELP,
    )


def task_name_elsewhere(parent: QueueName, queue: QueueName) -> HeadraceError:
    """A new task whose name is under another queue than the parent of the call."""
    return invalid(
        f"The queue name from request ('{parent}') must be the same as the queue name in the named task ('{queue}')."
    )


# Queues


def queue_missing() -> HeadraceError:
    """A call, other than DeleteQueue, on a queue that is not there."""
    return HeadraceError(
        Code.NOT_FOUND,
        "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.",
        cause=Cause.QUEUE_MISSING,
    )


def queue_exists() -> HeadraceError:
    """CreateQueue for a name in use."""
    return HeadraceError(Code.ALREADY_EXISTS, "Queue already exists")


def queue_existed_recently() -> HeadraceError:
    """A new queue whose name belonged to one deleted too recently."""
    return HeadraceError(
        Code.FAILED_PRECONDITION,
        "The queue cannot be created because a queue with this name existed too recently.",
    )


def negative(field: str) -> HeadraceError:
    """A number or duration below zero. `field` is written RateLimits.maxDispatchesPerSecond.

    Recorded for rate, concurrency, maxDoublings and minBackoff; inferred for the others.
    """
    return invalid(f"{field} cannot be negative.")


def above(field: str, largest: float) -> HeadraceError:
    """A number above its limit."""
    return invalid(f"{field} must be less than or equal to {largest:.15g}.")


def burst_too_large(largest: int) -> HeadraceError:
    """A burst size above its limit."""
    return invalid(f"Maximum bucket size is {largest}.")


def max_attempts_too_small() -> HeadraceError:
    """Fewer attempts than -1, which stands for no limit."""
    return invalid("RetryConfig.maxAttempts must be greater or equal to -1.")


def backoffs_crossed() -> HeadraceError:
    """A smallest back-off above the largest."""
    return invalid("RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.")


# Tasks


def entity_missing() -> HeadraceError:
    """A call on a task of a queue that is not there; also DeleteQueue on such a queue."""
    return HeadraceError(Code.NOT_FOUND, "Requested entity was not found.")


def task_existed_recently() -> HeadraceError:
    """A named task that has finished or was deleted a short while ago. Recorded for GetTask alone."""
    return HeadraceError(
        Code.NOT_FOUND,
        "The task no longer exists, though a task with this name existed recently. The task either "
        "successfully completed or was deleted.",
        cause=Cause.TASK_TOMBSTONED,
    )


def task_exists() -> HeadraceError:
    """CreateTask with the name of a live task."""
    return HeadraceError(Code.ALREADY_EXISTS, "Requested entity already exists", cause=Cause.TASK_EXISTS)


def task_name_used_recently() -> HeadraceError:
    """CreateTask with the name of a task that finished or was deleted a short while ago."""
    return HeadraceError(
        Code.ALREADY_EXISTS,
        "The task cannot be created because a task with this name existed too recently. For more "
        f"information about task de-duplication see {_DEDUPLICATION_HELP}.",
        cause=Cause.TASK_TOMBSTONED,
    )


def url_missing() -> HeadraceError:
    """An HTTP task without a URL."""
    return invalid("HttpRequest.url is required.")


def url_scheme() -> HeadraceError:
    """A URL that is neither http nor https. That it says HttpTarget is Google's."""
    return invalid("HttpTarget.url must start with 'http://' or 'https://'.")


def dispatch_deadline_range(longest: str) -> HeadraceError:
    """A dispatch deadline that is too short or too long; the longest is 30m, or 24h15s for App Engine."""
    return invalid(f"Task.dispatchDeadline must be between [15s, {longest}].")


def schedule_too_far(schedule_us: int, limits: Limits) -> HeadraceError:
    """A schedule time beyond the horizon; shown, as Google does, in Pacific local time."""
    shown = (_EPOCH + timedelta(microseconds=schedule_us)).astimezone(_PACIFIC).isoformat()
    return invalid(
        f"The Task.scheduleTime, {shown}, is too far in the future. Schedule time must be no more than "
        f"{limits.schedule_horizon_s / 3600:.15g}h in the future.",
        Cause.SCHEDULE_TOO_FAR,
    )


def task_too_large() -> HeadraceError:
    """A task above the size limit."""
    return invalid("Task size too large", Cause.TASK_TOO_LARGE)


def token_without_account() -> HeadraceError:
    """A token that names no service account."""
    return invalid("service_account_email must be set.")


# Quotas


def quota_exceeded(name: str, cap: int, location: LocationName) -> HeadraceError:
    """More calls in a minute than a quota allows. The sentence is that of all Google APIs, the metric is ours."""
    metric, limit = name.removesuffix("_per_minute"), name
    consumer = f"project_number:{location.project}"
    metadata = (
        ("service", "cloudtasks.googleapis.com"),
        ("consumer", f"projects/{location.project}"),
        ("quota_metric", f"cloudtasks.googleapis.com/{metric}"),
        ("quota_limit", limit),
        ("quota_limit_value", str(cap)),
        ("quota_location", location.location),
    )
    return HeadraceError(
        Code.RESOURCE_EXHAUSTED,
        f"Quota exceeded for quota metric '{metric}' and limit '{limit}' of service 'cloudtasks.googleapis.com' "
        f"for consumer '{consumer}'.",
        ErrorInfo("RATE_LIMIT_EXCEEDED", "googleapis.com", metadata),
    )
