"""The official client, in a process of its own, over both transports."""

from typing import TYPE_CHECKING

from tests.api.programs import LOCATION, TRANSPORTS, run

if TYPE_CHECKING:
    from broker.api.node import ApiNode

DEFAULT_QUEUE = {
    "rate_limits": {"max_dispatches_per_second": 500.0, "max_burst_size": 100, "max_concurrent_dispatches": 1000},
    "retry_config": {"max_attempts": 100, "max_doublings": 16, "min_backoff": "0.100s", "max_backoff": "3600s"},
    "state": "RUNNING",
}


@TRANSPORTS
async def test_queues(node: "ApiNode", transport: str) -> None:
    answers = await run("queues.py", transport, node)
    first, second = ({"name": f"{LOCATION}/queues/{name}"} for name in ("first", "second"))
    second_queue = second | {
        "rate_limits": {"max_dispatches_per_second": 0.25, "max_burst_size": 10, "max_concurrent_dispatches": 3},
        "retry_config": {"max_attempts": -1, "max_doublings": 4, "min_backoff": "2s", "max_backoff": "3600s"},
        "state": "RUNNING",
        "stackdriver_logging_config": {"sampling_ratio": 0.5},
    }
    masked = second_queue | {
        "rate_limits": {"max_dispatches_per_second": 100.0, "max_burst_size": 20, "max_concurrent_dispatches": 3}
    }
    assert answers == {
        "created": first | DEFAULT_QUEUE,
        "made by update": second_queue,
        "masked": masked,
        "paused": first | DEFAULT_QUEUE | {"state": "PAUSED"},
        "resumed": first | DEFAULT_QUEUE,
        "purged": True,
        "got": masked,
        "pages": [[first["name"]], [second["name"]]],
        "deleted": None,
        "left": [second["name"]],
    }


@TRANSPORTS
async def test_tasks(node: "ApiNode", transport: str) -> None:
    answers = await run("tasks.py", transport, node)
    created = answers.pop("created")
    schedule_time, create_time = created.pop("schedule_time"), created.pop("create_time")
    assert schedule_time.endswith(".123456Z")
    assert "." not in create_time
    request = {
        "url": "http://127.0.0.1:1/path",
        "http_method": "PUT",
        "headers": {"X-Kept-Casing": "é", "User-Agent": "Google-Cloud-Tasks"},
        "oidc_token": {"service_account_email": "a@b", "audience": "c"},
    }
    retry_config = DEFAULT_QUEUE["retry_config"] | {"max_attempts": 3}
    named = {
        "name": f"{LOCATION}/queues/tasks/tasks/named",
        "http_request": request,
        "dispatch_deadline": "30s",
        "view": "BASIC",
        "retry_config": retry_config,
    }
    assert created == named
    unnamed = answers.pop("unnamed")
    assert unnamed.pop("name").rpartition("/")[2].isdigit()
    assert (unnamed["view"], unnamed["http_request"]["http_method"]) == ("FULL", "POST")
    run_answer = answers.pop("run")
    assert (run_answer["dispatch_count"], "response_count" in run_answer) == (1, False)
    assert set(run_answer["last_attempt"]) == {"schedule_time", "dispatch_time"}
    assert set(run_answer["first_attempt"]) == {"dispatch_time"}
    assert answers == {
        "schedule is kept": True,
        "body": True,
        "full view": "FULL",
        "listed": sorted(["named", *(f"n{number}" for number in range(20))]),
        "bodies": True,
        "deleted": None,
        "left": False,
    }


_MISSING_QUEUE = (
    "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."
)
ERRORS = {
    "queue exists": ("AlreadyExists", "Queue already exists"),
    "queue name": ("InvalidArgument", "Queue name must be formatted:", "Help"),
    "parent": (
        "PermissionDenied",
        "Permission denied on resource project projects/x/locations/no_good.",
        "ErrorInfo",
        "LocalizedMessage",
        "Help",
    ),
    "negative rate": ("InvalidArgument", "RateLimits.maxDispatchesPerSecond cannot be negative."),
    "mask": ("InvalidArgument", ""),
    "http target": ("InvalidArgument", "HttpTarget.uriOverride.host cannot be empty."),
    "missing queue": ("NotFound", _MISSING_QUEUE),
    "delete missing queue": ("NotFound", "Requested entity was not found."),
    "missing task": ("NotFound", "Requested entity was not found."),
    "gone task": ("NotFound", "The task no longer exists, though a task with this name existed recently."),
    "task exists": ("AlreadyExists", "Requested entity already exists"),
    "task existed": ("AlreadyExists", "The task cannot be created because a task with this name existed too recently."),
    "task id": ("InvalidArgument", 'Task ID "no.good" can contain only letters', "Help"),
    "task elsewhere": ("InvalidArgument", "The queue name from request ("),
    "missing queue of a task": ("NotFound", _MISSING_QUEUE),
    "no url": ("InvalidArgument", "HttpRequest.url is required."),
    "scheme": ("InvalidArgument", "HttpTarget.url must start with 'http://' or 'https://'."),
    "deadline": ("InvalidArgument", "Task.dispatchDeadline must be between [15s, 30m]."),
    "schedule": ("InvalidArgument", "The Task.scheduleTime, 2099-12-31T16:00:00-08:00, is too far in the future."),
    "size": ("InvalidArgument", "Task size too large"),
    "app engine": ("InvalidArgument", "AppEngineHttpRequest.relativeUri must begin with /"),
    "view": ("InvalidArgument", "Invalid value at 'response_view'"),
    "page token": ("InvalidArgument", ""),
    "page size": ("InvalidArgument", ""),
    "permission": ("InvalidArgument", "Permission a is not valid for this resource."),
    "policy of a missing queue": ("NotFound", _MISSING_QUEUE),
}


@TRANSPORTS
async def test_errors(node: "ApiNode", transport: str) -> None:
    answers = await run("errors.py", transport, node)
    assert set(answers) == set(ERRORS)
    for name, (kind, text, *details) in ERRORS.items():
        got_kind, got_text, got_details = answers[name]
        # over REST the client knows some classes by their HTTP status only
        kinds = {kind} if transport == "grpc" else {kind, "BadRequest", "Conflict", "Forbidden"}
        assert got_kind in kinds, name
        assert got_text.startswith(text), name
        assert got_details == [f"google.rpc.{detail}" for detail in details], name
