"""Calls a minute: the quotas of Google's service, without a cap unless one is set (section 6)."""

from collections.abc import Callable

from broker.model.names import LocationName
from broker.service import texts
from broker.service.broker import Broker

_EVERY_CALL = "api_calls_per_minute"
_BY_METHOD = {
    "RunTask": "run_task_per_minute",
    "ListQueues": "list_calls_per_minute",
    "ListTasks": "list_calls_per_minute",
    "CreateQueue": "queue_calls_per_minute",
    "UpdateQueue": "queue_calls_per_minute",
    "ResumeQueue": "queue_calls_per_minute",
}


def has_quota(broker: Broker, method: str) -> bool:
    """Whether calls of this method may be counted: most never are, and need not wait for `spend_quota`."""
    return method in _BY_METHOD or broker.limits.api_calls_per_minute > 0


async def spend_quota(broker: Broker, method: str, resource: Callable[[], str]) -> None:
    """Count a call for the project and location of the resource that it names. Raises RESOURCE_EXHAUSTED.

    Without a cap on such calls this costs nothing. A call whose resource is in no location is not counted.
    """
    names = [name for name in (_BY_METHOD.get(method), _EVERY_CALL) if name and getattr(broker.limits, name)]
    if not names:
        return
    location = LocationName.parse("/".join(resource().split("/")[:4]))
    if location is None:
        return
    caps = {name: int(getattr(broker.limits, name)) for name in names}
    used_up = await broker.store.quotas.spend(location, caps)
    if used_up:
        raise texts.quota_exceeded(used_up, caps[used_up], location)
