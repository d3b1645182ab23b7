"""gRPC: generic handlers made from the RPC table, statuses with details (section 4.2)."""

import socket
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import grpc

from broker.api.certificate import Certificate
from broker.api.rpcs import Rpc
from broker.api.unary import DETAILS_KEY, FIELDS_KEY, LONGEST_MESSAGE, MAX_REQUEST_BYTES, answer, details_of
from broker.errors import HeadraceError, StartupError
from broker.service.broker import Broker

_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
]
"""Idle clients may ping."""

_STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}


class GrpcServer:
    """Serves every gRPC method of the table, and `extra_handlers` beside them.

    `shares_port` lets other processes that want it too listen on the same port; else gRPC must be told not to.
    With a certificate TLS is spoken on the port, else plaintext.
    """

    def __init__(
        self,
        broker: Broker,
        rpcs: Iterable[Rpc],
        *,
        host: str,
        port: int,
        shares_port: bool = False,
        certificate: Certificate | None = None,
        extra_handlers: Iterable[Any] = (),
    ) -> None:
        self._host, self._port, self._shares_port, self._certificate = host, port, shares_port, certificate
        self._server = grpc.aio.server(options=[*_OPTIONS, ("grpc.so_reuseport", int(shares_port))])
        services: dict[str, dict[str, Any]] = defaultdict(dict)
        for rpc in rpcs:
            services[rpc.service][rpc.method] = _method_handler(broker, rpc)
        self._server.add_generic_rpc_handlers(
            tuple(grpc.method_handlers_generic_handler(name, methods) for name, methods in services.items())
        )
        self._server.add_generic_rpc_handlers(tuple(extra_handlers))

    async def start(self) -> int:
        """Starts to listen and returns the port. Raises StartupError if the port cannot be had."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        try:
            if not self._shares_port:
                _check_free(self._host, self._port)
            port = self._listen(f"{host}:{self._port}")
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or "it cannot be bound"
            raise StartupError(
                f"cannot listen for gRPC on {self._host} port {self._port} ({reason}); "
                "choose another port with --grpc-port, 0 for any free one"
            ) from error
        await self._server.start()
        return port

    def _listen(self, address: str) -> int:
        if self._certificate is None:
            return int(self._server.add_insecure_port(address))
        return int(self._server.add_secure_port(address, self._certificate.grpc_credentials()))

    async def start_on_socket(self, path: str) -> None:
        """Starts to listen on a Unix socket, for connections that were accepted elsewhere."""
        self._server.add_insecure_port(f"unix:{path}")
        await self._server.start()

    async def stop(self, grace_s: float) -> None:
        """Stops listening and lets running calls finish for up to `grace_s` seconds."""
        await self._server.stop(grace_s)


def _check_free(host: str, port: int) -> None:
    """Binds the port for a moment: unlike gRPC this tells why it fails, and prints nothing."""
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)


def _method_handler(broker: Broker, rpc: Rpc) -> Any:
    async def handle(payload: bytes, context: Any) -> Any:
        fields = next((value for name, value in context.invocation_metadata() or () if name == FIELDS_KEY), "")
        try:
            return await answer(broker, rpc, payload, fields=fields, remaining_s=context.time_remaining())
        except HeadraceError as error:
            await _abort(context, error)

    return grpc.unary_unary_rpc_method_handler(handle, response_serializer=_serialize)


def _serialize(message: Any) -> bytes:
    payload: bytes = message.SerializeToString()
    return payload


async def _abort(context: Any, error: HeadraceError) -> None:
    """Ends the call with the error. Cut off what would not fit into a client's limit for trailers."""
    details = details_of(error)
    trailers = ((DETAILS_KEY, details),) if details else ()
    await context.abort(_STATUS_CODES[int(error.code)], error.message[:LONGEST_MESSAGE], trailers)
