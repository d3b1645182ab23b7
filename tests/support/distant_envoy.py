"""An Envoy whose node does not live in it, but in the test's own process."""

import asyncio
import pickle
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Self

from broker.api.deadline import remaining_s, set_deadline
from broker.api.envoy.admin import EnvoyAdmin
from broker.api.envoy.front import EnvoyFront
from broker.api.envoy.sockets import Sockets
from broker.api.grpc_server import GrpcServer
from broker.api.rest_server import RestServer
from broker.api.rpcs import RPCS, Rpc
from broker.cli.api_worker import end_with_parent, say
from broker.cli.envoy_program import find_envoy
from broker.cli.envoy_worker import EnvoyWorker
from broker.cli.worker_process import READY, Order
from broker.errors import Code, HeadraceError
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.settings import Settings
from tests.support.servers import free_port


async def receive(reader: asyncio.StreamReader) -> Any:
    """The next thing that the other side has sent."""
    return pickle.loads(await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big")))


def send(writer: asyncio.StreamWriter, thing: Any) -> None:
    """Send a thing to the other side."""
    data = pickle.dumps(thing)
    writer.write(len(data).to_bytes(4, "big") + data)


def rows_at(sockets: Sockets) -> Path:
    """Where the test's process answers the calls that Envoy gives to its application."""
    return sockets.directory / "rows"


class _Elsewhere:
    """A server that runs in the test's process."""

    async def start_on_socket(self, path: str) -> None:
        pass

    async def stop(self, grace_s: float) -> None:
        pass


async def _serve(order: Order, front: EnvoyFront) -> None:
    """In Envoy: each method asks the test's process."""
    end_with_parent()
    assert order.sockets is not None
    path = rows_at(order.sockets)

    def asking(rpc: Rpc) -> Rpc:
        async def ask(_broker: Any, request: Any) -> Any:
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                send(writer, (rpc.service, rpc.method, request.SerializeToString(), remaining_s()))
                payload, error = await receive(reader)
            finally:
                writer.close()
            if error:
                raise HeadraceError(*error)
            return rpc.response.FromString(payload)

        return replace(rpc, handler=ask) if rpc.handler else rpc

    broker: Any = SimpleNamespace(metrics=Metrics(), limits=Limits())
    servers: Any = (_Elsewhere(), _Elsewhere())
    await front.start(broker, map(asking, RPCS), *servers)
    say(READY)
    try:
        await asyncio.Event().wait()
    finally:
        await front.stop(0)


application = EnvoyWorker(_serve)


class DistantFront(EnvoyFront):
    """A front for a node of the test's process: what comes to Envoy's port is answered here."""

    def __init__(self, sockets: Sockets) -> None:
        super().__init__(sockets)
        self._listener: asyncio.Server | None = None

    async def start(
        self, broker: Any, rpcs: Iterable[Rpc], grpc: GrpcServer, rest: RestServer, certificate: None = None
    ) -> None:
        self._grpc, self._rest, self._broker = grpc, rest, broker
        self._rows = {(rpc.service, rpc.method): rpc for rpc in rpcs}
        await grpc.start_on_socket(str(self._sockets.grpc))
        await rest.start_on_socket(str(self._sockets.http))
        self._listener = await asyncio.start_unix_server(self._answer, rows_at(self._sockets))

    async def stop(self, grace_s: float) -> None:
        if self._listener is not None:
            self._listener.close()
        await asyncio.gather(self._grpc.stop(grace_s), self._rest.stop(grace_s))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One call, until its caller goes."""
        service, method, payload, timeout_s = await receive(reader)
        call = asyncio.create_task(self._call((service, method), payload, timeout_s))
        gone = asyncio.create_task(reader.read())
        await asyncio.wait([call, gone], return_when=asyncio.FIRST_COMPLETED)
        call.cancel()
        gone.cancel()
        try:
            send(writer, (await call, None))
        except HeadraceError as error:
            send(writer, (b"", (Code(error.code), error.message, *error.details)))
        except asyncio.CancelledError:
            pass
        writer.close()

    async def _call(self, name: tuple[str, str], payload: bytes, timeout_s: float | None) -> bytes:
        rpc = self._rows.get(name)
        if rpc is None:
            raise HeadraceError(Code.UNIMPLEMENTED, f"The test does not serve {'/'.join(name)}.")
        set_deadline(timeout_s)
        message = await rpc.call(self._broker, lambda: rpc.request.FromString(payload))
        return bytes(message.SerializeToString())


class DistantEnvoy:
    """An Envoy that is ready. One node at a time can be behind it."""

    def __init__(self, port: int, sockets: Sockets) -> None:
        self.port, self.address = port, f"127.0.0.1:{port}"
        self._sockets, self.admin = sockets, EnvoyAdmin(sockets.admin)

    def front(self) -> DistantFront:
        """A front for the next node."""
        return DistantFront(self._sockets)


class DistantEnvoys:
    """As many of them as the nodes of one test need. Each is started when it is first wanted, and then kept."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._started: list[DistantEnvoy] = []

    def __getitem__(self, number: int) -> DistantEnvoy:
        while number >= len(self._started):
            self._started.append(self._stack.enter_context(distant_envoy()))
        return self._started[number]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stack.close()


@contextmanager
def distant_envoy() -> Iterator[DistantEnvoy]:
    """Starts one, and waits until it is ready."""
    with TemporaryDirectory(prefix="headrace-test-") as directory:
        sockets = Sockets(Path(directory))
        settings = Settings.load({"front": "envoy", "port": free_port()})
        program = find_envoy(f"{__name__}:application")
        process = subprocess.Popen(
            program.command(settings, sockets), env=program.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdin is not None
        assert process.stdout is not None
        with process, process.stdin, process.stdout:
            pickle.dump(Order(settings, Path(), Path(), sockets), process.stdin)
            process.stdin.flush()
            assert process.stdout.readline().decode().strip() == READY.strip()
            assert settings.port is not None
            yield DistantEnvoy(settings.port, sockets)
