"""The names that rows are about."""

from datetime import UTC, datetime, timedelta

from tests.api.conformance.matching import PROJECT

LOCATION = f"projects/{PROJECT}/locations/us-central1"
QUEUE = f"{LOCATION}/queues/q"
TASK = f"{QUEUE}/tasks/t"
BAD_LOCATION = f"projects/{PROJECT}/locations/us_central1"
BAD_QUEUE = f"{LOCATION}/queues/bad_queue"
BAD_TASK = f"{QUEUE}/tasks/bad.task"
TASK_OF_BAD_QUEUE = f"{BAD_QUEUE}/tasks/t"

# Nothing listens there, and most tasks wait in a paused queue anyway.
URL = "http://127.0.0.1:1/"
HTTP = {"httpRequest": {"url": URL}}
IN_AN_HOUR = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
