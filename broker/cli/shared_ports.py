"""The ports that several processes of one node listen on, held for as long as the node lives."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from broker.errors import StartupError
from broker.settings import Settings


@contextmanager
def shared_ports(settings: Settings) -> Iterator[Settings]:
    """Holds the ports of an API node and gives settings that name them, even where any free port was asked for.

    They are bound and not listened on, so that they get no connections and stay ours while workers come and go.
    Raises StartupError if a port is taken.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise StartupError("this system does not let processes share a port (SO_REUSEPORT); use --workers 1")
    names = ["grpc_port", "http_port"] if settings.port is None else ["port"]
    with ExitStack() as held:
        ports = {name: _hold(settings.host, getattr(settings, name), name, held) for name in names}
        yield settings.model_copy(update=ports)


def _hold(host: str, port: int, name: str, held: ExitStack) -> int:
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                _bind(probe, address, port)  # alone: another node that shares its ports must not share ours
            holder = held.enter_context(socket.socket(family, kind, protocol))
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # whatever connections a node has left
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            _bind(holder, address, port)
            port = holder.getsockname()[1]
    except OSError as error:
        flag = f"--{name.replace('_', '-')}"
        raise StartupError(
            f"cannot listen on {host} port {port} ({error.strerror or error}); "
            f"choose another port with {flag}, 0 for any free one"
        ) from error
    return port


def _bind(listener: socket.socket, address: tuple[object, ...], port: int) -> None:
    """Binds to the port of an address of the host; passes over what this machine does not have, such as IPv6."""
    try:
        listener.bind((address[0], port, *address[2:]))
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            raise
