"""Queues and tasks over a node's REST API, in few words."""

import base64
from datetime import datetime
from typing import Any

import requests

LOCATION = "projects/p/locations/l"


class RestError(Exception):
    """The API answered with an error; `status` is its canonical code by name."""

    def __init__(self, answer: requests.Response) -> None:
        error = answer.json()["error"]
        super().__init__(f"{error['status']}: {error['message']}")
        self.status: str = error["status"]


class Rest:
    """One caller of the API at a URL."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/v2"
        self._session = requests.Session()

    def call(self, verb: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call. Raises RestError."""
        answer = self._session.request(verb, f"{self._url}/{path}", json=body, timeout=30)
        if not answer.ok:
            raise RestError(answer)
        return answer.json()

    def create_queue(self, queue_id: str, **fields: Any) -> str:
        """A queue with these fields of the resource; its name."""
        name = f"{LOCATION}/queues/{queue_id}"
        self.call("POST", f"{LOCATION}/queues", {"name": name, **fields})
        return name

    def create_task(self, queue: str, url: str, task_id: str = "", *, body: bytes = b"", **fields: Any) -> str:
        """A task that posts to a URL; its name."""
        request = {"url": url, "body": base64.b64encode(body).decode()}
        named = {"name": f"{queue}/tasks/{task_id}"} if task_id else {}
        answer = self.call("POST", f"{queue}/tasks", {"task": {"httpRequest": request, **named, **fields}})
        return str(answer["name"])

    def create_tasks(self, queue: str, url: str, count: int) -> set[str]:
        """So many tasks; their ids."""
        return {self.create_task(queue, url).rpartition("/")[2] for _ in range(count)}

    def get_task(self, name: str) -> dict[str, Any] | None:
        """The task, or None if it is not there."""
        try:
            return self.call("GET", name)
        except RestError as error:
            if error.status == "NOT_FOUND":
                return None
            raise

    def list_tasks(self, queue: str) -> list[dict[str, Any]]:
        """All tasks of a queue, each once."""
        tasks: dict[str, dict[str, Any]] = {}
        token = ""
        while True:
            page = self.call("GET", f"{queue}/tasks?pageSize=1000&pageToken={token}")
            tasks |= {task["name"]: task for task in page.get("tasks", [])}
            token = page.get("nextPageToken", "")
            if not token:
                return list(tasks.values())

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def microseconds(timestamp: str) -> int:
    """A timestamp of the API as microseconds since the epoch. As text they do not sort: fractions vary in length."""
    moment = datetime.fromisoformat(timestamp)
    return int(moment.replace(microsecond=0).timestamp()) * 1_000_000 + moment.microsecond
