"""TLS sessions, kept for the next connection to the same server (RFC 5077; RFC 8446, 2.2): it needs no certificate.

Event loops have no parameter for a session. But they have the context wrap each connection, in an object of a class
that can be chosen; so that class puts the session in, and takes it out.
"""

import ssl
import time

_TRUSTED_S = 600.0
"""How long the check of a certificate counts: one that has expired, or lost its authority, is noticed after this."""
_MOST_SESSIONS = 1000


class TlsSessions:
    """Sessions by the name that the server has proved, each with the monotonic second in which it did."""

    def __init__(self) -> None:
        self._kept: dict[str, list[tuple[ssl.SSLSession, float]]] = {}
        self._count = 0

    def take(self, name: str) -> tuple[ssl.SSLSession, float] | None:
        """A session for a new connection. Who finds that it works gives it back; what fails is tried only once."""
        kept = self._kept.get(name)
        while kept:
            session, proved_s = kept.pop()
            self._count -= 1
            if not kept:
                del self._kept[name]
            if time.monotonic() - proved_s < _TRUSTED_S:
                return session, proved_s
        return None

    def keep(self, name: str, session: ssl.SSLSession, proved_s: float) -> None:
        """Keep a session for later connections."""
        if self._count >= _MOST_SESSIONS:
            self._kept.clear()
            self._count = 0
        self._kept.setdefault(name, []).append((session, proved_s))
        self._count += 1


def keep_sessions(context: ssl.SSLContext) -> None:
    """Let client connections of this context resume sessions of its earlier ones, and of no other context's."""
    sessions = TlsSessions()

    class ResumingObject(ssl.SSLObject):
        """A connection that begins with a kept session, if there is one, and keeps one when the server has spoken.

        Not before: TLS 1.3 sends sessions after the handshake. One that was resumed is kept as it is, though the server
        sends another: Python copies each that it hands out, certificates and all, which costs half a handshake.
        """

        _begun = _done = False
        _taken: tuple[ssl.SSLSession, float] | None = None

        def do_handshake(self) -> None:
            if not self._begun:
                self._begun = True
                self._begin()
            super().do_handshake()

        def read(self, len: int = 1024, buffer: bytearray | None = None) -> bytes:  # type: ignore[override]
            data = super().read(len, buffer)
            if not self._done:
                self._done = True
                self._keep()
            return data

        def _begin(self) -> None:
            if self.server_hostname is not None:
                self._taken = sessions.take(self.server_hostname)
            if self._taken is not None:
                self.session = self._taken[0]

        def _keep(self) -> None:
            name, session = self.server_hostname, None
            if name is None:
                return
            if self._taken is not None and self.session_reused:
                sessions.keep(name, *self._taken)
                return
            session = self.session
            if session is not None and (session.has_ticket or session.id):
                sessions.keep(name, session, time.monotonic())

    context.sslobject_class = ResumingObject
