"""One port for both protocols: what a connection sends first tells gRPC, which is HTTP/2, from HTTP/1.1."""

import asyncio
from contextlib import ExitStack

from broker.api.certificate import Certificate
from broker.api.grpc_server import GrpcServer
from broker.api.rest_server import RestServer
from broker.api.splice import Undecided
from broker.errors import StartupError
from broker.scratch import scratch_directory

_BACKLOG = 1024


class OnePort:
    """Accepts the connections of both servers on one port.

    `shares_port` lets other processes that want it too listen on the same port. With a certificate TLS is spoken there.
    """

    def __init__(
        self,
        grpc: GrpcServer,
        rest: RestServer,
        *,
        host: str,
        port: int,
        shares_port: bool = False,
        certificate: Certificate | None = None,
    ) -> None:
        self._grpc, self._rest = grpc, rest
        self._host, self._port, self._shares_port, self._certificate = host, port, shares_port, certificate
        self._scratch = ExitStack()
        self._open: set[asyncio.Transport] = set()
        self._listener: asyncio.Server | None = None

    async def start(self) -> int:
        """Starts both servers, then to listen, and returns the port. Raises StartupError, with nothing left running."""
        scratch = self._scratch.enter_context(scratch_directory())
        grpc_path = str(scratch.path / "grpc")
        await self._grpc.start_on_socket(grpc_path)
        http = await self._rest.start_behind()
        try:
            self._listener = await asyncio.get_running_loop().create_server(
                lambda: Undecided(http, grpc_path, self._open),
                self._host,
                self._port,
                backlog=_BACKLOG,
                ssl=self._certificate.ssl_context() if self._certificate else None,
                reuse_port=self._shares_port or None,
            )
        except OSError as error:
            await self.stop(0)
            raise StartupError(
                f"cannot listen on {self._host} port {self._port} ({error.strerror or error}); "
                "choose another port with --port, 0 for any free one"
            ) from error
        return int(self._listener.sockets[0].getsockname()[1])

    async def stop(self, grace_s: float) -> None:
        """Stops listening and lets running calls finish for up to `grace_s` seconds."""
        if self._listener is not None:
            self._listener.close()
        await asyncio.gather(self._grpc.stop(grace_s), self._rest.stop(grace_s))
        for transport in list(self._open):
            transport.abort()
        self._scratch.close()
