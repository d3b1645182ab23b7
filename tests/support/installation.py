"""The topology of deploy/compose.yaml as processes: Redis, two API nodes behind a balancer, two dispatchers."""

from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.balancer import Balancer
from tests.support.nodes import StartingNode, begin_api, begin_dispatcher, together
from tests.support.servers import Server, free_port
from tests.support.up import Node

LEASE_S = 10


class Installation:
    """Nodes by name (api-1, dispatcher-2, ...), each of which can be restarted in order."""

    def __init__(self, binary: Path) -> None:
        self._stack = ExitStack()
        try:
            self.redis = self._stack.enter_context(closing(Server(binary, "--appendonly", "yes")))
            self._ports = {f"api-{number}": (free_port(), free_port()) for number in (1, 2)}
            names = (*self._ports, "dispatcher-1", "dispatcher-2")
            self.nodes: dict[str, Node] = dict(zip(names, together(*map(self._begin, names)), strict=True))
            self.http = self._balanced(0)
            self.grpc = self._balanced(1)
        except BaseException:
            self.close()
            raise

    def _begin(self, name: str) -> StartingNode:
        if name in self._ports:
            http_port, grpc_port = self._ports[name]
            return begin_api(self.redis.url, "--http-port", http_port, "--grpc-port", grpc_port)
        return begin_dispatcher(self.redis.url, "--lease-seconds", LEASE_S)

    def _balanced(self, which: int) -> Balancer:
        return self._stack.enter_context(Balancer([ports[which] for ports in self._ports.values()]))

    @property
    def url(self) -> str:
        """Where the balancer serves REST."""
        return f"http://127.0.0.1:{self.http.port}"

    def restart(self, name: str) -> None:
        """Stop a node, or `redis`, in order; start it again and wait until it is ready."""
        if name == "redis":
            self.redis.process.terminate()
            assert self.redis.process.wait(30) == 0
            self.redis.start()
            return
        assert self.nodes[name].stop() == 0
        self.nodes[name].close()
        (self.nodes[name],) = together(self._begin(name))

    def close(self) -> None:
        """End every process."""
        for node in getattr(self, "nodes", {}).values():
            node.close()
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
