"""Every error the use cases raise, one function per cause (Cloud Tasks specification, 4.3 and 4.4).

The wording is that of Google's service where it is known. Below the line "our wording" stand the errors
whose text, code or existence is our own decision: no recording of the real service shows them.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from broker.errors import Code, ErrorInfo, HeadraceError, HelpLink, LocalizedMessage
from broker.model.limits import Limits
from broker.model.names import QueueName
from broker.model.task import HttpMethod

_REFERENCE = "https://cloud.google.com/tasks/docs/reference/rest/v2"
_QUEUE_NAME_HELP = HelpLink("Definition of queue name", f"{_REFERENCE}/projects.locations.queues#Queue.FIELDS.name")
_TASK_ID_HELP = HelpLink("Definition of task ID", f"{_REFERENCE}/projects.locations.queues.tasks#Task.FIELDS.name")
_CONSOLE_HELP = HelpLink("Google developers console", "https://console.developers.google.com")
_DEDUPLICATION_HELP = f"{_REFERENCE}/projects.locations.queues.tasks/create#body.request_body.FIELDS.task"

_PACIFIC = ZoneInfo("America/Los_Angeles")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# An error must fit into the trailers of a gRPC call, 8 KB as a rule; what it quotes is cut there.
_LONGEST_QUOTE = 1000


def _quoted(text: str) -> str:
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"


def _invalid(message: str) -> HeadraceError:
    return HeadraceError(Code.INVALID_ARGUMENT, message)


# Names


def location_malformed(text: str) -> HeadraceError:
    """A parent that is not the name of a location: Google takes it for a foreign project."""
    parent = _quoted(text)
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
    return _invalid(f"{name} must begin with {parent}.")


def task_name_malformed() -> HeadraceError:
    """Text that is not shaped like the name of a task."""
    return _invalid(
        'Task name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>/tasks/<TASK_ID>"'
    )


def task_id_malformed(task_id: str) -> HeadraceError:
    """A task id with characters or a length that are not allowed. The missing "be" is Google's."""
    return HeadraceError(
        Code.INVALID_ARGUMENT,
        f'Task ID "{_quoted(task_id)}" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens (-), '
        "or underscores (_). Task ID must between 1 and 500 characters.",
        _TASK_ID_HELP,
    )


def task_name_elsewhere(parent: QueueName, queue: QueueName) -> HeadraceError:
    """A new task whose name is under another queue than the parent of the call."""
    return _invalid(
        f"The queue name from request ('{parent}') must be the same as the queue name in the named task ('{queue}')."
    )


# Queues


def queue_missing() -> HeadraceError:
    """A call, other than DeleteQueue, on a queue that is not there."""
    return HeadraceError(
        Code.NOT_FOUND,
        "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.",
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
    return _invalid(f"{field} cannot be negative.")


def above(field: str, largest: float) -> HeadraceError:
    """A number above its limit."""
    return _invalid(f"{field} must be less than or equal to {largest:.15g}.")


def burst_too_large(largest: int) -> HeadraceError:
    """A burst size above its limit."""
    return _invalid(f"Maximum bucket size is {largest}.")


def max_attempts_too_small() -> HeadraceError:
    """Fewer attempts than -1, which stands for no limit."""
    return _invalid("RetryConfig.maxAttempts must be greater or equal to -1.")


def backoffs_crossed() -> HeadraceError:
    """A smallest back-off above the largest."""
    return _invalid("RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.")


# Tasks


def entity_missing() -> HeadraceError:
    """A task that never was; also DeleteQueue on a queue that is not there."""
    return HeadraceError(Code.NOT_FOUND, "Requested entity was not found.")


def task_existed_recently() -> HeadraceError:
    """A named task that has finished or was deleted a short while ago. Recorded for GetTask alone."""
    return HeadraceError(
        Code.NOT_FOUND,
        "The task no longer exists, though a task with this name existed recently. The task either "
        "successfully completed or was deleted.",
    )


def task_exists() -> HeadraceError:
    """CreateTask with the name of a live task."""
    return HeadraceError(Code.ALREADY_EXISTS, "Requested entity already exists")


def task_name_used_recently() -> HeadraceError:
    """CreateTask with the name of a task that finished or was deleted a short while ago."""
    return HeadraceError(
        Code.ALREADY_EXISTS,
        "The task cannot be created because a task with this name existed too recently. For more "
        f"information about task de-duplication see {_DEDUPLICATION_HELP}.",
    )


def url_missing() -> HeadraceError:
    """An HTTP task without a URL."""
    return _invalid("HttpRequest.url is required.")


def url_scheme() -> HeadraceError:
    """A URL that is neither http nor https. That it says HttpTarget is Google's."""
    return _invalid("HttpTarget.url must start with 'http://' or 'https://'.")


def dispatch_deadline_range(longest: str) -> HeadraceError:
    """A dispatch deadline that is too short or too long; the longest is 30m, or 24h15s for App Engine."""
    return _invalid(f"Task.dispatchDeadline must be between [15s, {longest}].")


def schedule_too_far(schedule_us: int, limits: Limits) -> HeadraceError:
    """A schedule time beyond the horizon; shown, as Google does, in Pacific local time."""
    shown = (_EPOCH + timedelta(microseconds=schedule_us)).astimezone(_PACIFIC).isoformat()
    return _invalid(
        f"The Task.scheduleTime, {shown}, is too far in the future. Schedule time must be no more than "
        f"{limits.schedule_horizon_s / 3600:.15g}h in the future."
    )


def task_too_large() -> HeadraceError:
    """A task above the size limit."""
    return _invalid("Task size too large")


def token_without_account() -> HeadraceError:
    """A token that names no service account."""
    return _invalid("service_account_email must be set.")


# ---- our wording: everything below is inferred, [I] in the specification ----


def unserved(path: str) -> HeadraceError:
    """A field of the API that is not served yet. `path` is written task.http_request.oauth_token."""
    return HeadraceError(Code.UNIMPLEMENTED, f"{path} is not served yet.")


def page_size_negative() -> HeadraceError:
    """A page size below zero."""
    return _invalid("page_size cannot be negative.")


def page_token_invalid() -> HeadraceError:
    """A page token that no answer to this very list call has carried."""
    return _invalid("page_token is invalid. Start again without a token.")


def filter_changed() -> HeadraceError:
    """A page token from a list call with another filter."""
    return _invalid("filter must be the same in every call of one listing. Start again without a token.")


def mask_path_unknown(path: str, resource: str = "a queue", mask: str = "update_mask") -> HeadraceError:
    """A field mask with a path that is no field of the resource."""
    return _invalid(f'{mask} has the path "{_quoted(path)}", which is not a field of {resource}.')


def too_many_queues(limits: Limits) -> HeadraceError:
    """A new queue in a location that holds as many as it may."""
    return HeadraceError(
        Code.RESOURCE_EXHAUSTED,
        f"The location already has {limits.queues_per_location} queues. Delete one, or raise the limit "
        "queues_per_location.",
    )


def rate_too_small(smallest: float) -> HeadraceError:
    """A rate too close to zero to compute with, or not a number."""
    return _invalid(
        f"RateLimits.maxDispatchesPerSecond must be a number of at least {smallest:g}, or 0 for the default."
    )


def duration_too_long(field: str, largest_s: int) -> HeadraceError:
    """A duration of more than some 285 years."""
    return _invalid(f"{field} must be less than or equal to {largest_s}s.")


def sampling_ratio_range() -> HeadraceError:
    """A share that is not one."""
    return _invalid("StackdriverLoggingConfig.samplingRatio must be between 0.0 and 1.0.")


def set_at_creation(field: str) -> HeadraceError:
    """Another value for what a queue keeps from its creation on."""
    return _invalid(f"{field} can only be set when the queue is created.")


def lifetime_range(field: str, shortest_s: int, longest_s: int) -> HeadraceError:
    """How long tasks or tombstones live, out of range."""
    return _invalid(f"{field} must be between [{shortest_s}s, {longest_s}s].")


def request_missing() -> HeadraceError:
    """A task that does not say what to call."""
    return _invalid("Task.message_type is required: set http_request or app_engine_http_request.")


def url_host_missing() -> HeadraceError:
    """A URL without a host."""
    return _invalid("HttpRequest.url must name a host, as in https://example.com/path.")


def url_authority_invalid(authority: str) -> HeadraceError:
    """A URL whose host or port cannot be connected to."""
    return _invalid(
        f'HttpRequest.url has the host "{_quoted(authority)}", which is not valid: write a host name in '
        "ASCII (xn-- for others) or an IP address, and a port up to 65535."
    )


def url_too_long(largest: int) -> HeadraceError:
    """A URL above its length limit."""
    return _invalid(f"HttpRequest.url must have at most {largest} characters after percent-encoding.")


def body_not_allowed(method: HttpMethod) -> HeadraceError:
    """A body with a method that has none."""
    return _invalid(f"HTTP method {method} does not allow a body.")


def header_name_invalid(field: str, name: str) -> HeadraceError:
    """A header whose name cannot be sent."""
    return _invalid(
        f"{field} has the name {_quoted(name)!r}, which is not valid: use letters, digits and any of !#$%&'*+-.^_`|~"
    )


def header_value_invalid(field: str, name: str) -> HeadraceError:
    """A header whose value cannot be sent, or would start another header."""
    return _invalid(f"{field}: the value of {_quoted(name)} holds a line break or another control character.")


def headers_too_large(field: str, largest_bytes: int) -> HeadraceError:
    """Headers above their size limit."""
    return _invalid(f"{field} must have at most {largest_bytes} bytes in all.")


def relative_uri_invalid(uri: str) -> HeadraceError:
    """A relative URI that is no path."""
    return _invalid(f"AppEngineHttpRequest.relativeUri must begin with / and hold no spaces, unlike {_quoted(uri)!r}.")


def relative_uri_too_long(largest: int) -> HeadraceError:
    """A relative URI above its length limit."""
    return _invalid(f"AppEngineHttpRequest.relativeUri must have at most {largest} characters after percent-encoding.")


def app_engine_id_invalid(field: str, value: str) -> HeadraceError:
    """A service, version or instance that could not stand in a host name."""
    return _invalid(f"{field} is {_quoted(value)!r}: use letters, digits, hyphens and underscores, at most 100.")


def override_host_invalid(host: str) -> HeadraceError:
    """A host, in a queue's routing, that is empty or cannot be connected to."""
    if not host:
        return _invalid("HttpTarget.uriOverride.host cannot be empty. Leave it out to keep the host of each task.")
    return _invalid(
        f'HttpTarget.uriOverride.host is "{_quoted(host)}", which is not valid: write a host name in ASCII (xn-- for '
        "others) or an IP address, and a port as uriOverride.port."
    )


def override_port_range(largest: int) -> HeadraceError:
    """A port, in a queue's routing, that is none."""
    return _invalid(f"HttpTarget.uriOverride.port must be between 1 and {largest}, or 0 to remove the port.")


def override_too_long(field: str, largest: int) -> HeadraceError:
    """A path or a query, in a queue's routing, above the length limit of a URL."""
    return _invalid(f"{field} must have at most {largest} characters.")


def required(field: str) -> HeadraceError:
    """A field that another one makes necessary."""
    return _invalid(f"{field} must be set.")


def cmek_excludes_routing() -> HeadraceError:
    """Queue-level routing, or a task for a queue that has it, in a location with a Cloud KMS key."""
    return HeadraceError(
        Code.FAILED_PRECONDITION,
        "Queue.httpTarget cannot be used while the location's cmekConfig names a kmsKey: remove one of them.",
    )


def cmek_name_malformed() -> HeadraceError:
    """Text that is not the name of a location's CMEK configuration."""
    return _invalid('CmekConfig name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/cmekConfig".')


def kms_key_malformed(kms_key: str) -> HeadraceError:
    """Text that is not the name of a Cloud KMS key."""
    return _invalid(
        f'CmekConfig.kmsKey is "{_quoted(kms_key)}", but must be formatted: "projects/<PROJECT_ID>/locations/'
        '<LOCATION_ID>/keyRings/<KEY_RING_ID>/cryptoKeys/<KEY_ID>".'
    )
