"""A task that this worker has leased."""

import asyncio
from dataclasses import dataclass
from enum import Enum

from broker.model.task import Task


class Ending(Enum):
    """What is to become of a task that the worker is through with."""

    DONE = "done"
    FAILED = "failed"
    UNTOUCHED = "untouched"
    """It was leased and never begun."""


@dataclass(eq=False, slots=True)
class HeldTask:
    """A leased task, and the lease as the store has it now."""

    task: Task
    proof_us: int
    """The lease's end by the store's clock, which proves the lease."""
    until_s: float
    """The lease's end by this process's clock at the latest, counted from when the lease was asked for."""
    running: "asyncio.Task[None] | None" = None
