"""The use cases of queue files: plan, apply, upload, export (Cloud Tasks specification, section 8.3)."""

import asyncio
from contextlib import suppress
from functools import partial

from broker.errors import HeadraceError
from broker.model.names import LocationName
from broker.model.queue import Queue, QueueState
from broker.service import our_texts, texts
from broker.service.broker import Broker
from broker.service.name_rules import location_name
from broker.service.queue_file.entry import QueueEntry, configured
from broker.service.queue_file.grammar import read_queue_file
from broker.service.queue_file.plan import Plan, Prune, QueueChange, make_plan
from broker.service.queue_file.problems import in_queue
from broker.service.queue_file.writer import write_yaml
from broker.store.outcomes import QueueExists, QueueMissing, QueueNameTombstoned, TooManyQueues

_PAGE = 1000


async def plan_queue_file(broker: Broker, parent: str, content: bytes, prune: Prune) -> Plan:
    """What applying a queue.yaml or queue.xml to a location would do. Changes nothing. Raises HeadraceError."""
    location = location_name(parent)
    file = await asyncio.to_thread(read_queue_file, content, broker.limits)
    return make_plan(location, file, await _all_queues(broker, location), prune, broker.limits)


async def apply_plan(broker: Broker, plan: Plan) -> None:
    """Do what a plan says, queue by queue. Stops at the first error, which names its queue; safe to repeat."""
    for change in plan.changes:
        try:
            await _apply(broker, change)
        except HeadraceError as error:
            raise in_queue(change.after.name.queue_id, error) from None


async def upload_queue_yaml(broker: Broker, parent: str, content: bytes) -> None:
    """UploadQueueYaml: bring a location to what the file says; queues it does not list become DISABLED."""
    await apply_plan(broker, await plan_queue_file(broker, parent, content, Prune.DISABLE))


async def export_queues(broker: Broker, parent: str) -> str:
    """A queue.yaml that says what the queues of a location are."""
    return write_yaml(await _all_queues(broker, location_name(parent)))


async def _all_queues(broker: Broker, location: LocationName) -> list[Queue]:
    queues, after = await broker.store.queues.page(location, page_size=_PAGE, after="")
    while after:
        page, after = await broker.store.queues.page(location, page_size=_PAGE, after=after)
        queues += page
    return queues


async def _apply(broker: Broker, change: QueueChange) -> None:
    queue = change.before
    if change.entry and change.is_configured:
        queue = await configure(broker, change.after, change.entry)
    if change.new_state and (queue is None or queue.state is not change.new_state):
        await _set_state(broker, change.after, change.new_state)


async def configure(broker: Broker, wanted: Queue, entry: QueueEntry) -> Queue:
    """Give a queue the configuration of an entry, or create it as `wanted`. Raises HeadraceError.

    What others changed since it was looked at is kept where it can be.
    """
    store = broker.store.queues
    while True:  # goes round only if another caller makes, or deletes, the queue at this moment
        with suppress(QueueMissing):
            return await store.update(wanted.name, partial(configured, entry=entry))
        try:
            return await store.create(wanted, max_queues=broker.limits.queues_per_location)
        except QueueExists:
            continue
        except QueueNameTombstoned:
            raise texts.queue_existed_recently() from None
        except TooManyQueues:
            raise our_texts.too_many_queues(broker.limits) from None


async def _set_state(broker: Broker, queue: Queue, state: QueueState) -> None:
    try:
        await broker.store.queues.set_state(queue.name, state)
    except QueueMissing:
        raise texts.queue_missing() from None
