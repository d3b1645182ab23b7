"""What test suites want beside the Cloud Tasks API: forget everything, and wait until the work is done."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from broker.model.names import LocationName, QueueName
from broker.model.queue import QueueStats
from broker.service import admin_texts, texts
from broker.service.broker import Broker
from broker.service.name_rules import queue_name
from broker.store.projects import Forgotten

LONGEST_WAIT_S = 600.0

_FIRST_POLL_S = 0.01
_LONGEST_POLL_S = 0.25
_POLL_GROWTH = 1.5
_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """What a queue still has to do."""

    name: QueueName
    tasks: int
    """All that live, those in flight included."""
    in_flight: int


@dataclass(frozen=True, slots=True)
class Idleness:
    """Whether queues have nothing left to do, and if not, which of them have: at most 100."""

    is_idle: bool
    tasks: int
    in_flight: int
    busy: tuple[QueueLoad, ...]


async def reset_project(broker: Broker, name: str, *, keep_queues: bool = False) -> Forgotten:
    """Delete all queues of a project and their tasks, or the tasks alone; every name is free at once.

    `name` is projects/P. Attempts that run go on; their results change nothing.
    """
    return await broker.store.projects.reset(_project(name), keep_queues=keep_queues)


async def wait_until_idle(broker: Broker, name: str, *, timeout_s: float, ignore_scheduled: bool = False) -> Idleness:
    """Wait until a queue, or with projects/P all queues of a project, hold no task; at most `timeout_s`.

    With `ignore_scheduled`, tasks whose time has not come do not count, be it their first one or after a failure. A
    queue that is missing is an error; a project without queues is idle.
    """
    if not 0 <= timeout_s <= LONGEST_WAIT_S:
        raise admin_texts.wait_too_long(LONGEST_WAIT_S)
    queue = queue_name(name) if "/queues/" in name else None
    project = "" if queue else _project(name)
    clock, pause_s = asyncio.get_running_loop().time, _FIRST_POLL_S
    ends_s = clock() + timeout_s
    while True:
        names = [queue] if queue else await broker.store.projects.queue_names(project)
        stats = await asyncio.gather(*(broker.store.queues.stats(each) for each in names))
        if queue and stats == [None]:
            raise texts.queue_missing()
        now_us = await broker.store.time_us() if ignore_scheduled else None
        found = _idleness(names, stats, now_us)
        left_s = ends_s - clock()
        if found.is_idle or left_s <= 0:
            return found
        await asyncio.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * _POLL_GROWTH, _LONGEST_POLL_S)


def _idleness(names: Sequence[QueueName], stats: Sequence[QueueStats | None], now_us: int | None) -> Idleness:
    """What queues have to do; with `now_us`, tasks that are later than that are nothing to do."""
    there = [(name, each) for name, each in zip(names, stats, strict=True) if each is not None]
    busy = [QueueLoad(name, each.tasks, each.in_flight) for name, each in there if _is_busy(each, now_us)]
    return Idleness(
        is_idle=not busy,
        tasks=sum(each.tasks for _, each in there),
        in_flight=sum(each.in_flight for _, each in there),
        busy=tuple(sorted(busy, key=lambda load: str(load.name))[:_MOST_SHOWN]),
    )


def _is_busy(stats: QueueStats, now_us: int | None) -> bool:
    if stats.in_flight:
        return True
    return stats.next_us is not None and (now_us is None or stats.next_us <= now_us)


def _project(name: str) -> str:
    collection, _, project = name.partition("/")
    if collection != "projects" or LocationName.parse(f"{name}/locations/any") is None:
        raise admin_texts.project_name_malformed()
    return project
