"""The whole table, a file for each resource."""

from tests.api.conformance.row import Row
from tests.api.conformance.rows import (
    app_engine_tasks,
    batches,
    buffering,
    cmek,
    http_tasks,
    json_bodies,
    locations,
    policies,
    pull_queues,
    queue_files,
    queue_lifetimes,
    queue_rates,
    queue_retries,
    queue_routing,
    queues,
    queues_created,
    queues_updated,
    tasks,
    tasks_created,
)

_FILES = (
    queues_created,
    queues_updated,
    queues,
    queue_rates,
    queue_retries,
    queue_routing,
    queue_lifetimes,
    policies,
    tasks_created,
    http_tasks,
    app_engine_tasks,
    tasks,
    batches,
    buffering,
    pull_queues,
    cmek,
    locations,
    queue_files,
    json_bodies,
)

TABLE: list[Row] = [row for file in _FILES for row in file.ROWS]
