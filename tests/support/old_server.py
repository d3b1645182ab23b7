"""A real server that seems older than it is: a proxy in front of it changes the version it tells."""

import contextlib
import re
import socket
import threading
from collections.abc import Iterator

_VERSION = re.compile(rb"(redis_version:)\d")


@contextlib.contextmanager
def seeming_old(port: int) -> Iterator[int]:
    """The port of a proxy before the server on `port`, which calls itself Redis 6."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, port), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, port: int) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=_copy, args=(client, server), daemon=True).start()
        threading.Thread(target=_copy, args=(server, client), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with source, contextlib.suppress(OSError):
        while data := source.recv(1 << 20):
            target.sendall(_VERSION.sub(rb"\g<1>6", data))
        target.shutdown(socket.SHUT_RDWR)
