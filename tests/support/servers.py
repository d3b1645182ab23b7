"""Real Redis and Valkey servers for tests, as child processes on loopback ports of their own."""

import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import redis

from broker.cli.embedded_server import dies_with_parent
from broker.cli.server_binary import packaged_server
from broker.settings import environment_with
from tests.support.waiting import eventually

_kept: dict[int, socket.socket] = {}


def free_port() -> int:
    """A TCP port that nobody listens on, and that the system gives to nobody else before `give_up_port`.

    A socket stays bound to it. Servers may listen there all the same, for they say SO_REUSEADDR too.
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))
    port = int(keeper.getsockname()[1])
    _kept[port] = keeper
    return port


def give_up_port(port: int) -> None:
    """Nobody will listen there any more."""
    if keeper := _kept.pop(port, None):
        keeper.close()


def available_binaries() -> dict[str, Path]:
    """The servers of this machine by short names: the packaged Valkey, then a redis-server on PATH."""
    found = {"valkey": packaged_server(), "redis": shutil.which("redis-server")}
    return {name: Path(path) for name, path in found.items() if path}


def empty(url: str) -> None:
    """Take everything out of a server that other tests have used."""
    with redis.Redis.from_url(url) as client:
        client.flushall()


class Server:
    """One server process. Its data, in a temporary directory, outlives `kill` but not `close`."""

    def __init__(self, binary: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self._environment = environment_with(environment or {})
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.directory = Path(tempfile.mkdtemp(prefix="headrace-test-"))
        self._command = [
            str(binary),
            *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.directory)),
            *("--save", "", "--loglevel", "warning", *arguments),
        ]
        self.client = redis.Redis(port=self.port, retry=None)
        self.start()

    def start(self) -> None:
        """Start the process and wait until it has loaded its data."""
        with (self.directory / "output").open("ab") as output:
            self.process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                start_new_session=True,
                preexec_fn=dies_with_parent(),
            )
        eventually(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None, (self.directory / "output").read_text()
        try:
            return bool(self.client.ping())
        except (redis.ConnectionError, redis.BusyLoadingError):
            return False

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Stop the process where it is: connections stay open, nothing answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End the process and delete its data."""
        self.client.close()
        self.kill()
        give_up_port(self.port)
        shutil.rmtree(self.directory, ignore_errors=True)


class Cluster:
    """Masters that share the slots evenly, without replicas, formed by commands."""

    def __init__(self, binary: Path, masters: int = 3) -> None:
        self._binary = binary
        self.nodes = [self._node(binary) for _ in range(masters)]
        self.url = "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        try:
            self._form()
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _node(binary: Path) -> Server:
        bus_port = str(free_port())
        options = ("--cluster-enabled", "yes", "--cluster-port", bus_port, "--cluster-node-timeout", "2000")
        node = Server(binary, *options, "--appendonly", "yes")
        node.bus_port = bus_port
        return node

    def _form(self) -> None:
        first, *others = self.nodes
        bounds = [16_384 * number // len(self.nodes) for number in range(len(self.nodes) + 1)]
        for number, node in enumerate(self.nodes):
            node.client.execute_command("CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
            node.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in others:
            first.client.execute_command("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus_port)
        eventually(lambda: all(map(self._agrees, self.nodes)))

    def _agrees(self, node: Server) -> bool:
        info = node.client.cluster("INFO")
        return info["cluster_state"] == "ok" and info["cluster_known_nodes"] == str(len(self.nodes))

    def add_replica(self, master: Server) -> Server:
        """One more node, which has copied what a master holds."""
        replica = self._node(self._binary)
        self.nodes.append(replica)
        replica.client.execute_command("CLUSTER", "MEET", "127.0.0.1", master.port, master.bus_port)
        eventually(lambda: all(map(self._agrees, self.nodes)))
        replica.client.execute_command("CLUSTER", "REPLICATE", master.client.execute_command("CLUSTER MYID"))
        eventually(lambda: replica.client.info("replication").get("master_link_status") == "up")
        return replica

    def flush(self) -> None:
        """Delete every key."""
        for node in self.nodes:
            node.client.flushall()

    def close(self) -> None:
        """End every node."""
        for node in self.nodes:
            node.close()
