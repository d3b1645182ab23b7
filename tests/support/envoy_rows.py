"""Rows of the RPC table that a test serves itself, called through an Envoy: from there the test's process is asked."""

import asyncio
import pickle
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from broker.api.envoy.front import EnvoyFront
from broker.api.envoy.sockets import Sockets
from broker.api.grpc_server import GrpcServer
from broker.api.rest_server import RestServer
from broker.api.rpcs import Rpc
from broker.cli.api_worker import end_with_parent, say
from broker.cli.envoy_program import find_envoy
from broker.cli.envoy_worker import EnvoyWorker
from broker.cli.worker_process import READY, Order
from broker.errors import Code, HeadraceError
from broker.metrics import Metrics
from broker.model.limits import Limits
from broker.settings import Settings
from tests.api.rows import ROWS
from tests.support.servers import free_port


async def receive(reader: asyncio.StreamReader) -> Any:
    """The next thing that the other side has sent."""
    return pickle.loads(await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big")))


def send(writer: asyncio.StreamWriter, thing: Any) -> None:
    """Send a thing to the other side."""
    data = pickle.dumps(thing)
    writer.write(len(data).to_bytes(4, "big") + data)


async def _serve(order: Order, front: EnvoyFront) -> None:
    """In Envoy: each method asks whoever listens at the socket `rows`."""
    end_with_parent()
    assert order.sockets is not None
    path = order.sockets.directory / "rows"

    def asking(rpc: Rpc) -> Rpc:
        async def ask(_broker: Any, request: Any) -> Any:
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                send(writer, (rpc.method, request.SerializeToString()))
                payload, error = await receive(reader)
            finally:
                writer.close()
            if error:
                raise HeadraceError(*error)
            return rpc.response.FromString(payload)

        return replace(rpc, handler=ask)

    broker: Any = SimpleNamespace(metrics=Metrics(), limits=Limits())
    behind = {"host": "", "port": 0}
    await front.start(
        broker, map(asking, ROWS.values()), GrpcServer(broker, (), **behind), RestServer(broker, (), **behind)
    )
    say(READY)
    try:
        await asyncio.Event().wait()
    finally:
        await front.stop(0)


application = EnvoyWorker(_serve)


class RowsInEnvoy:
    """An Envoy, and the rows of the test that runs."""

    def __init__(self, address: str, path: Path) -> None:
        self.address, self._path = address, path

    async def serve(self, broker: Any, rpcs: tuple[Rpc, ...]) -> asyncio.Server:
        """Answers the calls that come to Envoy; what is none of the rows is not served."""
        rows = {rpc.method: rpc for rpc in rpcs}

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            method, payload = await receive(reader)
            rpc = rows.get(method, replace(ROWS[method], handler=None))
            call = asyncio.create_task(rpc.call(broker, lambda: rpc.request.FromString(payload)))
            gone = asyncio.create_task(reader.read())
            await asyncio.wait([call, gone], return_when=asyncio.FIRST_COMPLETED)
            call.cancel()
            gone.cancel()
            try:
                send(writer, ((await call).SerializeToString(), None))
            except HeadraceError as error:
                send(writer, (b"", (Code(error.code), error.message, *error.details)))
            except asyncio.CancelledError:
                pass
            writer.close()

        return await asyncio.start_unix_server(answer, self._path)


@contextmanager
def rows_in_envoy() -> Iterator[RowsInEnvoy]:
    """An Envoy that is ready."""
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
            yield RowsInEnvoy(f"127.0.0.1:{settings.port}", sockets.directory / "rows")
