"""The thread of grpc.aio, as the system schedules it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest

from broker.api.grpc_poller import let_events_gather


@contextmanager
def polling() -> Iterator[int]:
    """The thread's number, with the policy that threads have at first. gRPC starts it in an event loop."""
    grpc.aio.init_grpc_aio()
    (number,) = {thread.native_id for thread in threading.enumerate() if "_poll_wrapper" in thread.name}
    assert number is not None
    os.sched_setscheduler(number, os.SCHED_OTHER, os.sched_param(0))
    yield number
    grpc.aio.shutdown_grpc_aio()


async def test_it_does_not_interrupt_the_event_loop() -> None:
    with polling() as poller:
        let_events_gather()
        assert os.sched_getscheduler(poller) == os.SCHED_BATCH
        assert os.sched_getscheduler(threading.get_native_id()) == os.SCHED_OTHER


async def test_where_the_system_forbids_it_all_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError

    with polling() as poller:
        monkeypatch.setattr(os, "sched_setscheduler", forbid)
        let_events_gather()
        assert os.sched_getscheduler(poller) == os.SCHED_OTHER
