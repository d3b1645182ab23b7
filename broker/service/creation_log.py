"""What the operation log says of creations (Cloud Tasks specification, 5.14)."""

from broker import operation_logs
from broker.model.app_engine import app_domain
from broker.model.names import TaskName
from broker.model.task import AppEngineHttpRequest, HttpRequest, NewTask, Task, TaskRequest
from broker.operation_logs import Operation, Target, TargetType
from broker.service.broker import Broker
from broker.service.drafts import AppEngineRequestDraft, HttpRequestDraft, TaskDraft

_LONGEST_URL = 4000

_AnyRequest = TaskRequest | HttpRequestDraft | AppEngineRequestDraft | None


def log_creation(broker: Broker, task: Task) -> None:
    """Log, if the task is sampled, that it was created."""
    _log(broker, task.name, task.request, task.schedule_us, "OK")


def log_refusal(broker: Broker, name: TaskName, draft: TaskDraft | NewTask, status: str) -> None:
    """Log, if the task is sampled, that it was not created. `status` is a canonical code by name."""
    request = draft.request if isinstance(draft, NewTask) else draft.http_request or draft.app_engine_request
    _log(broker, name, request, draft.schedule_us, status)


def _log(broker: Broker, name: TaskName, request: _AnyRequest, schedule_us: int | None, status: str) -> None:
    if not operation_logs.is_sampled(name, broker.store.queues.sampling_ratio(name.queue)):
        return
    fields = {} if schedule_us is None else {"scheduleTime": operation_logs.moment(schedule_us)}
    operation_logs.write(name, Operation.CREATION, _target(broker, name, request), status, fields)


def _target(broker: Broker, name: TaskName, request: _AnyRequest) -> Target:
    """Where the task itself says that it goes; its queue's routing may change that."""
    if isinstance(request, HttpRequest | HttpRequestDraft):
        return Target(TargetType.HTTP, request.method, request.url[:_LONGEST_URL])
    if isinstance(request, AppEngineHttpRequest | AppEngineRequestDraft):
        host = request.routing.in_domain(app_domain(broker.app_engine_domain, name.queue.project)).host
        return Target(TargetType.APP_ENGINE, request.method, f"https://{host}{request.relative_uri}"[:_LONGEST_URL])
    return Target(TargetType.PULL)
