"""What running nodes expose: the names and labels of all their series, once there has been some of everything."""

import re
from collections import defaultdict

import requests

from tests.support.recorder import Recorder
from tests.support.rest import Rest
from tests.support.up import Up


def exercise(up: Up, recorder: Recorder) -> None:
    """A task that succeeds, one that is retried, one that is given up, and a call that fails."""
    rest = Rest(up.http)
    queue = rest.create_queue("watched", retryConfig={"maxAttempts": 2, "minBackoff": "0.1s", "maxBackoff": "0.1s"})
    recorder.script("failing", 500, 500)
    rest.create_task(queue, recorder.url, "failing")
    rest.create_task(queue, recorder.url, "fine")
    recorder.wait_for("watched", 3)
    assert rest.get_task(f"{queue}/tasks/none") is None
    rest.close()


def series(url: str) -> dict[str, set[str]]:
    """Label names by the names of a node's series."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in requests.get(f"{url}/metrics", timeout=10).text.splitlines():
        if match := re.match(r"(\w+)(?:\{(.*)\})? ", line):
            found[match[1]] |= set(re.findall(r'(\w+)="', match[2] or ""))
    return found
