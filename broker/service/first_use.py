"""Creating a queue when it is first used: a setting for workstations and tests, off by default."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from broker.model.names import QueueName
from broker.service import our_texts, texts
from broker.service.broker import Broker
from broker.service.drafts import QueueDraft
from broker.service.queue_rules import changed_queue, new_queue
from broker.store.outcomes import QueueExists, QueueMissing, QueueNameTombstoned, TooManyQueues

Answer = TypeVar("Answer")


async def on_queue(broker: Broker, name: QueueName, use: Callable[[], Awaitable[Answer]]) -> Answer:
    """What `use` answers. If it raises QueueMissing, and the setting allows it, the queue is created and used again.

    Any number of callers may find the queue missing at the same moment. Raises HeadraceError if it stays missing.
    """
    try:
        return await use()
    except QueueMissing:
        pass
    if broker.auto_create_queues:
        await _create(broker, name)
        with suppress(QueueMissing):
            return await use()
    raise texts.queue_missing()


async def _create(broker: Broker, name: QueueName) -> None:
    """Create the queue with defaults. One that another caller has just created is as good."""
    draft = QueueDraft(name=str(name))
    queue = changed_queue(new_queue(name, draft, (), broker.limits), draft, (), broker.limits)
    try:
        with suppress(QueueExists):
            await broker.store.queues.create(queue, max_queues=broker.limits.queues_per_location)
    except QueueNameTombstoned:
        raise texts.queue_missing() from None
    except TooManyQueues:
        raise our_texts.too_many_queues(broker.limits) from None
