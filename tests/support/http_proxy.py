"""An HTTP proxy that finds every target on loopback, whatever its name."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator

from tests.support.targets import Target, listening

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_ESTABLISHED = (b"HTTP/1.0 200 ", b"Connection established\r\n", b"Via: x\r\n\r", b"\n")
"""In pieces, as a network may deliver it."""


@contextlib.asynccontextmanager
async def proxying(*, tls: ssl.SSLContext | None = None, refuses: str = "") -> AsyncIterator[Target]:
    """A proxy; its `requests` are headers. Whoever names a target that holds the text `refuses` is answered 403."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            header = await reader.readuntil(b"\r\n\r\n")
            proxy.requests.append(header)
            method, target, _ = header.decode().split(" ", 2)
            if refuses and refuses in target:
                writer.write(b"HTTP/1.1 403 Not here\r\nContent-Length: 0\r\n\r\n")
                return
            port = int(re.findall(r":(\d+)", target)[-1])
            there = await asyncio.open_connection("127.0.0.1", port)
            try:
                await (_tunnel if method == "CONNECT" else _forward)(header, (reader, writer), there)
            finally:
                there[1].close()

    async with listening(handle, tls=tls) as proxy:
        yield proxy


async def _tunnel(_header: bytes, here: Streams, there: Streams) -> None:
    for piece in _ESTABLISHED:
        here[1].write(piece)
        await here[1].drain()
        await asyncio.sleep(0)
    await asyncio.gather(_copy(here[0], there[1]), _copy(there[0], here[1]))


async def _forward(header: bytes, here: Streams, there: Streams) -> None:
    """One request in the place of whoever asks, with the Host of the URL; the target's answer has to be short."""
    method, host, path, lines = re.match(r"(\S+) http://([^/]+)(\S+) HTTP/1.1\r\n(?s:(.*))", header.decode()).groups()  # type: ignore[union-attr]
    kept = re.sub(r"(?im)^(host|proxy-authorization): .*\r\n", "", lines)
    length = re.search(r"(?im)^content-length: (\d+)", lines)
    body = await here[0].readexactly(int(length[1])) if length else b""
    there[1].write(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{kept}".encode() + body)
    here[1].write(await there[0].read(65536))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()
