"""How far a worker has come."""

from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """Counts since the worker began."""

    leased: int = 0
    done: int = 0
    failed: int = 0
    """Tasks whose handler failed; they come back."""
    lost: int = 0
    """Tasks whose lease ended, or that were deleted, before they were done."""
    running: int = 0

    def __str__(self) -> str:
        return f"done={self.done} failed={self.failed} lost={self.lost} running={self.running}"
