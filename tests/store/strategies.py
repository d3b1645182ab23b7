"""What random histories of the store are made of: a small world, each thing one choice, so that histories get long."""

from dataclasses import dataclass
from enum import Enum
from itertools import product

from hypothesis import strategies as st

from broker.model.names import QueueName
from broker.model.queue import Queue, QueueState, RateLimits
from broker.model.retry import RetryConfig
from broker.model.task import View
from broker.store.attempts import Outcome
from tests.support.seeds import HORIZON_US, HOUR, SECOND

NAMES = tuple(QueueName("p", "l", queue_id) for queue_id in ("alpha", "beta", "gamma"))
TASK_IDS = ("a", "b")

RATES = [RateLimits(*limits) for limits in product((100.0, 500.0, 1.0, 0.25), (10, 2, 1), (5, 2, 1))]
RETRIES = [
    RetryConfig(),
    RetryConfig(max_attempts=2, min_backoff_us=SECOND),
    RetryConfig(max_attempts=1),
    RetryConfig(max_attempts=-1, min_backoff_us=0),
    RetryConfig(max_attempts=-1, max_retry_duration_us=60 * SECOND, min_backoff_us=7 * SECOND, max_doublings=1),
    RetryConfig(max_attempts=2, max_retry_duration_us=60 * SECOND, max_backoff_us=3 * SECOND, max_doublings=0),
]


@dataclass(frozen=True)
class Wanted:
    """A task to be created. Without an id it gets a new one; `after_us` is relative to the time of its creation."""

    queue: QueueName
    task_id: str | None
    after_us: int | None
    body_bytes: int
    retry_config: RetryConfig | None


class Fate(Enum):
    """What becomes of an attempt soon after its claim."""

    DONE = (Outcome.DONE, 200)
    FAILED = (Outcome.ANSWERED, 404)
    BROKEN = (Outcome.ANSWERED, 503)
    CUT_OFF = (Outcome.UNANSWERED, 504)
    KEPT = None
    RELEASED = ()


AFTER_US = (None, None, None, SECOND, 20 * SECOND, HOUR, -SECOND, HORIZON_US + 1)
_UNNAMED = NAMES[-1]
"""A queue in which users name no task: there successes are settled without a look at the records."""
TASKS = [
    Wanted(*wanted)
    for wanted in product(NAMES, (None, *TASK_IDS), AFTER_US, (10, 0, 20_000), (None, None, *RETRIES))
    if wanted[0] != _UNNAMED or wanted[1] is None
]

queue_names = st.sampled_from(NAMES)
queues = st.builds(
    Queue,
    name=queue_names,
    rate_limits=st.sampled_from(RATES),
    retry_config=st.sampled_from(RETRIES),
    state=st.sampled_from([QueueState.RUNNING] * 4 + [QueueState.DISABLED]),
    task_ttl_us=st.sampled_from([48 * HOUR, HOUR // 2]),
    tombstone_ttl_us=st.sampled_from([0, HOUR]),
)
one_task = st.integers(0, len(TASKS) - 1).map(lambda index: TASKS[index])
tasks_wanted = st.lists(one_task, min_size=1, max_size=4)
owners = st.integers(0, 1)
views = st.sampled_from(View)
ends = st.sampled_from([fate.value for fate in Fate if fate.value])
fates = st.lists(st.sampled_from(Fate), min_size=1, max_size=3)
