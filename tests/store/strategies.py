"""What random histories of the store are made of."""

from dataclasses import dataclass

from hypothesis import strategies as st

from broker.model.names import QueueName
from broker.model.queue import Queue, QueueState, RateLimits
from broker.model.retry import RetryConfig
from broker.model.task import View
from broker.store.attempts import Outcome
from tests.support.seeds import HORIZON_US, HOUR, SECOND

NAMES = tuple(QueueName("p", "l", queue_id) for queue_id in ("alpha", "beta", "gamma"))

queue_names = st.sampled_from(NAMES)
owners = st.integers(0, 1)
views = st.sampled_from(View)
rates = st.builds(
    RateLimits,
    max_dispatches_per_second=st.sampled_from([0.25, 1.0, 100.0, 500.0]),
    max_burst_size=st.sampled_from([1, 2, 10]),
    max_concurrent_dispatches=st.sampled_from([1, 2, 5]),
)
retries = st.builds(
    RetryConfig,
    max_attempts=st.sampled_from([-1, 1, 2, 100]),
    max_retry_duration_us=st.sampled_from([0, 60 * SECOND]),
    min_backoff_us=st.sampled_from([0, SECOND, 7 * SECOND]),
    max_backoff_us=st.sampled_from([7 * SECOND, HOUR]),
    max_doublings=st.integers(0, 3),
)


def queues_named(name: QueueName) -> st.SearchStrategy[Queue]:
    """Queues small enough that random histories run into every limit."""
    return st.builds(
        Queue,
        name=st.just(name),
        rate_limits=rates,
        retry_config=retries,
        state=st.sampled_from([QueueState.RUNNING, QueueState.RUNNING, QueueState.DISABLED]),
        task_ttl_us=st.sampled_from([48 * HOUR, HOUR // 2]),
        tombstone_ttl_us=st.sampled_from([0, HOUR]),
    )


@dataclass(frozen=True)
class Wanted:
    """A task to be created. Without an id it gets a new one; `after_us` is relative to the time of its creation."""

    queue: QueueName
    task_id: str | None
    after_us: int | None
    body_bytes: int
    retry_config: RetryConfig | None


def tasks_of(queue: QueueName) -> st.SearchStrategy[Wanted]:
    """Tasks of a queue, mostly due at once; few names, so that they meet again."""
    return st.builds(
        Wanted,
        queue=st.just(queue),
        task_id=st.sampled_from([None, "a", "b", "c"]),
        after_us=st.sampled_from([None, None, None, -SECOND, SECOND, 20 * SECOND, HOUR, HORIZON_US + 1]),
        body_bytes=st.sampled_from([0, 10, 10, 20_000]),
        retry_config=st.none() | retries,
    )


queues = queue_names.flatmap(queues_named)
ends = st.sampled_from(
    [(Outcome.DONE, 200), (Outcome.ANSWERED, 404), (Outcome.ANSWERED, 503), (Outcome.UNANSWERED, 504)]
)
