"""Separate roles on one Redis, as child processes with short leases."""

import requests

from tests.support.up import Node

PARTITIONS = 8
LEASE_S = 2


class StartingNode(Node):
    """A node that was started, but has not been waited for."""

    def _wait_until_ready(self) -> str:
        return ""

    def wait_until_ready(self) -> None:
        """Wait for the line that tells the addresses."""
        self.ready_line = super()._wait_until_ready()


def begin_api(redis_url: str, *flags: object) -> StartingNode:
    """Start an API node on free ports."""
    ports = ("--grpc-port", 0, "--http-port", 0)
    return StartingNode("api", "--redis-url", redis_url, "--partitions", PARTITIONS, *ports, *flags)


def begin_dispatcher(redis_url: str, *flags: object) -> StartingNode:
    """Start a dispatcher that sends to loopback and whose leases last `LEASE_S`."""
    settings = ("--metrics-port", 0, "--egress", "any", "--lease-seconds", LEASE_S)
    return StartingNode("dispatcher", "--redis-url", redis_url, "--partitions", PARTITIONS, *settings, *flags)


def together(*nodes: StartingNode) -> tuple[Node, ...]:
    """Wait until nodes that start at the same time are ready. If one fails all are ended."""
    try:
        for node in nodes:
            node.wait_until_ready()
    except BaseException:
        for node in nodes:
            node.close()
        raise
    return nodes


def start_api(redis_url: str, *flags: object) -> Node:
    """An API node that is ready."""
    return together(begin_api(redis_url, *flags))[0]


def start_dispatcher(redis_url: str, *flags: object) -> Node:
    """A dispatcher that is ready."""
    return together(begin_dispatcher(redis_url, *flags))[0]


def probe(node: Node, path: str) -> int:
    """The status that a node's probe answers with."""
    return requests.get(f"{_probes(node)}{path}", timeout=10).status_code


def metric(node: Node, name: str, **labels: str) -> float:
    """The sum of a node's samples of that name whose labels are at least these."""
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    lines = requests.get(f"{_probes(node)}/metrics", timeout=10).text.splitlines()
    samples = [line.rpartition(" ") for line in lines if line.startswith((f"{name}{{", f"{name} "))]
    return sum(float(value) for series, _, value in samples if all(label in series for label in wanted))


def _probes(node: Node) -> str:
    return node.address("metrics" if "metrics=" in node.ready_line else "http")
