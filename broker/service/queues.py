"""The use cases of queues. A refused call raises HeadraceError with the code and text of Google's service."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

from broker.model.app_engine import app_domain
from broker.model.names import LocationName, QueueName
from broker.model.queue import Queue, QueueState, QueueStats
from broker.service import our_texts, texts
from broker.service.broker import Broker
from broker.service.drafts import HttpTargetDraft, QueueDraft
from broker.service.name_rules import location_name, new_queue_name, queue_name
from broker.service.page_size import page_length
from broker.service.page_token import PageToken, start_of_page
from broker.service.queue_rules import changed_queue, new_queue
from broker.store.outcomes import QueueExists, QueueMissing, QueueNameTombstoned, TooManyQueues

_LARGEST_PAGE = 9800
_READ_SIZE, _MOST_READS = 200, 5
"""Queues that a call with a filter reads at a time, and how often."""


async def create_queue(broker: Broker, parent: str, draft: QueueDraft) -> Queue:
    """Create a queue with defaults for whatever the draft leaves out. It starts RUNNING, its bucket full."""
    name = new_queue_name(parent, draft.name)
    change = await _change(broker, name, draft, ())
    try:
        return await _create(broker, change(new_queue(name, draft, (), broker.limits)))
    except QueueExists:
        raise texts.queue_exists() from None


async def get_queue(broker: Broker, name: str) -> Queue:
    """The queue of that name."""
    with _existing_queue():
        return _shown(broker, await broker.store.queues.get(queue_name(name)))


async def queue_stats(broker: Broker, queues: Sequence[Queue]) -> list[QueueStats | None]:
    """How full and how fast queues are now; None for one that was deleted meanwhile."""
    return await asyncio.gather(*(broker.store.queues.stats(queue.name) for queue in queues))


async def list_queues(
    broker: Broker,
    parent: str,
    *,
    page_size: int,
    page_token: str,
    filter_text: str = "",
    matches: Callable[[Queue], bool] | None = None,
) -> tuple[list[Queue], str]:
    """One page of the location's queues in order of name, and the token of the next page, "" at the end.

    With `matches`, what `filter_text` means, only those that match. A page can then be short, or empty, although there
    are more: a call looks at 1,000 queues at most.
    """
    location = location_name(parent)
    length = page_length(page_size, _LARGEST_PAGE)
    after = start_of_page(page_token, location, filter_text)
    if matches is None:
        page, last = await _page(broker, location, length, after)
    else:
        page, last = await _matching_page(broker, location, length, after, matches)
    return page, str(PageToken(last, filter_text)) if last else ""


async def update_queue(broker: Broker, draft: QueueDraft, mask: Sequence[str]) -> Queue:
    """Change what the mask selects, everything settable if it is empty; create a queue that is missing.

    The mask holds v2 paths in snake_case. The state of the queue never changes.
    """
    name = queue_name(draft.name)
    change = await _change(broker, name, draft, mask)
    while True:  # goes round only if another caller makes, or deletes, the queue at this moment
        with suppress(QueueMissing):
            return _shown(broker, await broker.store.queues.update(name, change))
        with suppress(QueueExists):
            return await _create(broker, change(new_queue(name, draft, mask, broker.limits)))


async def delete_queue(broker: Broker, name: str) -> None:
    """Delete the queue and its tasks. Its name cannot be used again for a while (limit queue_tombstone_s)."""
    tombstone_us = broker.limits.queue_tombstone_s * 1_000_000
    try:
        await broker.store.queues.delete(queue_name(name), tombstone_us=tombstone_us)
    except QueueMissing:
        raise texts.entity_missing() from None


async def purge_queue(broker: Broker, name: str) -> Queue:
    """Delete all tasks that the queue holds now."""
    with _existing_queue():
        return _shown(broker, await broker.store.queues.purge(queue_name(name)))


async def pause_queue(broker: Broker, name: str) -> Queue:
    """Stop dispatching. Tasks in flight finish, new ones can be added. Idempotent."""
    with _existing_queue():
        return _shown(broker, await broker.store.queues.set_state(queue_name(name), QueueState.PAUSED))


async def resume_queue(broker: Broker, name: str) -> Queue:
    """Dispatch again. Idempotent."""
    with _existing_queue():
        return _shown(broker, await broker.store.queues.set_state(queue_name(name), QueueState.RUNNING))


async def _page(broker: Broker, location: LocationName, length: int, after: str) -> tuple[list[Queue], str]:
    page, last = await broker.store.queues.page(location, page_size=length, after=after)
    return [_shown(broker, queue) for queue in page], last


async def _matching_page(
    broker: Broker, location: LocationName, length: int, after: str, matches: Callable[[Queue], bool]
) -> tuple[list[Queue], str]:
    """At most `length` queues that match, and the name to go on after, empty at the end."""
    page: list[Queue] = []
    for _ in range(_MOST_READS):
        read, last = await _page(broker, location, _READ_SIZE, after)
        for queue in filter(matches, read):
            if len(page) == length:
                return page, str(page[-1].name)
            page.append(queue)
        if not last:
            return page, ""
        after = last
    return page, after


async def _change(broker: Broker, name: QueueName, draft: QueueDraft, mask: Sequence[str]) -> Callable[[Queue], Queue]:
    """What makes a queue of a queue; it raises HeadraceError for what is not allowed.

    Only a draft with routing for HTTP tasks pays for looking whether the location has a Cloud KMS key.
    """
    routed = draft.http_target != HttpTargetDraft()
    guarded = routed and bool(await broker.store.cmek.key(name.parent))

    def change(before: Queue) -> Queue:
        after = changed_queue(before, draft, mask, broker.limits)
        if guarded and after.http_target and after.http_target != before.http_target:
            raise our_texts.cmek_excludes_routing()
        return after

    return change


async def _create(broker: Broker, queue: Queue) -> Queue:
    try:
        return _shown(broker, await broker.store.queues.create(queue, max_queues=broker.limits.queues_per_location))
    except QueueNameTombstoned:
        raise texts.queue_existed_recently() from None
    except TooManyQueues:
        raise our_texts.too_many_queues(broker.limits) from None


def _shown(broker: Broker, queue: Queue) -> Queue:
    """The queue as an answer: with the host that its App Engine routing comes to."""
    if queue.app_engine_routing is None:
        return queue
    domain = app_domain(broker.app_engine_domain, queue.name.project)
    return replace(queue, app_engine_routing=queue.app_engine_routing.in_domain(domain))


@contextmanager
def _existing_queue() -> Iterator[None]:
    try:
        yield
    except QueueMissing:
        raise texts.queue_missing() from None
