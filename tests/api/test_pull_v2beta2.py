"""Pull queues through the official v2beta2 client, in a process of its own, over both transports."""

from typing import TYPE_CHECKING, Any

from tests.api.programs import TRANSPORTS, run

if TYPE_CHECKING:
    from broker.api.node import ApiNode


@TRANSPORTS
async def test_every_call(node: "ApiNode", transport: str) -> None:
    answers = await run("pull.py", transport, node, "v2beta2")
    queue = answers.pop("queue")
    assert (queue["pull_target"], queue["state"]) == ({}, "RUNNING")
    assert queue["rate_limits"]["max_concurrent_tasks"] == -1
    assert queue["retry_config"]["unlimited_attempts"] is True

    created: dict[str, Any] = answers.pop("created")
    assert (created["pull_message"], created["view"]) == ({"tag": "parse"}, "BASIC")
    assert created.get("status", {}) == {}
    leased = answers.pop("leased")
    assert leased["status"].pop("attempt_dispatch_count") == 1
    check_errors(answers.pop("errors"), transport)
    refused = "BadRequest" if transport == "rest" else "FailedPrecondition"
    for name in ("old proof", "old proof to acknowledge"):
        given, message, _ = answers.pop(name)
        assert (given, "lease has expired" in message) == (refused, True)
    assert answers.pop("gone")[0] == "NotFound"
    assert answers.pop("capped") == ["TooManyRequests" if transport == "rest" else "ResourceExhausted", "none"]
    assert answers == {
        "listed": ["later", "t0", "t1", "t2", "t3", "t4", "t5"],
        "full": {"payload": "dDA=", "tag": "parse"},
        "by tag": ["t1"],
        "by quoted tag": ["t4"],
        "by other tag": ["t5"],
        "without a tag": ["t3"],
        "tags of the oldest": ["t0"],
        "one in full": ["t2", "t2", "FULL"],
        "nothing left": [],
        "lease in seconds": 2,
        "renewed": [True, "t2", 1],
        "cancelled": [True, "BASIC"],
        "again": [True, 2],
        "acknowledged": None,
        "deleted": None,
        "late renewal": True,
    }


def check_errors(errors: dict[str, list[str]], transport: str) -> None:
    """Their classes, over gRPC where they are finer, and what they name."""
    invalid = {
        "no duration": "lease_duration",
        "short": "lease_duration",
        "long": "604800",
        "many": "1000",
        "negative": "max_tasks",
        "filter": "filter",
        "long tag": "filter",
        "no proof": "schedule_time",
        "no proof to renew": "schedule_time",
        "no proof to cancel": "schedule_time",
        "pull task in push queue": "pullMessage",
        "push task in pull queue": "pullMessage",
    }
    failed = {"push queue": "pull queue", "run": "pull queue", "paused": "paused"}
    missing = {"missing queue": "Queue does not exist"}
    classes = {"InvalidArgument": invalid, "FailedPrecondition": failed, "NotFound": missing}
    assert set(errors) == {name for names in classes.values() for name in names}
    for expected, names in classes.items():
        for name, text in names.items():
            given, message = errors[name]
            assert text in message, name
            assert given == ("BadRequest" if transport == "rest" and expected != "NotFound" else expected), name


async def test_v2beta3_shows_the_type_and_the_message(node: "ApiNode") -> None:
    answers = await run("pull_in_v2beta3.py", "grpc", node, "v2beta3")
    assert answers == {
        "type": "PULL",
        "message": {"payload": "cGF5bG9hZA==", "tag": "x"},
        "listed": {"tag": "x"},
        "v2": ["state", "RUNNING"],
    }
