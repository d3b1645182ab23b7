"""A node in a process of its own, with queues to play with, and bystanders that no call is about."""

from collections.abc import Iterator

import pytest

from tests.api.fuzz.ledger import Ledger
from tests.api.fuzz.values import BYSTANDERS, LOCATION, QUEUES
from tests.support.fronts import FRONTS
from tests.support.nodes import start_api
from tests.support.rest import Rest
from tests.support.servers import empty
from tests.support.up import Node

ADMIN_TICKET = "admin"
_BYSTANDERS = 20


class Fuzzed:
    """A node that is fuzzed, and what must be there afterwards."""

    def __init__(self, node: Node) -> None:
        self.node, self.ledger, self.rest = node, Ledger(), Rest(node.http)
        plain, buffer, pull = QUEUES
        for queue in (plain, BYSTANDERS):
            self.rest.call("PATCH", queue, {})
        self.rest.call("PATCH", buffer, {"httpTarget": {"uriOverride": {"host": "127.0.0.1"}}})
        self.rest.call("POST", f"../v2beta2/{LOCATION}/queues", {"name": pull, "pullTarget": {}})
        names = [self.rest.create_task(BYSTANDERS, "http://127.0.0.1:1/") for _ in range(_BYSTANDERS)]
        self.ledger.names |= set(names)

    def check(self, *methods: str) -> None:
        """No task is lost, nothing went wrong inside, and calls of these methods have succeeded."""
        queues = self.rest.call("GET", f"{LOCATION}/queues").get("queues", [])
        found = {task["name"] for queue in queues for task in self.rest.list_tasks(queue["name"])}
        assert not self.ledger.lost(found)
        assert [line for line in self.node.stderr.splitlines() if "Traceback" in line or " error " in line] == []
        never = set(methods) - set(self.ledger.successes)
        assert not never, "these calls never succeeded"


@pytest.fixture(scope="module", params=FRONTS)
def fuzzed(request: pytest.FixtureRequest, redis_url: str) -> Iterator[Fuzzed]:
    """A node on an emptied server that refuses nothing for lack of quota, and forgets deleted names at once."""
    empty(redis_url)
    flags = ("--profile", "dev", "--project", "local", "--app-engine-admin-ticket", ADMIN_TICKET)
    flags += ("--front", request.param)
    with start_api(redis_url, *flags, "--limit", "leases_per_second=0") as node:
        yield Fuzzed(node)
