"""A caller that creates one task after the other and remembers which were acknowledged."""

import threading
from contextlib import closing

from tests.support.rest import Rest, RestError


class Creator(threading.Thread):
    """Creates tasks until it is stopped; `acknowledged` are the ids of those that were answered with success."""

    def __init__(self, url: str, queue: str, target: str) -> None:
        super().__init__(daemon=True)
        self._url, self._queue, self._target = url, queue, target
        self._stopped = threading.Event()
        self.acknowledged: set[str] = set()
        self.refusals: set[str] = set()

    def run(self) -> None:
        number = 0
        with closing(Rest(self._url)) as rest:
            while not self._stopped.is_set():
                number += 1
                try:
                    rest.create_task(self._queue, self._target, f"task-{number}")
                    self.acknowledged.add(f"task-{number}")
                except RestError as error:
                    self.refusals.add(error.status)

    def stop(self) -> None:
        """Create no more."""
        self._stopped.set()
        self.join()
