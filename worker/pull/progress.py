"""How far a worker has come."""

from dataclasses import dataclass

from broker.metrics import Metrics


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

    def tell(self, metrics: Metrics, queue: str) -> None:
        """Let the metrics of the queue of this full name say the same."""
        of_queue = metrics.for_queue(queue)
        of_queue.leased_tasks.count, of_queue.tasks_acknowledged.count = self.leased, self.done
        for result, count in (("done", self.done), ("failed", self.failed), ("lost", self.lost)):
            metrics.pull_tasks_total.labels(of_queue.label, result).count = count
        metrics.pull_running.set(self.running)

    def __str__(self) -> str:
        return f"done={self.done} failed={self.failed} lost={self.lost} running={self.running}"
