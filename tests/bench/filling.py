"""Queues and tasks put straight into the store, many at a time: what is there before a measurement begins."""

import asyncio
import secrets
from collections.abc import Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from broker.model.names import QueueName
from broker.model.queue import Queue, QueueKind, QueueState, RateLimits
from broker.model.retry import RetryConfig
from broker.model.task import HttpRequest, NewTask, OidcToken
from broker.store import scripts
from broker.store.backend import arguments_of
from broker.store.record import pack_draft, pack_meta
from broker.store.store import Store

HORIZON_US = 30 * 86_400 * 1_000_000
HOUR_US = 3_600 * 1_000_000
UNLIMITED = RateLimits(1e6, 1_000_000, 100_000)
OIDC = OidcToken("bench@headrace.test", "https://target.test/")
NO_RETRY_SOON = RetryConfig(min_backoff_us=HOUR_US, max_backoff_us=HOUR_US)

_CREATE = scripts.load(
    "task_create",
    arguments="now_us horizon_us",
    row="queue_id task_id keeps_past draft",
)
_BATCH = 100
_CALLS_OPEN = 8
_IDS_FROM = 10**17


@dataclass(frozen=True)
class Filling:
    """Tasks that are all alike but for their times: one for each schedule time, None for now."""

    url: str = ""
    body: bytes = b""
    oidc: bool = False
    tag: bytes = b""
    pull: bool = False
    schedule_us: Iterable[int | None] = field(default=(None,))

    def rows(self, queue_id: str) -> Iterator[tuple[Any, ...]]:
        """The rows of the script that creates tasks."""
        request = HttpRequest(self.url, body=self.body, oidc_token=OIDC if self.oidc else None)
        name = QueueName("p", "l", "q").task("t")
        meta = b"" if self.pull else pack_meta(NewTask(name, False, request))
        first = _IDS_FROM + secrets.randbelow(_IDS_FROM)
        for number, schedule_us in enumerate(self.schedule_us):
            draft = pack_draft(secrets.token_bytes(8), schedule_us, False, b"", self.tag, meta, self.body)
            yield queue_id, str(first + number), 0, draft


def queue_name(queue_id: str) -> QueueName:
    """A queue of the benchmarks."""
    return QueueName("p", "l", queue_id)


async def add_queue(
    store: Store, queue_id: str, limits: RateLimits = UNLIMITED, *, paused: bool = False, **fields: Any
) -> QueueName:
    """A queue that no limit holds back, unless `limits` do."""
    state = QueueState.PAUSED if paused else QueueState.RUNNING
    queue = Queue(queue_name(queue_id), limits, state=state, **fields)
    return (await store.queues.create(queue, max_queues=1_000_000)).name


async def add_pull_queue(store: Store, queue_id: str) -> QueueName:
    """A pull queue."""
    return await add_queue(store, queue_id, RateLimits(max_concurrent_dispatches=-1), kind=QueueKind.PULL)


async def fill(store: Store, queue: QueueName, filling: Filling) -> None:
    """Create tasks, in batches of 100."""
    partition = store.backend.keys.partition_of(queue)
    rows = filling.rows(await store.queues.id_of(queue))

    async def create() -> None:
        while batch := list(islice(rows, _BATCH)):
            answers = await store.backend.run(_CREATE, partition, 0, HORIZON_US, *arguments_of(batch))
            assert set(answers[::4]) == {b"created"}, answers[0]

    await asyncio.gather(*(create() for _ in range(_CALLS_OPEN)))


async def resume(store: Store, *queues: QueueName) -> None:
    """Let paused queues dispatch."""
    for queue in queues:
        await store.queues.set_state(queue, QueueState.RUNNING)


@asynccontextmanager
async def opened(url: str) -> Any:
    """A store on a server, as nodes open it."""
    store = await Store.open(url)
    try:
        yield store
    finally:
        await store.close()
