"""Field masks of the three versions: the paths that clients send, what the service is asked, what a read shows."""

from types import ModuleType
from typing import Any

import pytest
from google.cloud.tasks_v2 import types as types_v2
from google.cloud.tasks_v2beta2 import types as types_v2beta2
from google.cloud.tasks_v2beta3 import types as types_v2beta3
from google.protobuf import json_format

from broker.api import convert_v2, convert_v2beta2, convert_v2beta3
from broker.api.masks import ReadMask, read_update_mask
from broker.errors import Code, HeadraceError

VERSIONS: dict[str, tuple[ModuleType, Any]] = {
    "v2": (types_v2, convert_v2),
    "v2beta3": (types_v2beta3, convert_v2beta3),
    "v2beta2": (types_v2beta2, convert_v2beta2),
}
LEAVES = [
    "retryConfig.maxAttempts",
    "retryConfig.maxRetryDuration",
    "rateLimits.maxBurstSize",
    "httpTarget",
    "httpTarget.uriOverride",
    "httpTarget.headerOverrides",
    "httpTarget.oidcToken.serviceAccountEmail",
    "name",
    "state",
    "*",
]
NAMES = [
    ("v2", "appEngineRoutingOverride", "app_engine_routing_override"),
    ("v2", "stackdriverLoggingConfig.samplingRatio", "stackdriver_logging_config.sampling_ratio"),
    ("v2", "rateLimits.maxDispatchesPerSecond", "rate_limits.max_dispatches_per_second"),
    ("v2beta3", "appEngineHttpQueue", "app_engine_routing_override"),
    ("v2beta3", "appEngineHttpQueue.appEngineRoutingOverride", "app_engine_routing_override"),
    ("v2beta3", "appEngineHttpQueue.appEngineRoutingOverride.service", "app_engine_routing_override.service"),
    ("v2beta3", "taskTtl", "task_ttl"),
    ("v2beta3", "tombstoneTtl", "tombstone_ttl"),
    ("v2beta3", "type", "type"),
    ("v2beta3", "stats", "stats"),
    ("v2beta2", "appEngineHttpTarget.appEngineRoutingOverride", "app_engine_routing_override"),
    ("v2beta2", "rateLimits.maxTasksDispatchedPerSecond", "rate_limits.max_dispatches_per_second"),
    ("v2beta2", "rateLimits.maxConcurrentTasks", "rate_limits.max_concurrent_dispatches"),
    ("v2beta2", "retryConfig.unlimitedAttempts", "retry_config.max_attempts"),
    ("v2beta2", "pullTarget", "type"),
]
UNKNOWN = [
    ("v2", "task_ttl"),
    ("v2", "type"),
    ("v2", "app_engine_http_queue"),
    ("v2beta3", "app_engine_routing_override"),
    ("v2beta3", "retry_config.unlimited_attempts"),
    ("v2beta2", "rate_limits.max_dispatches_per_second"),
    ("v2beta2", "stackdriver_logging_config"),
    ("v2beta2", "name.first"),
    ("v2beta2", ""),
]


def update_mask(version: str, path: str) -> list[str]:
    types, convert = VERSIONS[version]
    return read_update_mask(types.UpdateQueueRequest.pb()(update_mask={"paths": [path]}), convert.QUEUE_PATHS)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_empty_mask_selects_everything(version: str) -> None:
    types, convert = VERSIONS[version]
    assert read_update_mask(types.UpdateQueueRequest.pb()(), convert.QUEUE_PATHS) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", LEAVES)
def test_a_path_of_all_versions(version: str, path: str) -> None:
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in path)
    assert update_mask(version, path) == update_mask(version, snake) == [snake]


@pytest.mark.parametrize(("version", "path", "known_as"), NAMES)
def test_a_path_of_one_version(version: str, path: str, known_as: str) -> None:
    assert update_mask(version, path) == [known_as]


@pytest.mark.parametrize(("version", "path"), UNKNOWN)
def test_a_path_that_a_version_does_not_know(version: str, path: str) -> None:
    with pytest.raises(HeadraceError) as caught:
        update_mask(version, path)
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert caught.value.message == f'update_mask has the path "{path}", which is not a field of a queue.'


QUEUE = {
    "name": "n",
    "type": "PUSH",
    "rateLimits": {"maxBurstSize": 7, "maxDispatchesPerSecond": 5.0},
    "stats": {"tasksCount": "3", "effectiveExecutionRate": 5.0},
}


@pytest.mark.parametrize(
    ("paths", "shown", "wants_stats"),
    [
        ([], set(QUEUE), False),
        (["*"], set(QUEUE), True),
        (["stats"], {"stats"}, True),
        (["name", "stats.tasksCount"], {"name", "stats"}, True),
        (["type", "rate_limits.max_burst_size"], {"type", "rateLimits"}, False),
    ],
)
def test_a_read_mask(paths: list[str], shown: set[str], wants_stats: bool) -> None:
    queue_class = types_v2beta3.Queue.pb()
    mask = ReadMask(types_v2beta3.GetQueueRequest.pb()(read_mask={"paths": paths}), queue_class)
    message = json_format.MessageToDict(mask.applied(json_format.ParseDict(QUEUE, queue_class())))
    assert (set(message), mask.wants_stats) == (shown, wants_stats)
    if "stats.tasksCount" in paths:
        assert message["stats"] == {"tasksCount": "3"}


def test_a_version_without_read_masks_shows_everything() -> None:
    mask = ReadMask(types_v2.GetQueueRequest.pb()(), types_v2.Queue.pb())
    queue = types_v2.Queue.pb()(name="n")
    assert (mask.applied(queue), mask.wants_stats) == (queue, False)


def test_a_read_mask_with_an_unknown_path() -> None:
    request = types_v2beta2.ListQueuesRequest.pb()(read_mask={"paths": ["colour"]})
    with pytest.raises(HeadraceError, match='read_mask has the path "colour"'):
        ReadMask(request, types_v2beta2.Queue.pb())
