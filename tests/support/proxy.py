"""A connection to a server that can be made to lose the server's answers, for one of its clients."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class Proxy:
    """Passes on what comes, both ways. While it is deaf, commands still reach the server but answers go nowhere."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._hears = threading.Event()
        self._hears.set()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def go_deaf(self) -> None:
        """Withhold answers from now on."""
        self._hears.clear()

    def hear_again(self) -> None:
        """Pass on what was withheld, and answers from now on."""
        self._hears.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
                self._open |= {client, server}
                threading.Thread(target=self._copy, args=(client, server, None), daemon=True).start()
                threading.Thread(target=self._copy, args=(server, client, self._hears), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket, may_pass: threading.Event | None) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if may_pass:
                    may_pass.wait()
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close every connection."""
        self._hears.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
