"""`headrace up` from its first line to its last, as whoever starts it sees it."""

import json
import os
import re
import shutil
import signal
import urllib.request

import pytest

from tests.support.processes import descendants
from tests.support.up import Up, run_headrace


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def create_task(up: Up, url: str) -> str:
    """Send the first task that `up` shows, but to `url` and not yet; the answer is its name."""
    shown = "\n".join(up.lines)
    tasks_url = re.search(r"curl (\S+) ", shown)[1]
    body = json.loads(re.search(r"-d '(.*)'", shown)[1])
    body["task"]["httpRequest"]["url"] = url
    body["task"]["scheduleTime"] = "2030-01-01T00:00:00Z"
    request = urllib.request.Request(tasks_url, json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["name"]
