"""Every metric that Headrace exposes, declared here and nowhere else: the names are a published interface."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Gauge

from broker.exposition import exposition_of
from broker.tallies import SpreadFamily, Tally, TallyFamily

OTHER_QUEUES = "other"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_ATTEMPT_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600)
_LATENESS_BUCKETS_S = (0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600)


class QueueMetrics:
    """The metrics of one queue with their labels bound, so that counting costs no look-up by label."""

    __slots__ = (
        "_leases",
        "_responses",
        "_retries",
        "attempt_seconds",
        "dispatch_lateness_seconds",
        "dispatches",
        "label",
        "lease_renewals",
        "leased_tasks",
        "tasks_acknowledged",
        "tasks_created",
        "tasks_exhausted",
    )

    def __init__(self, metrics: "Metrics", label: str) -> None:
        self.label = label
        self.tasks_created = metrics.tasks_created_total.labels(label)
        self.dispatches = metrics.dispatches_total.labels(label)
        self.tasks_exhausted = metrics.tasks_exhausted_total.labels(label)
        self.attempt_seconds = metrics.attempt_seconds.labels(label)
        self.dispatch_lateness_seconds = metrics.dispatch_lateness_seconds.labels(label)
        self.leased_tasks = metrics.leased_tasks_total.labels(label)
        self.lease_renewals = metrics.lease_renewals_total.labels(label)
        self.tasks_acknowledged = metrics.tasks_acknowledged_total.labels(label)
        self._leases = _Children(metrics.leases_total, label)
        self._responses = _Children(metrics.responses_total, label)
        self._retries = _Children(metrics.retries_total, label)

    def response(self, kind: str) -> None:
        """Count an attempt that ended; `kind` is 1xx to 5xx, timeout, no_connection, refused or unsendable."""
        self._responses[kind].inc()

    def leased(self, result: str, tasks: int) -> None:
        """Count a lease call, and the tasks that it leased; `result` is granted, empty or capped."""
        self._leases[result].inc()
        self.leased_tasks.inc(tasks)

    def retry(self, reason: str) -> None:
        """Count a failed attempt that is tried again; `reason` as for `response`."""
        self._retries[reason].inc()


class _Children(dict[str, Tally]):
    """Children of a counter by their second label, made when first used."""

    def __init__(self, counter: TallyFamily, label: str) -> None:
        super().__init__()
        self._counter, self._label = counter, label

    def __missing__(self, second: str) -> Tally:
        self[second] = child = self._counter.labels(self._label, second)
        return child


class Metrics:
    """The metrics of one process, in a registry of their own; tells at most `queue_labels` queues apart."""

    def __init__(self, queue_labels: int = 1000) -> None:
        self.registry = registry = CollectorRegistry()
        self._queue_labels = queue_labels
        self._labels: set[str] = set()
        self._queues: dict[str, QueueMetrics] = {}
        self._api_calls: dict[tuple[str, str], Tally] = {}

        def counter(name: str, help_text: str, *labels: str) -> TallyFamily:
            return TallyFamily(registry, f"headrace_{name}", help_text, *labels)

        def gauge(name: str, help_text: str, *labels: str) -> Gauge:
            return Gauge(f"headrace_{name}", help_text, labels, registry=registry)

        def histogram(name: str, help_text: str, bounds: tuple[float, ...], *labels: str) -> SpreadFamily:
            return SpreadFamily(registry, f"headrace_{name}", help_text, bounds, *labels)

        self.tasks_created_total = counter("tasks_created_total", "Tasks created.", "queue")
        self.dispatches_total = counter("dispatches_total", "Attempts sent to targets.", "queue")
        self.responses_total = counter(
            "responses_total",
            "Attempts that ended, by class: 1xx to 5xx, timeout, no_connection, refused, unsendable.",
            "queue",
            "class",
        )
        self.retries_total = counter("retries_total", "Failed attempts to be tried again.", "queue", "reason")
        self.tasks_exhausted_total = counter("tasks_exhausted_total", "Tasks given up after failures.", "queue")
        self.leases_total = counter(
            "leases_total", "Lease calls answered, by result: granted, empty, capped.", "queue", "result"
        )
        self.leased_tasks_total = counter("leased_tasks_total", "Tasks that lease calls handed out.", "queue")
        self.lease_renewals_total = counter("lease_renewals_total", "Leases renewed.", "queue")
        self.tasks_acknowledged_total = counter(
            "tasks_acknowledged_total", "Leased tasks that their workers finished.", "queue"
        )
        self.pull_tasks_total = counter(
            "pull_tasks_total",
            "Tasks that a pull worker was through with, by result: done, failed, lost.",
            "queue",
            "result",
        )
        self.attempt_seconds = histogram(
            "attempt_seconds", "Time from dispatch to outcome.", _ATTEMPT_BUCKETS_S, "queue"
        )
        self.dispatch_lateness_seconds = histogram(
            "dispatch_lateness_seconds",
            "Time from the moment a task was scheduled for to its dispatch.",
            _LATENESS_BUCKETS_S,
            "queue",
        )
        self.queue_tasks = gauge("queue_tasks", "Live tasks in the queue, those in flight included.", "queue")
        self.in_flight = gauge("in_flight", "Attempts of the queue that hold a lease.", "queue")
        self.queue_rate = gauge(
            "queue_rate",
            "Dispatches a second in force, below the configured rate while a target is overloaded.",
            "queue",
        )
        self.queue_overdue_seconds = gauge(
            "queue_overdue_seconds", "Time since the queue could dispatch, without a dispatcher serving it.", "queue"
        )
        self.redis_memory_bytes = gauge("redis_memory_bytes", "Memory that Redis uses.", "server")
        self.redis_memory_limit_bytes = gauge("redis_memory_limit_bytes", "Redis's maxmemory, 0 for none.", "server")

        self.api_calls_total = counter("api_calls_total", "API calls answered, by canonical code.", "method", "code")
        self.dispatcher_in_flight = gauge("dispatcher_in_flight", "Attempts that this dispatcher has in hand.")
        self.dispatcher_capacity = gauge("dispatcher_capacity", "Most attempts that it may have in hand.")
        self.pull_running = gauge("pull_running", "Tasks that this pull worker runs.")
        self.claims_total = counter("claims_total", "Claims made by this dispatcher.")
        self.claimed_tasks_total = counter("claimed_tasks_total", "Tasks that its claims returned.")
        self.released_tasks_total = counter("released_tasks_total", "Tasks given back unsent.")
        self.leases_lost_total = counter("leases_lost_total", "Requests aborted because their lease was not renewed.")
        self.stale_results_total = counter("stale_results_total", "Results ignored: the attempt was no longer its own.")
        self.records_dropped_total = counter("records_dropped_total", "Damaged, missing or expired records dropped.")
        self.redis_disruptions_total = counter("redis_disruptions_total", "Times that Redis stopped answering claims.")

    def for_queue(self, name: str) -> QueueMetrics:
        """The bound metrics of the queue with this full name, or of "other" once labels are taken."""
        found = self._queues.get(name)
        if found is None:
            label = self.queue_label(name)
            found = self._queues.get(label) or QueueMetrics(self, label)
            self._queues[label] = found
        return found

    def api_call(self, method: str, code: str) -> None:
        """Count an API call that was answered; `code` is the canonical code by name."""
        counter = self._api_calls.get((method, code))
        if counter is None:
            self._api_calls[method, code] = counter = self.api_calls_total.labels(method, code)
        counter.inc()

    def queue_label(self, name: str) -> str:
        """The label of a queue: its full name for the first `queue_labels` queues, then "other"."""
        if name not in self._labels:
            if len(self._labels) >= self._queue_labels:
                return OTHER_QUEUES
            self._labels.add(name)
        return name

    def set_depths(self, depths: Iterable[tuple[str, int, int, float, float]]) -> None:
        """Replace the queue gauges by name, live tasks, tasks in flight, rate in force, overdue seconds of each."""
        for gauge in (self.queue_tasks, self.in_flight, self.queue_rate, self.queue_overdue_seconds):
            gauge.clear()
        longest_s: dict[str, float] = {}
        for name, tasks, in_flight, rate, overdue_s in depths:
            label = self.queue_label(name)
            longest_s[label] = max(overdue_s, longest_s.get(label, 0.0))
            self.queue_tasks.labels(label).inc(tasks)
            self.in_flight.labels(label).inc(in_flight)
            self.queue_rate.labels(label).inc(rate)
            self.queue_overdue_seconds.labels(label).set(longest_s[label])

    def set_redis_memory(self, servers: Iterable[tuple[str, int, int]]) -> None:
        """Replace the gauges of Redis by (address, bytes used, limit in bytes or 0)."""
        self.redis_memory_bytes.clear()
        self.redis_memory_limit_bytes.clear()
        for address, used_bytes, limit_bytes in servers:
            self.redis_memory_bytes.labels(address).set(used_bytes)
            self.redis_memory_limit_bytes.labels(address).set(limit_bytes)

    async def exposition(self) -> bytes:
        """Every metric in Prometheus' text format, which is `CONTENT_TYPE`."""
        return await exposition_of(self.registry.collect())

    async def gauges(self) -> bytes:
        """The part of the exposition that tells of a state."""
        return await exposition_of(metric for metric in self.registry.collect() if metric.type == "gauge")

    async def counts(self) -> bytes:
        """The other part, which can be added up over processes: counters and histograms."""
        return await exposition_of(metric for metric in self.registry.collect() if metric.type != "gauge")
