"""The answer of a lease call: records of pull tasks, taken apart no further than workers need them."""

import struct

from broker.model.leased_task import LeasedTask
from broker.model.names import QueueName
from broker.model.task import View
from broker.store.record import OWN_RETRY, DamagedRecord, Record

_SEEN = struct.Struct(">xBHI20xQ8xQ14xBQIQQQ")
"""Lengths of header, tag and meta; create time; schedule time; from the flags on: flags, fence, dispatches, first
dispatch, last schedule, last dispatch. `lua/lib/record.lua` has the layout."""


class LeaseReader:
    """Makes tasks of the records that one call leased."""

    def __init__(self, queue: QueueName, view: View, request: int, now_us: int, lease_us: int) -> None:
        """The call `request` leased tasks of the queue at `now_us`, for so long."""
        self._queue, self._view, self._request = queue, view, request
        self._now_us, self._ends_us = now_us, now_us + lease_us

    def begun(self, task_id: str, raw: bytes) -> LeasedTask:
        """The task, of its record as it was just before the call leased it. Raises DamagedRecord."""
        try:
            length, tag_bytes, meta_bytes, create_us, schedule_us, flags, _, dispatches, first_us, _, _ = (
                _SEEN.unpack_from(raw)
            )
        except struct.error as error:
            raise DamagedRecord(str(error)) from error
        body = length + tag_bytes + meta_bytes
        if len(raw) < body:
            raise DamagedRecord(f"{len(raw)} bytes of at least {body}")
        return LeasedTask(
            self._queue,
            task_id,
            self._view,
            raw[body:],
            raw[length : length + tag_bytes],
            create_us,
            self._ends_us,
            dispatches + 1,
            first_us or self._now_us,
            schedule_us,
            self._now_us,
            Record.unpack(raw).own_retry if flags & OWN_RETRY else None,
        )

    def present(self, task_id: str, raw: bytes) -> LeasedTask | None:
        """The task, of its record as it is now; None if it is leased by another call by now. Raises DamagedRecord."""
        record = Record.unpack(raw)
        header = record.header
        if header.fence != self._request:
            return None
        tag = raw[header.length : header.length + header.tag_bytes]
        return LeasedTask(
            self._queue,
            task_id,
            self._view,
            record.request.body,
            tag,
            header.create_us,
            header.schedule_us,
            header.dispatches,
            header.first_dispatch_us,
            header.last_schedule_us,
            header.last_dispatch_us,
            record.own_retry,
        )
