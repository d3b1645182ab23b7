"""The Grafana dashboard, from the table of panels below.

Queries sum over nodes, or take the maximum of what every API node reports alike.
"""

import json
from typing import Any

QUEUE = 'queue=~"$queue"'

# Title, unit, what it tells, and (query, legend) pairs.
STATS = [
    ("Created", "ops", "Tasks created a second.", f"sum(rate(headrace_tasks_created_total{{{QUEUE}}}[5m]))"),
    ("Dispatched", "ops", "Attempts a second.", f"sum(rate(headrace_dispatches_total{{{QUEUE}}}[5m]))"),
    (
        "Failing",
        "percentunit",
        "Share of attempts without a 2xx answer.",
        f'sum(rate(headrace_responses_total{{class!="2xx", {QUEUE}}}[5m])) '
        f"/ sum(rate(headrace_responses_total{{{QUEUE}}}[5m]))",
    ),
    ("Tasks held", "short", "Live tasks.", f"sum(max by (queue) (headrace_queue_tasks{{{QUEUE}}}))"),
    (
        "Overdue",
        "s",
        "How long the worst queue could have dispatched without being served.",
        f"max(headrace_queue_overdue_seconds{{{QUEUE}}})",
    ),
    (
        "Redis memory",
        "percentunit",
        "Share of maxmemory, of the fullest server.",
        "max(headrace_redis_memory_bytes / (headrace_redis_memory_limit_bytes > 0))",
    ),
]
GRAPHS = [
    (
        "Queues",
        [
            (
                "Attempts by outcome",
                "ops",
                "2xx is success; all else is retried or given up.",
                [(f"sum by (class) (rate(headrace_responses_total{{{QUEUE}}}[5m]))", "{{class}}")],
            ),
            (
                "Tasks held",
                "short",
                "Tasks scheduled for later count too.",
                [(f"max by (queue) (headrace_queue_tasks{{{QUEUE}}})", "{{queue}}")],
            ),
            (
                "In flight",
                "short",
                "Attempts that hold a lease, by queue.",
                [(f"max by (queue) (headrace_in_flight{{{QUEUE}}})", "{{queue}}")],
            ),
            (
                "Overdue",
                "s",
                "Time since a queue could dispatch without being served. Its own limits do not count.",
                [(f"max by (queue) (headrace_queue_overdue_seconds{{{QUEUE}}})", "{{queue}}")],
            ),
            (
                "Lateness",
                "s",
                "From the moment a task was scheduled for to its claim; waiting for the queue's limits counts.",
                [
                    (
                        f"histogram_quantile({share}, sum by (le) "
                        f"(rate(headrace_dispatch_lateness_seconds_bucket{{{QUEUE}}}[5m])))",
                        f"p{share * 100:g}",
                    )
                    for share in (0.5, 0.99)
                ],
            ),
            (
                "Time of an attempt",
                "s",
                "From the request to its outcome.",
                [
                    (
                        f"histogram_quantile({share}, sum by (le) "
                        f"(rate(headrace_attempt_seconds_bucket{{{QUEUE}}}[5m])))",
                        f"p{share * 100:g}",
                    )
                    for share in (0.5, 0.99)
                ],
            ),
            (
                "Retried and given up",
                "ops",
                "Failed attempts that are tried again by reason, and tasks whose limits were reached.",
                [
                    (f"sum by (reason) (rate(headrace_retries_total{{{QUEUE}}}[5m]))", "retry: {{reason}}"),
                    (f"sum(rate(headrace_tasks_exhausted_total{{{QUEUE}}}[5m]))", "given up"),
                ],
            ),
            (
                "Rate in force",
                "ops",
                "Below the configured rate while a target is overloaded or a queue ramps up.",
                [(f"max by (queue) (headrace_queue_rate{{{QUEUE}}})", "{{queue}}")],
            ),
        ],
    ),
    (
        "Pull queues",
        [
            (
                "Leased and finished",
                "ops",
                "Tasks that workers leased and acknowledged, and leases they renewed.",
                [
                    (f"sum(rate(headrace_leased_tasks_total{{{QUEUE}}}[5m]))", "leased"),
                    (f"sum(rate(headrace_tasks_acknowledged_total{{{QUEUE}}}[5m]))", "acknowledged"),
                    (f"sum(rate(headrace_lease_renewals_total{{{QUEUE}}}[5m]))", "renewed"),
                ],
            ),
        ],
    ),
    (
        "Nodes",
        [
            (
                "Calls by code",
                "ops",
                "API calls answered.",
                [("sum by (method, code) (rate(headrace_api_calls_total[5m]))", "{{method}} {{code}}")],
            ),
            (
                "Dispatchers",
                "percentunit",
                "Share of the requests a dispatcher may have open.",
                [("headrace_dispatcher_in_flight / headrace_dispatcher_capacity", "{{instance}}")],
            ),
            (
                "Tasks a claim",
                "short",
                "How many tasks a claim brought on average: larger is cheaper.",
                [
                    (
                        "sum by (instance) (rate(headrace_claimed_tasks_total[5m])) "
                        "/ sum by (instance) (rate(headrace_claims_total[5m]))",
                        "{{instance}}",
                    )
                ],
            ),
            (
                "Trouble",
                "ops",
                "All of these are 0 in an orderly life, but for tasks released when a dispatcher stops.",
                [
                    ("sum(rate(headrace_stale_results_total[5m]))", "stale results"),
                    ("sum(rate(headrace_leases_lost_total[5m]))", "leases lost"),
                    ("sum(rate(headrace_records_dropped_total[5m]))", "records dropped"),
                    ("sum(rate(headrace_redis_disruptions_total[5m]))", "Redis disruptions"),
                    ("sum(rate(headrace_released_tasks_total[5m]))", "released unsent"),
                ],
            ),
            (
                "Redis memory",
                "bytes",
                "Used memory and maxmemory of each server.",
                [
                    ("max by (server) (headrace_redis_memory_bytes)", "{{server}} used"),
                    ("max by (server) (headrace_redis_memory_limit_bytes)", "{{server}} limit"),
                ],
            ),
        ],
    ),
]
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def panel(
    number: int, kind: str, title: str, unit: str, text: str, queries: list[tuple[str, str]], place: dict[str, int]
) -> dict[str, Any]:
    """One panel."""
    return {
        "id": number,
        "type": kind,
        "title": title,
        "description": text,
        "datasource": DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(65 + index), "datasource": DATASOURCE, "expr": query, "legendFormat": legend}
            for index, (query, legend) in enumerate(queries)
        ],
    }


def panels() -> list[dict[str, Any]]:
    """All panels, row by row."""
    found = [
        panel(index + 1, "stat", title, unit, text, [(query, "")], {"x": index * 4, "y": 0, "w": 4, "h": 4})
        for index, (title, unit, text, query) in enumerate(STATS)
    ]
    y = 4
    for row, graphs in GRAPHS:
        place = {"x": 0, "y": y, "w": 24, "h": 1}
        found.append({"id": len(found) + 1, "type": "row", "title": row, "gridPos": place, "panels": []})
        y += 1
        for index, (title, unit, text, queries) in enumerate(graphs):
            place = {"x": index % 2 * 12, "y": y + index // 2 * 8, "w": 12, "h": 8}
            found.append(panel(len(found) + 1, "timeseries", title, unit, text, queries, place))
        y += (len(graphs) + 1) // 2 * 8
    return found


def dashboard() -> dict[str, Any]:
    """The dashboard, as Grafana imports it."""
    return {
        "uid": "headrace",
        "title": "Headrace",
        "tags": ["headrace"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
                {
                    "name": "queue",
                    "label": "Queue",
                    "type": "query",
                    "datasource": DATASOURCE,
                    "query": {"query": "label_values(headrace_queue_tasks, queue)", "refId": "queues"},
                    "refresh": 2,
                    "includeAll": True,
                    "allValue": ".*",
                    "multi": True,
                    "current": {"text": "All", "value": "$__all"},
                },
            ]
        },
        "panels": panels(),
    }


def text() -> str:
    """The file's content."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"
