"""Which tasks must be there: those that were created with success, and that nobody has removed with success."""

from typing import Any

_OF_TASKS = {"DeleteTask", "BatchDeleteTasks", "AcknowledgeTask"}
_OF_QUEUES = {"DeleteQueue", "PurgeQueue"}


class Ledger:
    """Keeps account of successful calls. What a removal might have meant is not expected any more."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.successes: dict[str, int] = {}

    def note(self, method: str, request: str, answer: dict[str, Any]) -> None:
        """A successful call: the text of its request, in which names are spelled out, and its answer in JSON."""
        self.successes[method] = self.successes.get(method, 0) + 1
        if method == "BatchCreateTasks":
            created = answer.get("response", {}).get("tasks", [])
        else:
            created = {"CreateTask": [answer], "BufferTask": [answer.get("task", {})]}.get(method, [])
        self.names |= {task["name"] for task in created if task.get("name")}
        if method in _OF_TASKS:
            self.names = {name for name in self.names if name not in request}
        elif method in _OF_QUEUES:
            self.names = {name for name in self.names if name.partition("/tasks/")[0] not in request}

    def lost(self, found: set[str]) -> set[str]:
        """Tasks that must be there and are not."""
        return self.names - found
