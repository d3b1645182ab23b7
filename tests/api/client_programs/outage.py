"""What callers see while the store is away: `python outage.py TRANSPORT ADDRESS frozen`, or `gone` for a time."""

import json
import sys

state = sys.argv.pop()
sys.argv.append("v2")

import requests  # noqa: E402 - after the arguments
from connection import LOCATION, connect  # noqa: E402 - after the arguments
from google.api_core.exceptions import GoogleAPICallError  # noqa: E402 - after the arguments

client = connect()
queue = f"{LOCATION}/queues/q"
task = {"http_request": {"url": "http://127.0.0.1:1/"}}


def end_of(call, **arguments):
    """The class of the error that a call ends with, or the name of what it answers."""
    try:
        return call(**arguments).name
    except (GoogleAPICallError, requests.Timeout) as error:
        return type(error).__name__


if state == "frozen":
    answers = [
        end_of(client.create_task, parent=queue, task=task, timeout=0.5),
        end_of(client.get_queue, name=queue, retry=None, timeout=0.5),
    ]
else:  # with the retries that the client makes by itself
    answers = [end_of(client.create_task, parent=queue, task=task), end_of(client.get_queue, name=queue)]
print(json.dumps(answers))
