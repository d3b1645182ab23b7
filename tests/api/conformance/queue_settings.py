"""Rows of what a queue can be set to: the same by CreateQueue and by UpdateQueue, which creates what is missing."""

from collections.abc import Mapping
from typing import Any

from tests.api.conformance.matching import Shows
from tests.api.conformance.names import LOCATION, QUEUE
from tests.api.conformance.row import Evidence, Row, answers, refuses


def _requests(fields: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    queue = {"name": QUEUE, **fields}
    return {"CreateQueue": {"parent": LOCATION, "queue": queue}, "UpdateQueue": {"queue": queue}}


def is_set(
    case: str, fields: Mapping[str, Any], shown: Mapping[str, Any], evidence: Evidence, **more: Any
) -> list[Row]:
    """With these fields the queue shows those, among others."""
    calls = _requests(fields).items()
    return [answers(method, case, request, Shows(shown), evidence, **more) for method, request in calls]


def is_refused(case: str, fields: Mapping[str, Any], text: str, evidence: Evidence, **more: Any) -> list[Row]:
    """With these fields there is no queue."""
    calls = _requests(fields).items()
    return [refuses(method, case, request, "INVALID_ARGUMENT", text, evidence, **more) for method, request in calls]
